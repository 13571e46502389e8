"""Documents of every version: older ones are taken to the current one on reading.

A document of the current version passes through; a newer one is refused in words; an older one
goes through one step for each version between, and what the steps had to assume is reported.
Nothing an old document says is dropped: what has no place in the new version goes under ``x``.

Only the video manifest has an older version so far: 0, see ``early_manifest``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from companions import codec, early_manifest, files
from companions.base import Document
from companions.older import Assumption, PictureAbsent, Surroundings
from companions.video_manifest import VideoManifest

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[D]):
    """A document in its current version.

    Attributes:
        document: the document.
        version: the version the file has.
        assumed: what was assumed on the way; empty for a current one.
    """

    document: D
    version: int
    assumed: tuple[Assumption, ...] = ()


class Beside:
    """The surroundings of a document's file: the pictures in its folder, and its time stamp."""

    def __init__(self, path: Path) -> None:
        """``path`` is the document's own file."""
        self._path = path

    def sha256_of(self, image_path: str) -> str:
        """As ``Surroundings`` says; a link that leads out of the folder is not followed."""
        picture = files.resolve_inside(self._path.resolve().parent, image_path)
        if picture is None:
            raise PictureAbsent("leads out of the manifest's folder through a symbolic link")
        try:
            return files.sha256_of(picture)
        except OSError as error:
            raise PictureAbsent(f"cannot be read ({error.strerror or error})") from None

    @property
    def written_at(self) -> datetime:
        """When the file was last modified; now, if it is gone by now."""
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except OSError:
            return datetime.now(UTC)


def read(path: Path, kind: type[D]) -> Loaded[D]:
    """Read the document at ``path``, of whatever version.

    Raises:
        DocumentInvalid, DocumentTooNew: as ``codec.decode``; also if a picture that the upgrade
            needs is not there.
    """
    return decode(codec.read_bytes(path), kind, file=str(path), around=Beside(path))


def decode(data: bytes, kind: type[D], *, file: str, around: Surroundings) -> Loaded[D]:
    """Parse ``data`` as a document of ``kind``, of whatever version.

    Raises:
        DocumentInvalid, DocumentTooNew: as ``codec.decode``; also if a picture that the upgrade
            needs is not there.
    """
    raw = codec.parse(data, file=file)
    if not (issubclass(kind, VideoManifest) and early_manifest.is_early(raw)):
        document = codec.decode_parsed(data, kind, raw=raw, file=file)
        return Loaded(document, version=document.schema_version)
    step = early_manifest.to_version_1(data, file=file, around=around)
    upgraded = json.dumps(step.plain).encode()
    # What has no place moves deeper, under ``x``: it must not be too deep to be read again.
    codec.parse(upgraded, file=file)
    try:
        document = kind.model_validate_json(upgraded)
    except ValidationError as error:
        raise early_manifest.invalid(file, codec.problems_of(error)) from None
    return Loaded(document, version=0, assumed=tuple(step.assumed))
