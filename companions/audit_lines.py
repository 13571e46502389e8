"""The operation log as it lies on the disk: lines, the chain through them, and their files.

A folder of the log holds

* ``operations.jsonl``: the lines written last; ``operations.000001.jsonl`` and so on are the
  older ones, in the order of their numbers.  A line is one JSON object in UTF-8, keys sorted, no
  space, ended by one newline; ``previous`` is the SHA-256 of the line before it without its
  newline (64 zeros before the first), across files;
* ``head.json``: ``sequence`` and ``sha256`` of the last line, so that lines cut off the end are
  noticed.  After a crash the log may be one line ahead of it;
* ``torn-1`` and so on: the beginning of a line that a power cut ended, set aside;
* ``log.lock``, held while a line is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from companions import files
from companions.base import Closed, Instant, Sha256
from companions.errors import AuditBroken

CURRENT: Final = "operations.jsonl"
HEAD: Final = "head.json"
LOCK: Final = "log.lock"
MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_MAX_HEAD_BYTES: Final = 4096
_ROTATED: Final = re.compile(r"operations\.(\d{6,9})\.jsonl")
_TORN: Final = re.compile(r"torn-(\d{1,9})")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

M = TypeVar("M", bound=BaseModel)


def _loggable(text: object) -> object:
    """Text as JSON can hold it: bytes of a file name that are no UTF-8 stand as ``\\xNN``.

    Such a path is for reading; which file it was is told by its hash.
    """
    return _LONE_SURROGATE.sub(_escaped, text) if isinstance(text, str) else text


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


Text = Annotated[str, BeforeValidator(_loggable)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$")]
"""A stable word or id for machines: letters, digits and ``_.:-``."""


class AuditedFile(Closed):
    """One file of an operation."""

    source: Text | None
    """Absolute path before; None if it did not exist."""
    target: Text | None
    """Absolute path after; None if it is no longer anywhere."""
    sha256: Sha256
    """Of its bytes."""
    size_bytes: Annotated[int, Field(ge=0)]
    """Its size."""


class AuditLine(Closed):
    """One operation, as logged."""

    sequence: Annotated[int, Field(ge=1)]
    """Number of the line, from 1, without gaps."""
    previous: Sha256
    """SHA-256 of the line before, without its newline; 64 zeros in the first."""
    at: Instant
    """When."""
    who: Text
    """Who acted, as ``user@host``."""
    tool: Text
    """With which command."""
    version: Text
    """Of motionfleet."""
    operation: Word
    """What was done: ``move``, ``trash``."""
    operation_id: Word
    """One id for one operation; its journal has the same."""
    detail: Text = ""
    """In words, for people."""
    files: tuple[AuditedFile, ...]
    """Every file it touched."""


class Head(Closed):
    """The end of a chain, which is what ``head.json`` holds."""

    sequence: Annotated[int, Field(ge=0)]
    """Number of the last line; 0 before the first."""
    sha256: Sha256
    """Hash of the last line."""


START: Final = Head(sequence=0, sha256="0" * 64)


def encode(model: Closed) -> bytes:
    """A line, or the head, as it is written: canonical JSON without its newline."""
    text = json.dumps(
        model.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return text.encode()


def parse(data: bytes, kind: type[M], *, file: Path, number: int) -> M:
    """Line ``number`` of ``file``.

    Raises:
        AuditBroken: it is no line of the log.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError:
        raise AuditBroken(file=file, line=number, what="this is no line of the log") from None


def end_at(line: AuditLine, data: bytes) -> Head:
    """The end of the chain once ``line``, whose bytes are ``data``, is in it."""
    return Head(sequence=line.sequence, sha256=hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Lines:
    """One file of the log, open for reading, as long as it was when it was opened."""

    path: Path
    stream: BinaryIO
    size: int
    grows: bool
    """Whether it is the file being written, which alone may end in the middle of a line."""

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Every whole line with its number, from 1.

        Raises:
            AuditBroken: a line is too long, or an older file ends in the middle of one.
        """
        self.stream.seek(0)
        left, number = self.size, 0
        while left > 0:
            data = self.stream.readline(min(left, MAX_LINE_BYTES + 1))
            number += 1
            left -= len(data)
            if data.endswith(b"\n"):
                yield number, data[:-1]
            elif len(data) > MAX_LINE_BYTES:
                raise AuditBroken(file=self.path, line=number, what="this is no line of the log")
            elif self.grows:
                return
            else:
                raise AuditBroken(file=self.path, line=number, what="this line is cut off")

    def unfinished(self) -> bytes:
        """What lies behind the last newline."""
        return _behind_last_newline(self.stream, self.size)

    def last(self) -> bytes | None:
        """The last whole line, without reading the file from its start; None if there is none."""
        whole = self.size - len(self.unfinished())
        return _behind_last_newline(self.stream, whole - 1) if whole > 0 else None


def _behind_last_newline(stream: BinaryIO, end: int) -> bytes:
    step, found = 64 * 1024, b""
    while len(found) < end:
        start = max(0, end - len(found) - step)
        stream.seek(start)
        found = stream.read(end - start)
        if (newline := found.rfind(b"\n")) >= 0:
            return found[newline + 1 :]
        step *= 2
    return found


@contextlib.contextmanager
def opened(path: Path, *, grows: bool = False) -> Iterator[Lines]:
    """A file of the log, for reading.

    Raises:
        OSError: missing, unreadable or no regular file.
    """
    with files.open_regular(path) as stream:
        yield Lines(path=path, stream=stream, size=os.fstat(stream.fileno()).st_size, grows=grows)


def rotated(folder: Path) -> list[Path]:
    """The older files, oldest first.

    Raises:
        AuditBroken: one is missing.
        OSError: the folder cannot be read.
    """
    numbers = _numbers(folder, _ROTATED)
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            raise AuditBroken(file=rotated_path(folder, expected), line=1, what="it is missing")
    return [rotated_path(folder, number) for number in numbers]


def rotated_path(folder: Path, number: int) -> Path:
    """The older file with that number, from 1."""
    return folder / f"operations.{number:06d}.jsonl"


def torn(folder: Path) -> list[Path]:
    """The beginnings of lines that were set aside, oldest first.

    Raises:
        OSError: the folder cannot be read.
    """
    return [folder / f"torn-{number}" for number in _numbers(folder, _TORN)]


def next_torn(folder: Path) -> Path:
    """The name under which the next beginning of a line is set aside.

    Raises:
        OSError: the folder cannot be read.
    """
    return folder / f"torn-{max(_numbers(folder, _TORN), default=0) + 1}"


def _numbers(folder: Path, pattern: re.Pattern[str]) -> list[int]:
    matches = (pattern.fullmatch(entry.name) for entry in os.scandir(folder))
    return sorted(int(match[1]) for match in matches if match is not None)


def read_head(folder: Path) -> Head:
    """What ``head.json`` says; without the file, that nothing was written yet.

    Raises:
        AuditBroken: it says nothing that makes sense.
        OSError: it cannot be read.
    """
    path = folder / HEAD
    try:
        data = files.read_limited(path, limit=_MAX_HEAD_BYTES)
    except FileNotFoundError:
        return START
    return parse(data, Head, file=path, number=1)


def refuse_break(line: AuditLine, *, after: Head, file: Path, number: int) -> None:
    """Check that ``line`` is the one that follows ``after``.

    Raises:
        AuditBroken: it is not.
    """
    if line.sequence != after.sequence + 1:
        what = f"this is operation {line.sequence}, where {after.sequence + 1} must follow"
    elif line.previous != after.sha256:
        what = f"operation {line.sequence} does not fit the line before it, which was changed"
    else:
        return
    raise AuditBroken(file=file, line=number, what=what)


def is_one_ahead(end: Head, *, before: Head, head: Head) -> bool:
    """Whether a log ending at ``end``, and at ``before`` a line earlier, was left by a crash."""
    return before == head and end.sequence == head.sequence + 1


def disagreement(end: Head, *, head: Head) -> str:
    """In words, how a log ending at ``end`` is not the one ``head.json`` knows."""
    if end.sequence == head.sequence:
        return f"operation {end.sequence} is not the one {HEAD} knows"
    return f"the log ends with operation {end.sequence}, but {HEAD} knows {head.sequence}"
