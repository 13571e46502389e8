"""What an opened folder holds: pictures, those that cannot be used, those with a motion."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions.errors import MotionfleetError
from companions.files import TEMPORARY_PREFIX, TEMPORARY_SUFFIX
from companions.lock import LOCK_SUFFIX
from companions.names import MOTION_SUFFIX
from selector.core.folder import pictures_in, refused_names
from selector.core.placement import Placement

_LEFT: Final = (TEMPORARY_SUFFIX, LOCK_SUFFIX)


@dataclass(frozen=True, slots=True)
class Scan:
    """One look into a folder.

    Attributes:
        names: its pictures, relative to it, in the order of their paths.
        refused: pictures that cannot have companions or stand in a manifest, and why.
        with_motion: pictures that have a motion, readable or not.
        left_over: temporary files and locks of writers, most of which were killed.
    """

    names: tuple[str, ...]
    refused: Mapping[str, MotionfleetError]
    with_motion: frozenset[str]
    left_over: tuple[Path, ...] = ()


def scan(placement: Placement) -> Scan:
    """Look into the opened folder and all folders in it, hidden and linked ones left out.

    Raises:
        OSError: the opened folder is missing or cannot be read.
    """
    os.scandir(placement.root).close()  # a walk passes over what it cannot read in silence
    pictures = pictures_in(placement.root, recursive=True)
    refused = refused_names(pictures, folder=placement.root)
    present: set[str] = set()
    left_over: list[Path] = []
    for folder in {placement.stand_in(picture).parent for picture in pictures}:
        if folder.is_dir():
            for entry in os.scandir(folder):
                if entry.name.startswith(TEMPORARY_PREFIX) and entry.name.endswith(_LEFT):
                    left_over.append(Path(entry.path))
                elif entry.name.endswith(MOTION_SUFFIX):
                    present.add(entry.path)
    return Scan(
        names=tuple(placement.name_of(picture) for picture in pictures),
        refused={placement.name_of(picture): error for picture, error in refused.items()},
        with_motion=frozenset(
            placement.name_of(picture)
            for picture in pictures
            if str(placement.companion(picture, MOTION_SUFFIX)) in present
        ),
        left_over=tuple(left_over),
    )
