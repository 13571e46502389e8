"""Whether a file is a document of the contract, by itself: nothing around it is looked at.

A manifest of version 0 is taken to the current version as reading does it, but with made-up hashes
for its pictures, which need not be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from companions import codec, early_manifest, kinds, upgrade
from companions.base import Document
from companions.errors import DocumentInvalid, Problem
from companions.strict_json import shown
from companions.upgrade import Loaded
from companions.video_manifest import VideoManifest

KINDS: Final[Mapping[str, type[Document]]] = {
    str(model.model_fields["kind"].default): model for model in kinds.DOCUMENTS.values()
}
"""Every kind of document by the name it states."""


class Unseen:
    """Surroundings that are made up: every picture is there, its hash 64 zeros."""

    written_at: Final = datetime(2026, 1, 1, tzinfo=UTC)

    def sha256_of(self, image_path: str) -> str:
        """64 zeros."""
        del image_path
        return "0" * 64


def validate(path: Path, *, kind: str | None = None) -> Loaded[Document]:
    """The document at ``path``, if it keeps to its contract.

    ``kind`` is one of ``KINDS``; without it the file's name says what it must be, or where that
    is no companion's, the file itself.

    Raises:
        DocumentInvalid, DocumentTooNew: what is wrong with it.
    """
    return decode(codec.read_bytes(path), kind=kind, file=str(path))


def decode(data: bytes, *, kind: str | None, file: str) -> Loaded[Document]:
    """As ``validate``, for bytes; ``file`` names them, by its suffix and in messages.

    Raises:
        DocumentInvalid, DocumentTooNew: as ``validate``.
    """
    suffix = kinds.suffix_of(Path(file))
    if kind is not None:
        model = KINDS[kind]
    elif suffix is not None:
        model = kinds.DOCUMENTS[suffix]
    else:
        model = _stated(codec.parse(data, file=file), file=file)
    return upgrade.decode(data, model, file=file, around=Unseen())


def _stated(raw: Mapping[str, object], *, file: str) -> type[Document]:
    if early_manifest.is_early(raw):
        return VideoManifest
    kind = raw.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return KINDS[kind]
    what = f"is {shown(repr(kind))}; it must be one of {', '.join(KINDS)}"
    raise DocumentInvalid(
        file=file,
        problems=[Problem("kind", "is missing" if kind is None else what)],
        remedy="Give a document of the contract, or say with --kind what it should be.",
    )
