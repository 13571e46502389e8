"""Rewriting older documents in the current version, in place.

The original stays beside the new file, as ``NAME.v0`` for version 0, until the new one has been
read back and says the same; only then is it removed.  So at every instant one whole file under
the document's name can be read, and a step that was interrupted is finished by doing it again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from companions import codec, files, kinds, upgrade
from companions.audit import AuditedFile, AuditLog
from companions.base import Document
from companions.errors import CompanionChanged, CompanionError, DocumentInvalid, Problem, SetRefused
from companions.lock import PATIENCE_S, locked
from companions.names import CLIP_SUFFIX
from companions.older import Assumption
from companions.seen import Seen, replace

OPERATION: Final = "upgrade"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What was done to one file, or would be.

    Attributes:
        path: the document.
        found: the version it had.
        written: the version it has now, or would have.
        assumed: what its upgrade had to assume.
        original: where an original of an older version lies beside it; None if none is left.
    """

    path: Path
    found: int
    written: int
    assumed: tuple[Assumption, ...] = ()
    original: Path | None = None


def rewrite(
    path: Path,
    *,
    log: AuditLog,
    now: datetime,
    keep_original: bool = False,
    dry_run: bool = False,
    patience_s: float = PATIENCE_S,
) -> Rewritten:
    """Bring the document at ``path`` to the current version.

    ``keep_original`` leaves the original beside it for good.  A current document is left as it
    is; an original that an interrupted upgrade left beside it is verified and removed.

    Raises:
        DocumentInvalid, DocumentTooNew: it is no document of ours, or cannot be upgraded.
        CompanionChanged: someone else changed it meanwhile.
        SetRefused: another file has the name the original would be kept under.
        SetBusy: another program is at work on it.
        FileUnwritable, AuditUnwritable, AuditBroken: nothing was changed.
    """
    kind = _kind_of(path)
    anything = path.with_name(path.name.removesuffix(kind.SUFFIX) + CLIP_SUFFIX)
    with locked(anything, patience_s=patience_s):
        data = codec.read_bytes(path)
        loaded = upgrade.decode(data, kind, file=str(path), around=upgrade.Beside(path))
        current = loaded.document.schema_version
        if loaded.version == current:
            left = _original(path, 0)
            if left.exists() and not (keep_original or dry_run) and _says(left, loaded.document):
                files.remove_durably(left)
            return Rewritten(path, current, current, original=left if left.exists() else None)
        original = _original(path, loaded.version)
        done = Rewritten(path, loaded.version, current, loaded.assumed, original)
        if dry_run:
            return done
        _put_beside(path, original, data)
        written = codec.encode(loaded.document)
        log.record(
            operation=OPERATION,
            operation_id=secrets.token_hex(8),
            files=[_line(data, before=path, after=original), _line(written, after=path)],
            detail=f"{kind.SUFFIX} version {loaded.version} to {current}",
            at=now,
        )
        replace(path, loaded.document, seen=Seen(hashlib.sha256(data).hexdigest()))
        if codec.read(path, kind) != loaded.document:
            raise CompanionChanged(path=path, how=f"was changed (the original is {original})")
        if keep_original:
            return done
        files.remove_durably(original)
        return Rewritten(path, loaded.version, current, loaded.assumed)


def _kind_of(path: Path) -> type[Document]:
    suffix = kinds.suffix_of(path)
    if suffix is None:
        raise DocumentInvalid(
            file=str(path),
            problems=[Problem("", "is no companion by its name")],
            remedy=f"Companions end in {', '.join(kinds.DOCUMENTS)}.",
        )
    return kinds.DOCUMENTS[suffix]


def _original(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}.v{version}")


def _put_beside(path: Path, original: Path, data: bytes) -> None:
    """Keep ``data`` as ``original``, with the time stamp of ``path``."""
    with files.Pending(original, data) as pending:
        if not pending.commit_new() and not _holds(original, data):
            raise SetRefused(
                picture=path,
                why=f"another file has the name {original.name!r}, under which the original would "
                f"be kept meanwhile",
                remedy="Move that file away; nothing was changed.",
            )
    with files.reporting_unwritable(original):
        stamp = path.stat()
        os.utime(original, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def _holds(original: Path, data: bytes) -> bool:
    try:
        return files.sha256_of(original) == hashlib.sha256(data).hexdigest()
    except OSError:
        return False


def _says(original: Path, document: Document) -> bool:
    """Whether an older file says what ``document`` says; not if that cannot be told any more."""
    try:
        return upgrade.read(original, type(document)).document == document
    except CompanionError:
        return False


def _line(data: bytes, *, after: Path, before: Path | None = None) -> AuditedFile:
    return AuditedFile(
        source=None if before is None else str(before),
        target=str(after),
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
    )
