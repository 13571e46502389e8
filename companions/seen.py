"""Writing over what was read, and over nothing else.

Whoever changes a companion reads it here, and writes it here with what was seen then.  If the
file changed in between, by a person's hand or another program's, it stays as it is and the
writer is told.  The caller holds the picture's lock (``lock.locked``), so that our own programs
never meet; against an editor, which knows no lock, a file that was not there is safe altogether,
and for a file that was there a moment between the last look and the rename remains.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from companions import codec, files
from companions.base import Document
from companions.errors import CompanionChanged, DocumentInvalid, Problem

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file was when it was looked at.

    Attributes:
        sha256: of its bytes; None if there was no file.
    """

    sha256: str | None


ABSENT: Final = Seen(None)
"""There was no file."""


def read_seen(path: Path, kind: type[D]) -> tuple[D, Seen]:
    """The document at ``path``, and what its file was when it was read.

    Raises:
        DocumentInvalid, DocumentTooNew: as ``codec.read``.
    """
    data = codec.read_bytes(path)
    return codec.decode(data, kind, file=str(path)), _seen_as(data)


def look(path: Path) -> Seen:
    """What the file at ``path`` is now, whether or not it is a document.

    Raises:
        DocumentInvalid: what lies there cannot be read: a folder, or a file without rights.
    """
    try:
        return Seen(files.sha256_of(path))
    except FileNotFoundError:
        return ABSENT
    except OSError as error:
        raise DocumentInvalid(
            file=str(path),
            problems=[Problem("", f"cannot be read ({error.strerror or error})")],
            remedy="A file is to be written there; move away what has its name, or correct its "
            "rights.",
        ) from None


def replace(path: Path, document: Document, *, seen: Seen, only_writer: str | None = None) -> Seen:
    """Write ``document`` to ``path``, unless the file is no longer as it was ``seen``.

    Returns what the file is now.  ``only_writer`` is as in ``files.Pending``.

    Raises:
        CompanionChanged: it was changed, removed or made since; it is left as it is now.
        FileUnwritable: the folder or disk refuses.
    """
    data = codec.encode(document)
    with files.Pending(path, data, only_writer=only_writer) as pending:
        # Only now, when all that takes long is done: the shorter the moment after this look, the
        # less can happen in it.
        refuse_changed(path, seen=seen)
        if seen != ABSENT:
            pending.commit()
        elif not pending.commit_new():
            raise CompanionChanged(path=path, how="was made by someone else")
    return _seen_as(data)


def refuse_changed(path: Path, *, seen: Seen) -> None:
    """Refuse to go on if the file at ``path`` is no longer as it was ``seen``.

    Raises:
        CompanionChanged: names how.
    """
    try:
        now = look(path)
    except DocumentInvalid:
        how = "became something that cannot be read"
        raise CompanionChanged(path=path, how=how) from None
    if now == seen:
        return
    if now == ABSENT:
        how = "was removed"
    elif seen == ABSENT:
        how = "was made by someone else"
    else:
        how = "was changed by someone else"
    raise CompanionChanged(path=path, how=how)


def _seen_as(data: bytes) -> Seen:
    return Seen(hashlib.sha256(data).hexdigest())
