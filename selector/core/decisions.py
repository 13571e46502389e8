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
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from companions import files
from companions.base import Closed, Instant
from companions.geometry import Fraction01

MOST_CANDIDATES: Final = 10_000
_NAME_BYTES: Final = 4096


class Considered(Closed):
    """One picture of a decision."""

    name: Annotated[str, Field(min_length=1, max_length=_NAME_BYTES)]
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
    group: str
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
        self.path = path

    def replay(self) -> Replayed:
        """All that was decided so far; nothing where there is no journal.

        Raises:
            OSError: the journal is there and cannot be read.
        """
        found = Replayed()
        try:
            data = files.read_limited(self.path, limit=2**31)
        except FileNotFoundError:
            return found
        for line in data.splitlines():
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
        text = "".join(decision.model_dump_json() + "\n" for decision in decisions)
        with files.reporting_unwritable(self.path):
            made = not self.path.exists()
            descriptor = os.open(
                self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
            )
            try:
                # A line that was cut short must not swallow the next one.
                size = os.fstat(descriptor).st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                _write_all(descriptor, (b"\n" if torn else b"") + text.encode())
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
