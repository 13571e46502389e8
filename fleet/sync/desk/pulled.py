"""What a pull came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from companions.errors import MotionfleetError


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was not replaced: sync did not write it.

    Attributes:
        path: the file, relative to the folder.
        host_sha256: what the host has under that name.
    """

    path: str
    host_sha256: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """One folder after a pull.

    Attributes:
        results: how many results the host has.
        clips: paths of clips put in place.
        metas: paths of metas put in place.
        size_bytes: bytes put in place.
        conflicts: files that stayed because sync did not write them.
        outdated: pictures whose result was made for a manifest that is not here any more.
        refused: errors, one for each result that could not be used.
    """

    label: str
    root: Path
    results: int = 0
    clips: tuple[str, ...] = ()
    metas: tuple[str, ...] = ()
    size_bytes: int = 0
    conflicts: tuple[Kept, ...] = ()
    outdated: tuple[str, ...] = ()
    refused: tuple[MotionfleetError, ...] = ()
