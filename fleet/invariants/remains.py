"""Files of ours: those that the ledger counts on, and those that it knows nothing of.

Pure but for ``listed``.  Only files that are named as the fleet names its own are ever to be
removed; what else lies in the home is said, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions.files import TEMPORARY_PREFIX, TEMPORARY_SUFFIX
from companions.names import CLIP_SUFFIX, FFV1_SUFFIX, PRORES_SUFFIX
from fleet.checkpoint.folder import SUFFIX
from fleet.checkpoint.pieces import PieceFolder
from fleet.invariants.listing import (
    Breach,
    ForgetFrames,
    ForgetPieces,
    Invariant,
    MakeAgain,
    RemoveFile,
)
from fleet.ledger.rows import Artifact, Checkpoint
from fleet.stages.arrival import masters_of

OLD_AFTER_S: Final = 3600.0
"""Beside clips, others write temporary files too; after an hour it is nobody's any more."""

_PRODUCTS: Final = "|".join(map(re.escape, (CLIP_SUFFIX, PRORES_SUFFIX, FFV1_SUFFIX)))
_STAGED: Final = re.compile(rf".+\.[0-9a-f]{{8}}(?:{_PRODUCTS})")
_PUBLISHING: Final = re.compile(
    rf"{re.escape(TEMPORARY_PREFIX)}(.+)-(?:clip|master|meta){re.escape(TEMPORARY_SUFFIX)}"
)


@dataclass(frozen=True, slots=True)
class Lying:
    """A file in a folder of ours; times in seconds since the epoch."""

    path: Path
    size_bytes: int
    modified_at: float


def listed(folder: Path) -> list[Lying]:
    """The files in ``folder``, by name; none if it is missing or cannot be read."""
    found = []
    try:
        for path in sorted(folder.iterdir()):
            try:
                stat = path.lstat()
            except OSError:
                continue  # gone meanwhile
            if not path.is_dir():
                found.append(Lying(path, stat.st_size, stat.st_mtime))
    except OSError:
        return []
    return found


def staging(
    clips: Mapping[str, Artifact],
    lying: Sequence[Lying],
    *,
    sha256_of: Callable[[Path], str | None],
) -> Iterator[Breach]:
    """Breaches of ``staging-exact``; ``sha256_of`` gives None where hashes are not compared."""
    there = {str(each.path): each for each in lying}
    for shot_id, clip in clips.items():
        found = there.pop(clip.path, None)
        path = Path(clip.path)
        if found is None:
            what = f"the finished clip of {shot_id} is not there"
        elif found.size_bytes != clip.size_bytes or sha256_of(path) not in {None, clip.sha256}:
            what = f"the finished clip of {shot_id} is not the one that was staged"
        else:
            continue
        yield Breach(Invariant.STAGING_EXACT, clip.path, what, MakeAgain(shot_id, path))
    for master in masters_of([Path(clip.path) for clip in clips.values()]):
        there.pop(str(master), None)  # looked at when the dispatcher starts
    yield from _unknown(
        Invariant.STAGING_EXACT, there, ours=lambda name: bool(_STAGED.fullmatch(name))
    )


def checkpoints(
    kept: Mapping[str, Checkpoint],
    lying: Sequence[Lying],
    *,
    sha256_of: Callable[[Path], str | None],
) -> Iterator[Breach]:
    """Breaches of ``checkpoints-exact``; ``sha256_of`` as for ``staging``."""
    there = {str(each.path): each for each in lying}
    for shot_id, frames in kept.items():
        found = there.pop(frames.path, None)
        path = Path(frames.path)
        if found is None:
            what = f"the kept frames of {shot_id} are not there"
        elif found.size_bytes != frames.size_bytes or sha256_of(path) not in {None, frames.sha256}:
            what = f"the kept frames of {shot_id} are not those that were written"
        else:
            continue
        yield Breach(Invariant.CHECKPOINTS_EXACT, frames.path, what, ForgetFrames(shot_id, path))
    yield from _unknown(Invariant.CHECKPOINTS_EXACT, there, ours=lambda name: name.endswith(SUFFIX))


def pieces(
    root: Path, *, unmade: Collection[str], sha256_of: Callable[[Path], str | None]
) -> Iterator[Breach]:
    """Breaches of ``checkpoints-exact`` among the kept pieces of long shots, in ``root``: those of
    shots that need none, and those that are not what was written."""
    for folder in sorted(_folders(root)):
        shot_id = folder.name
        if shot_id not in unmade:
            what = f"{shot_id} needs no pieces, and they are kept"
        else:
            wrong = _wrong_piece(root, shot_id, sha256_of=sha256_of)
            if wrong is None:
                continue
            what = f"a kept piece of {shot_id}, {wrong}, is not what was written"
        yield Breach(Invariant.CHECKPOINTS_EXACT, str(folder), what, ForgetPieces(shot_id))


def _folders(root: Path) -> list[Path]:
    try:
        return [folder for folder in root.iterdir() if folder.is_dir()]
    except OSError:
        return []


def _wrong_piece(
    root: Path, shot_id: str, *, sha256_of: Callable[[Path], str | None]
) -> str | None:
    """The name of a file that is missing or another, of those that count; None: there is none."""
    index = PieceFolder(root, shot_id).read()
    for kept in (file for piece in index.pieces for file in piece.files) if index else ():
        path = root / shot_id / kept.name
        if not path.is_file() or sha256_of(path) not in {None, kept.sha256}:
            return kept.name
    return None


def left_in_home(lying: Sequence[Lying]) -> Iterator[Breach]:
    """Breaches of ``nothing-left`` in the home's own folders."""
    for each in lying:
        if is_temporary(each.path.name):
            yield _left(each.path, "a killed process left it")


def left_beside_clips(
    lying: Sequence[Lying], *, shot_ids: Collection[str], now: float
) -> Iterator[Breach]:
    """Breaches of ``nothing-left`` where clips are published.

    Others write there too: what is not named after one of our shots must be old to be nobody's.
    """
    for each in lying:
        name = each.path.name
        if not is_temporary(name):
            continue
        publishing = _PUBLISHING.fullmatch(name)
        if publishing and publishing[1] in shot_ids:
            yield _left(each.path, f"the publishing of {publishing[1]} was killed and left it")
        elif each.modified_at < now - OLD_AFTER_S:
            yield _left(each.path, "a process that was killed over an hour ago left it")


def is_temporary(name: str) -> bool:
    """Whether a file of that name is one that was to take another name."""
    return name.startswith(TEMPORARY_PREFIX) and name.endswith(TEMPORARY_SUFFIX)


def _unknown(
    invariant: Invariant, there: Mapping[str, Lying], *, ours: Callable[[str], bool]
) -> Iterator[Breach]:
    for path in map(Path, there):
        if is_temporary(path.name):
            continue  # told by another invariant
        if ours(path.name):
            yield Breach(invariant, str(path), "no shot counts on it", RemoveFile(path))
        elif not path.name.startswith("."):
            yield Breach(invariant, str(path), "it is no file of the fleet's; it stays")


def _left(path: Path, what: str) -> Breach:
    return Breach(Invariant.NOTHING_LEFT, str(path), what, RemoveFile(path))
