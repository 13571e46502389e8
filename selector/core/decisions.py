"""What the operator decided, as lines appended to a journal; replayed when the folder is opened.

One line says, for one group, which of its pictures were picked and that all others were passed
over.  Lines are only ever added, each in one write that is flushed to the disk, so that a program
that is killed loses nothing that it had taken in; the last line about a picture counts.  Beside
the decision stand the scores the pictures had then, from which thresholds are calibrated.

A line that a crash or a full disk cut short is skipped, and so is one that is no decision (a
newer program's): the journal is kept as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, ValidationError

from companions import files
from companions.base import Closed, Instant
from companions.geometry import Fraction01

MOST_CANDIDATES: Final = 100_000
_MOST_BYTES: Final = 2**31
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final = re.compile("\0([0-9a-f]{4})")


def _from_line(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


def _to_line(text: str) -> str:
    return _NO_TEXT.sub(lambda found: f"\0{ord(found[0]):04x}", text)


def _is_said(name: str) -> str:
    if not name:
        raise ValueError("a name is not empty")
    return name


Label = Annotated[str, PlainValidator(_from_line), PlainSerializer(_to_line)]
"""Text from the names of files.  On Linux these may be no text at all: the bytes that are none
are written as NUL, which no file's name holds, and four digits."""
Name = Annotated[Label, AfterValidator(_is_said)]
"""A picture's name, as the disk has it."""


class Considered(Closed):
    """One picture of a decision."""

    name: Name
    """The picture relative to the opened folder."""
    picked: bool
    """Whether it was picked; the others were passed over."""
    score: Fraction01 | None = None
    """Its viability then; null: not looked at yet."""
    flags: tuple[str, ...] = ()
    """What lowered the score."""


class Decision(Closed):
    """What was decided on one group."""

    kind: Literal["decision"] = "decision"
    """Says what this line is."""
    at: Instant
    """When, in UTC."""
    group: Label
    """The group, as it was called then."""
    pictures: Annotated[tuple[Considered, ...], Field(max_length=MOST_CANDIDATES)]
    """Its pictures; none picked is a rejection of all."""
    open: bool = False
    """Whether the decision was taken back: the group is undecided again."""


@dataclass(slots=True)
class Replayed:
    """A journal as it was found.

    Attributes:
        decisions: in the order they were taken.
        skipped: lines that are no decisions.
    """

    decisions: list[Decision] = field(default_factory=list)
    skipped: int = 0


class Journal:
    """The journal of one folder."""

    def __init__(self, path: Path) -> None:
        """The journal at ``path``, which need not be there yet."""
        self.path = path

    def replay(self) -> Replayed:
        """All that was decided so far; nothing where there is no journal.

        Raises:
            OSError: the journal is there and cannot be read.
        """
        found = Replayed()
        try:
            data = files.read_limited(self.path, limit=_MOST_BYTES)
        except FileNotFoundError:
            return found
        for line in data.split(b"\n"):
            if not line.strip():
                continue
            try:
                found.decisions.append(Decision.model_validate_json(line))
            except ValidationError:
                found.skipped += 1
        return found

    def append(self, *decisions: Decision) -> None:
        """Write decisions down; on return they are on the disk.

        The folder is never made: where it is missing, its disk has gone, and what was written
        into an empty mount point would be lost when the disk comes back.

        Raises:
            FileUnwritable: the folder or disk refuses.
        """
        data = "".join(decision.model_dump_json() + "\n" for decision in decisions).encode()
        with files.reporting_unwritable(self.path):
            made = not self.path.exists()
            descriptor = os.open(
                self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
            )
            try:
                # A line that was cut short must not swallow the next one.
                size = os.fstat(descriptor).st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                _write_all(descriptor, (b"\n" if torn else b"") + data)
                files.flush_to_disk(descriptor)
            finally:
                os.close(descriptor)
            if made:
                files.flush_folder(self.path.parent)


def latest(decisions: Iterable[Decision]) -> dict[str, Considered]:
    """By picture, what the last decision about it says; those taken back are left out."""
    standing: dict[str, Considered] = {}
    for decision in decisions:
        for each in decision.pictures:
            if decision.open:
                standing.pop(each.name, None)
            else:
                standing[each.name] = each
    return standing


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
