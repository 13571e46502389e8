"""What lies with a set in the trash, so that it can be given back: names, hashes, where it was.

It is written before the first file comes, and stays with them; whoever finds the folder anywhere
knows what it is.  Read back, it is untrusted: it may name plain files, and a folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from companions import codec, files
from companions.base import Closed, Document, Instant, Sha256
from companions.errors import CompanionError
from companions.sets.journal import Journal, is_plain, spelled, unspelled
from companions.sets.plan import MAX_MEMBERS

RECORD_NAME: Final = ".motionfleet-trashed.json"
_MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TrashedFile:
    """One file in the trash."""

    name: str
    sha256: str
    size_bytes: int
    picture: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One set in the trash.

    Attributes:
        operation_id: of the operation that put it there.
        folder: the folder it was in.
        files: its files, the picture last.
        at: when it was put there.
        who: by whom.
    """

    operation_id: str
    folder: Path
    files: tuple[TrashedFile, ...]
    at: datetime
    who: str

    @property
    def picture(self) -> str:
        """The picture's name."""
        return next((each.name for each in self.files if each.picture), self.files[-1].name)

    @property
    def stem(self) -> str:
        """The stem of its files."""
        return Path(self.picture).stem


class _File(Closed):
    name: Annotated[str, Field(max_length=1024)]
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]
    picture: bool


class _RecordFile(Document):
    kind: Literal["trashed_set"] = "trashed_set"
    operation_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    folder: str
    files: Annotated[tuple[_File, ...], Field(min_length=1, max_length=MAX_MEMBERS)]
    at: Instant
    who: str


def record_of(journal: Journal, *, at: datetime, who: str) -> Record:
    """The record of the set that ``journal`` takes to the trash."""
    return Record(
        operation_id=journal.operation_id,
        folder=journal.plan.source,
        files=tuple(
            TrashedFile(member.target, sha256, member.size_bytes, member.picture)
            for member, sha256 in journal.items
        ),
        at=at,
        who=who,
    )


def encode(record: Record) -> bytes:
    """The record's bytes."""
    return codec.encode(
        _RecordFile(
            operation_id=record.operation_id,
            folder=spelled(str(record.folder)),
            files=tuple(
                _File(
                    name=spelled(each.name),
                    sha256=each.sha256,
                    size_bytes=each.size_bytes,
                    picture=each.picture,
                )
                for each in record.files
            ),
            at=record.at,
            who=spelled(record.who),
        )
    )


def read(folder: Path) -> Record | None:
    """The record in ``folder``, or None if there is none that makes sense."""
    path = folder / RECORD_NAME
    try:
        data = files.read_limited(path, limit=_MAX_BYTES)
        found = codec.decode(data, _RecordFile, file=str(path))
    except (OSError, CompanionError):
        return None  # a folder that is named like ours, and is none
    record = Record(
        operation_id=found.operation_id,
        folder=Path(unspelled(found.folder)),
        files=tuple(
            TrashedFile(unspelled(each.name), each.sha256, each.size_bytes, each.picture)
            for each in found.files
        ),
        at=found.at,
        who=unspelled(found.who),
    )
    names = [each.name for each in record.files]
    text = str(record.folder)
    plain = all(map(is_plain, names)) and len({*names}) == len(names)
    rooted = record.folder.is_absolute() and "\0" not in text and os.path.normpath(text) == text
    return record if plain and rooted else None
