"""What is under way this second, beside the ledger: how far each attempt is, for listings.

Not part of the truth: written by whoever dispatches, about once a second and only when something
moved, gone when it stops.  A file that is missing, old or damaged means that nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from companions.base import Closed
from companions.errors import FileUnwritable
from companions.files import read_limited, write_atomic
from fleet.jobs.progress import Progress

_MOST_BYTES: Final = 4 * 1024**2
FRESH_S: Final = 60.0
"""How long what was written is believed: its writer may have been killed."""

Count = Annotated[int, Field(ge=0)]


class Doing(Closed):
    """How far one shot is with its stage."""

    done: Count
    """Steps that are done."""
    steps: Count
    """Of how many."""
    piece: Annotated[int, Field(ge=1)] = 1
    """Of which piece, from 1."""
    pieces: Annotated[int, Field(ge=1)] = 1
    """Of how many."""
    left_s: Annotated[float, Field(ge=0.0)] | None = None
    """How long it will still take, in seconds from 0; null: not known yet."""

    @property
    def progress(self) -> Progress:
        """The same, as a worker tells it."""
        return Progress(self.done, self.steps, self.piece, self.pieces)


class _File(Closed):
    at_s: float
    shots: dict[str, Doing]


def write_doing(path: Path, shots: Mapping[str, Doing], *, now: float) -> None:
    """Say how far ``shots``, by id, are; harmless where it cannot be written."""
    try:
        write_atomic(path, _File(at_s=now, shots=dict(shots)).model_dump_json().encode())
    except FileUnwritable:
        return  # a display, and the disk's trouble is told by what matters


def read_doing(path: Path, *, now: float) -> Mapping[str, Doing]:
    """How far shots are, by id; nothing where nothing is known."""
    try:
        found = _File.model_validate_json(read_limited(path, limit=_MOST_BYTES))
    except (OSError, ValidationError):
        return {}
    return found.shots if abs(now - found.at_s) <= FRESH_S else {}
