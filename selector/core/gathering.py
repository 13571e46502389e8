"""Reading what a manifest is made of: motions, hashes, captions; and where a manifest may lie."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions import files
from companions.errors import MotionfleetError, PathRefused
from companions.geometry import Size
from companions.motion import SafetyVerdict
from companions.names import (
    CAPTION_SUFFIX,
    MANIFEST_SUFFIX,
    MOTION_SUFFIX,
    companion_path,
    path_fault,
)
from selector.core.batch import ShotSource, name_part
from selector.core.checking import Checked, check_motion
from selector.core.errors import CaptionInvalid, ManifestMisplaced

MAX_CAPTION_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Gathered:
    """One picture with a motion: ready to be a shot, left out, or refused."""

    picture: Path
    source: ShotSource | None = None
    left_out: Checked | None = None
    """Blocked by a safety limit, and blocked ones were not asked for."""
    error: MotionfleetError | None = None


def pictures_with_motion(pictures: Iterable[Path]) -> tuple[Path, ...]:
    """Those of ``pictures`` that have a ``.motion.json``."""
    return tuple(p for p in pictures if companion_path(p, MOTION_SUFFIX).is_file())


def gather(picture: Path, *, root: Path, include_blocked: bool = False) -> Gathered:
    """What ``picture`` gives to a manifest in the folder ``root``.

    A motion, caption or picture that cannot be used is an outcome, not an exception.
    """
    checked = check_motion(companion_path(picture, MOTION_SUFFIX))
    if checked.fault is not None or checked.companion is None:
        return Gathered(picture=picture, error=checked.fault)
    try:
        image_path = portable_path(picture, root=root)
        prompt = read_caption(picture)
    except MotionfleetError as error:
        return Gathered(picture=picture, error=error)
    if checked.verdict is SafetyVerdict.BLOCK and not include_blocked:
        return Gathered(picture=picture, left_out=checked)
    output = checked.companion.output
    source = ShotSource(
        image_path=image_path,
        sha256=checked.sha256,
        move=checked.companion.move(),
        output=Size(output.width, output.height),
        prompt=prompt,
    )
    return Gathered(picture=picture, source=source)


def read_caption(picture: Path) -> str | None:
    """The text of ``X.caption`` beside ``picture``, without space around it; None if none.

    Raises:
        CaptionInvalid: it cannot be read, is not UTF-8 or is larger than 1 MiB.
    """
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


def portable_path(picture: Path, *, root: Path) -> str:
    """``picture`` relative to ``root`` as a manifest spells it.

    Raises:
        PathRefused: it leaves ``root`` (by a link, too), or its name is not portable.
    """
    try:
        relative = (picture.parent.resolve() / picture.name).relative_to(root.resolve())
    except ValueError:
        raise PathRefused(
            file=str(root), field="image_path", path=str(picture), why="lies outside the folder"
        ) from None
    path = unicodedata.normalize("NFC", relative.as_posix())
    fault = path_fault(path)
    if fault is None and not (root / path).exists():
        fault = "is on this disk not in Unicode NFC form; rename it"
    if fault is None and files.resolve_inside(root, path) is None:
        fault = "is a link that leaves the folder"
    if fault is not None:
        raise PathRefused(file=str(root), field="image_path", path=path, why=fault)
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
