"""Going on with a file that arrived in part; decided from sizes and times alone.

A file arrives as ``.NAME.part`` beside its place and takes its name by one rename.  What a killed
run left of it is compared at its end with the source: what is the same there is taken to be the
same before, and the hash that everything is verified by tells if it was not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from companions.names import MAX_NAME_BYTES

OVERLAP: Final = 255 * 1024
"""How much of a partial file's end is compared before it is gone on with."""
PART_SUFFIX: Final = ".part"


@dataclass(frozen=True, slots=True)
class Seen:
    """A file's size, and its time of change in whole seconds."""

    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with one file.

    Attributes:
        skip: it is there.
        compare_from: the partial file's bytes from here on have to be the source's.
        go_on_at: where to go on if they are; 0 starts anew.
    """

    skip: bool = False
    compare_from: int = 0
    go_on_at: int = 0


def plan(source: Seen, *, there: Seen | None, part: int | None) -> Plan:
    """How to bring ``source`` across, given what is ``there`` and the partial file's size."""
    if there == source:
        return Plan(skip=True)
    if not part or part > source.size:
        return Plan()
    return Plan(compare_from=max(0, part - OVERLAP), go_on_at=part)


def part_of(path: str) -> str:
    """The partial file's path for a file's path."""
    whole = PurePosixPath(path)
    name = f".{whole.name}{PART_SUFFIX}"
    if len(name.encode()) > MAX_NAME_BYTES:
        name = f".{hashlib.sha256(whole.name.encode()).hexdigest()[:32]}{PART_SUFFIX}"
    return str(whole.with_name(name))
