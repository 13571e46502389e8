"""Reading what a manifest is made of: decisions, motions, hashes, captions; and where it lies."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from companions import files
from companions.attached import DepthMap
from companions.errors import MotionfleetError, PathRefused, PictureProblem, PictureRefused
from companions.geometry import Size
from companions.motion import Move, SafetyVerdict
from companions.named_files import with_files
from companions.names import (
    CAPTION_SUFFIX,
    DEPTH_SUFFIXES,
    MANIFEST_SUFFIX,
    MOTION_SUFFIX,
    companion_path,
    path_fault,
)
from companions.wishes import Wishes
from selector.core.batch import ShotSource, name_part
from selector.core.checking import Checked, check_motion
from selector.core.decisions import Considered, Decision, Journal, latest
from selector.core.errors import CaptionInvalid, FolderUnusable, ManifestMisplaced
from selector.core.placement import JOURNAL_NAME, Placement

MAX_CAPTION_BYTES: Final = 1024 * 1024
_NAMED: Final = "motion"
"""The field of a shot that names files beside its picture."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """One picture with a motion: ready to be a shot, left out, or refused."""

    picture: Path
    source: ShotSource | None = None
    left_out: Checked | None = None
    """Blocked by a safety limit, and blocked ones were not asked for."""
    passed_over: bool = False
    """The journal says that it was passed over, and such were not asked for."""
    error: MotionfleetError | None = None


def pictures_with_motion(
    pictures: Iterable[Path], *, placement: Placement | None = None
) -> tuple[Path, ...]:
    """Those of ``pictures`` that have a ``.motion.json``, beside them or as ``placement`` says."""
    return tuple(p for p in pictures if _companion(p, MOTION_SUFFIX, placement).is_file())


def passed_over(pictures: Iterable[Path], *, placement: Placement) -> frozenset[Path]:
    """Those of ``pictures`` whose last decision passed them over.

    Decisions stand in the journal of the folder that was opened for them, which may be one above
    or inside the one that is asked about; the last of all counts.

    Raises:
        FolderUnusable: a journal is there and cannot be read.
    """
    asked: dict[str, Path] = {}
    folders: dict[Path, Path] = {}
    for picture in pictures:
        place = placement.stand_in(picture)
        folder = folders.get(place.parent) or place.parent.resolve()
        folders[place.parent] = folder
        asked[f"{folder}/{place.name}"] = picture
    last: dict[str, tuple[datetime, bool]] = {}
    above = {each for folder in folders.values() for each in (folder, *folder.parents)}
    for folder in sorted(above):
        # In one journal the last line counts, whatever clock it was written by.
        here: dict[str, tuple[datetime, bool]] = {}
        for decision in _decisions_in(folder):
            for each in decision.pictures:
                here[each.name] = decision.at, not (decision.open or each.picked)
        for name, said in here.items():
            if (path := f"{folder}/{name}") in asked:
                last[path] = max(said, last.get(path, said), key=lambda each: each[0])
    return frozenset(asked[path] for path, (_, is_over) in last.items() if is_over)


def considered_in(folder: Path) -> tuple[Considered, ...]:
    """What the last decision said of every picture, by the journal in ``folder`` itself.

    Raises:
        FolderUnusable: the journal is there and cannot be read.
    """
    return tuple(latest(_decisions_in(folder)).values())


def gather(
    picture: Path,
    *,
    root: Path,
    placement: Placement | None = None,
    include_blocked: bool = False,
) -> Gathered:
    """What ``picture`` gives to a manifest in the folder ``root``.

    Companions lie beside it, or as ``placement`` says.  A motion, caption or picture that cannot
    be used is an outcome, not an exception.
    """
    motion = _companion(picture, MOTION_SUFFIX, placement)
    checked = check_motion(motion, picture=None if placement is None else picture)
    if checked.fault is not None or checked.companion is None:
        return Gathered(picture=picture, error=checked.fault)
    wishes = checked.companion.wishes or Wishes()
    try:
        image_path = portable_path(picture, root=root)
        prompt = wishes.prompt
        if prompt is None:
            prompt = read_caption(picture, placement=placement)
        move = named_from(checked.companion.move(), motion.parent, root=root)
        move = with_depth(move, picture, root=root)
    except MotionfleetError as error:
        return Gathered(picture=picture, error=error)
    if checked.verdict is SafetyVerdict.BLOCK and not include_blocked:
        return Gathered(picture=picture, left_out=checked)
    output = checked.companion.output
    source = ShotSource(
        image_path=image_path,
        sha256=checked.sha256,
        move=move,
        output=Size(output.width, output.height),
        prompt=prompt,
        wishes=wishes,
    )
    return Gathered(picture=picture, source=source)


def named_from(move: Move, home: Path, *, root: Path) -> Move:
    """``move``, a document's in the folder ``home``, with its files named from ``root``.

    Raises:
        PathRefused: as ``portable_path``.
    """
    return with_files(move, lambda name: portable_path(home / name, root=root, field=_NAMED))


def with_depth(move: Move, picture: Path, *, root: Path) -> Move:
    """``move`` with the depth map that lies beside ``picture``, named from ``root``.

    A move that names one of its own, or that is given as a clip, stays as it is.

    Raises:
        PictureRefused: the map cannot be read.
        PathRefused: there are two, or its name is not portable.
    """
    maps = [companion_path(picture, suffix) for suffix in DEPTH_SUFFIXES]
    there = [path for path in maps if os.path.lexists(path)]
    if not there or move.depth is not None or move.reference is not None:
        return move
    if len(there) > 1:
        raise PathRefused(
            file=str(there[0]), field="motion.depth", path=there[1].name,
            why="lies beside it: a picture has one depth map; remove one of them",
        )  # fmt: skip
    path = portable_path(there[0], root=root, field="motion.depth")
    try:
        sha256 = files.sha256_of(there[0])
    except OSError as error:
        raise PictureRefused(
            file=str(there[0]),
            problem=PictureProblem.UNREADABLE,
            what=f"cannot be read ({error.strerror or error})",
            remedy="Check the file and its rights.",
        ) from None
    return move.model_copy(update={"depth": DepthMap(path=path, sha256=sha256)})


def read_caption(picture: Path, *, placement: Placement | None = None) -> str | None:
    """The text of ``X.caption``, without space around it; None if there is none.

    It lies beside ``picture``; one among the companions that ``placement`` names wins.

    Raises:
        CaptionInvalid: it cannot be read, is not UTF-8 or is larger than 1 MiB.
    """
    path = _companion(picture, CAPTION_SUFFIX, placement)
    if not os.path.lexists(path):
        path = companion_path(picture, CAPTION_SUFFIX)
    try:
        # utf-8-sig: editors on Windows put a byte-order mark in front.
        text = files.read_limited(path, limit=MAX_CAPTION_BYTES).decode("utf-8-sig").strip()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise CaptionInvalid(file=path, what=f"is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise CaptionInvalid(
            file=path, what=f"cannot be read ({error.strerror or error})"
        ) from None
    return text or None


def portable_path(picture: Path, *, root: Path, field: str = "image_path") -> str:
    """``picture`` relative to ``root`` as a manifest spells it in ``field``.

    Raises:
        PathRefused: it leaves ``root`` (by a link, too), is not there, or its name is not portable.
    """
    try:
        relative = (picture.parent.resolve() / picture.name).relative_to(root.resolve())
    except ValueError:
        raise PathRefused(
            file=str(root), field=field, path=str(picture), why="lies outside the folder"
        ) from None
    path = unicodedata.normalize("NFC", relative.as_posix())
    fault = path_fault(path)
    if fault is None and not (root / path).exists():
        fault = "is on this disk not in Unicode NFC form; rename it"
        if not picture.exists():
            fault = "is not there"
    if fault is None and files.resolve_inside(root, path) is None:
        fault = "is a link that leaves the folder"
    if fault is not None:
        raise PathRefused(file=str(root), field=field, path=path, why=fault)
    return path


def default_manifest_path(folder: Path) -> Path:
    """``FOLDER/NAME.video_manifest.json``, NAME being the folder's own."""
    return folder / (project_name(folder) + MANIFEST_SUFFIX)


def project_name(folder: Path) -> str:
    """The project id that a folder's name makes."""
    return name_part(folder.resolve().name, otherwise="project")


def manifest_root(manifest: Path, *, pictures_folder: Path) -> Path:
    """The folder of ``manifest``, from which it names the pictures in ``pictures_folder``.

    Raises:
        ManifestMisplaced: it has another suffix, or lies neither in that folder nor above it.
    """
    if not manifest.name.endswith(MANIFEST_SUFFIX) or manifest.name == MANIFEST_SUFFIX:
        # Also keeps a slip of the hand from replacing a picture.
        raise ManifestMisplaced(
            file=manifest,
            why=f"a manifest's name ends with {MANIFEST_SUFFIX!r}",
            instead=f"Give -o {manifest.stem.split('.')[0] or 'batch'}{MANIFEST_SUFFIX}.",
        )
    root = manifest.parent
    if not root.is_dir():
        raise ManifestMisplaced(
            file=manifest, why="its folder does not exist", instead="Make the folder first."
        )
    if not pictures_folder.resolve().is_relative_to(root.resolve()):
        raise ManifestMisplaced(
            file=manifest,
            why=f"it lies neither in nor above {pictures_folder}, and a manifest names its "
            f"pictures relative to its own folder, never outside it",
            instead=f"Give -o {default_manifest_path(pictures_folder)}, or another file there or "
            f"in a folder above.",
        )
    return root


def _decisions_in(folder: Path) -> Sequence[Decision]:
    journal = Journal(folder / JOURNAL_NAME)
    try:
        return journal.replay().decisions
    except OSError as error:
        raise FolderUnusable(
            folder=journal.path,
            what=f"what was decided cannot be read ({error.strerror or error})",
            remedy="Check the file and its rights; selector manifest --include-rejected does "
            "without it.",
        ) from None


def _companion(picture: Path, suffix: str, placement: Placement | None) -> Path:
    if placement is None:
        return companion_path(picture, suffix)
    return placement.companion(picture, suffix)
