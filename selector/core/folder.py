"""What lies in a folder: its pictures, their motions, and names that cannot be used.

Companions belong to a picture by its stem, so two pictures with one stem are refused, both,
until one is renamed: neither may take the other's motion.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from companions import files, lock
from companions.errors import MotionfleetError, NameCollision, PathRefused
from companions.motion import MotionCompanion
from companions.names import (
    MOTION_SUFFIX,
    clip_of,
    collision_key,
    companion_path,
    is_picture,
    path_fault,
)
from companions.seen import ABSENT, Seen, read_seen


def pictures_in(folder: Path, *, recursive: bool = False) -> tuple[Path, ...]:
    """The pictures in ``folder`` by suffix, hidden ones left out, in the order of their paths.

    ``recursive`` looks into its folders too; hidden folders and linked ones are left out.
    """
    return tuple(path for path in _files_in(folder, recursive=recursive) if is_picture(path))


def motions_in(folder: Path, *, recursive: bool = False) -> tuple[Path, ...]:
    """The ``.motion.json`` files in ``folder``, likewise."""
    return tuple(
        path
        for path in _files_in(folder, recursive=recursive)
        if path.name.endswith(MOTION_SUFFIX) and not path.name.startswith(".")
    )


def refused_names(pictures: Sequence[Path], *, folder: Path) -> dict[Path, MotionfleetError]:
    """Which pictures cannot have companions or stand in a manifest, and why."""
    refused: dict[Path, MotionfleetError] = {}
    same: defaultdict[str, list[Path]] = defaultdict(list)
    for picture in pictures:
        relative = picture.relative_to(folder).as_posix()
        same[collision_key(relative)].append(picture)
        # Disks of Macs keep accents decomposed; a manifest spells them composed.
        fault = path_fault(unicodedata.normalize("NFC", relative))
        if fault is not None:
            refused[picture] = PathRefused(file=str(folder), field="name", path=relative, why=fault)
    for group in same.values():
        for picture in group if len(group) > 1 else ():
            other = next(candidate for candidate in group if candidate != picture)
            refused[picture] = NameCollision(
                file=str(picture.parent),
                first=picture.name,
                second=other.name,
                clip=Path(clip_of(picture.name)).name,
            )
    return refused


def standing_motion(picture: Path) -> MotionCompanion | None:
    """The motion that ``picture`` has, or None.

    Raises:
        DocumentInvalid, DocumentTooNew: it has one that cannot be read.
    """
    return seen_motion(picture)[0]


def seen_motion(picture: Path) -> tuple[MotionCompanion | None, Seen]:
    """The motion that ``picture`` has, or None; and what its file was when it was read.

    Raises:
        DocumentInvalid, DocumentTooNew: it has one that cannot be read.
    """
    path = companion_path(picture, MOTION_SUFFIX)
    if not os.path.lexists(path):
        return None, ABSENT
    return read_seen(path, MotionCompanion)


def picture_of(motion: Path, companion: MotionCompanion) -> Path | None:
    """The picture beside a motion: the one it names, else one with its stem, or None."""
    named = motion.with_name(companion.image.name)
    if companion_path(named, MOTION_SUFFIX) == motion and named.is_file():
        return named
    for picture in pictures_in(motion.parent):
        if companion_path(picture, MOTION_SUFFIX) == motion:
            return picture
    return None


def sweep(paths: Iterable[Path]) -> None:
    """Remove what killed writers left beside ``paths``."""
    for folder in sorted({path.parent for path in paths}):
        files.sweep_temporaries(folder)
        lock.sweep_locks(folder)


def _files_in(folder: Path, *, recursive: bool) -> list[Path]:
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")] if recursive else []
        found += [Path(here, name) for name in names]
    # Not ``Path.is_file``: that one raises for a file that may not be asked about.
    return sorted(path for path in found if os.path.isfile(path))  # noqa: PTH113
