"""Making rejected clips again: a manifest of their shots, each with what is to differ.

The starting point is the recipe in the clip's meta, all of it.  What the review asks for is put
over it; a move that was redrawn in the selector since the clip was asked for counts as well.
A shot in which nothing would differ is left out: it would come back as it was.  So is one whose
new move the safety check blocks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import BaseModel, ValidationError

from companions import files, seen
from companions.codec import problems_of
from companions.errors import (
    DocumentInvalid,
    MotionfleetError,
    PictureProblem,
    PictureRefused,
)
from companions.lock import locked
from companions.motion import MotionCompanion, Move, SafetyVerdict
from companions.named_files import with_files
from companions.names import CLIP_SUFFIX, MANIFEST_SUFFIX
from companions.review import Redo
from companions.video_manifest import Recipe, Shot, VideoManifest
from companions.video_meta import VideoMeta
from selector.core.batch import batch_name, batch_time
from selector.core.checking import judge_companion
from selector.core.errors import NothingToRedo
from selector.core.gathering import (
    manifest_root,
    named_from,
    portable_path,
    project_name,
    with_depth,
)
from selector.core.placement import Placement
from selector.core.returned import Returned, ReviewState
from selector.core.shelf import Shelf

SEEDLESS: Final = frozenset({"camera"})
"""Generators without noise: another seed gives the same clip."""


@dataclass(frozen=True, slots=True)
class Again:
    """A rejected shot: ready to be made again, left out, or refused.

    Attributes:
        shot: as it came back.
        wanted: its shot in the new manifest.
        changed: what differs from last time, in words.
        left_out: why it is not made again.
        error: why it cannot be.
    """

    shot: Returned
    wanted: Shot | None = None
    changed: tuple[str, ...] = ()
    left_out: str = ""
    error: MotionfleetError | None = None


def rejected(shots: Sequence[Returned]) -> tuple[Returned, ...]:
    """Those of ``shots`` that are rejected."""
    return tuple(shot for shot in shots if shot.state is ReviewState.REJECTED)


def differing(
    recipe: Recipe, redo: Redo, *, redrawn: MotionCompanion | None = None
) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe of another attempt, and what differs in it, in words.

    ``redrawn`` is the motion the picture has now, if it was changed since the clip was asked for.
    """
    changes: dict[str, object] = {}
    params = recipe.generation_params
    wishes = redrawn.wishes if redrawn is not None else None
    motion = redo.motion or (redrawn.move() if redrawn is not None else None)
    prompt = redo.prompt if redo.prompt is not None else (wishes and wishes.prompt)
    negative = (
        redo.negative_prompt
        if redo.negative_prompt is not None
        else (wishes and wishes.negative_prompt)
    )
    seed = wishes.seed if wishes is not None and wishes.seed is not None else redo.seed
    if motion is not None and _less_paths(motion) != _less_paths(recipe.motion):
        changes["motion"] = motion
    if prompt is not None and prompt != recipe.prompt:
        changes["prompt"] = prompt
    if negative is not None and negative != recipe.negative_prompt:
        changes["negative_prompt"] = negative
    words = [name.replace("_", " ") for name in changes]
    model = wishes.model if wishes is not None and wishes.model is not None else params.model
    if model != params.model:
        words.append(f"model {model}")
    if seed is not None and seed != params.seed and model not in SEEDLESS:
        params = params.model_copy(update={"seed": seed})
        words.append(f"seed {seed}")
    rate = wishes.target_fps if wishes is not None else None
    if rate is not None and rate != recipe.interpolation.target_fps:
        changes["interpolation"] = recipe.interpolation.model_copy(update={"target_fps": rate})
        words.append(f"{float(rate):g} fps")
    size = redrawn.output if redrawn is not None else None
    if size is not None and (size.width, size.height) != (params.width, params.height):
        params = params.model_copy(update={"width": size.width, "height": size.height})
        words.append(f"{size.width} x {size.height}")
    changes["generation_params"] = params.model_copy(update={"model": model})
    return recipe.model_copy(update=changes), tuple(words)


def make_again(shot: Returned, *, shelf: Shelf, root: Path) -> Again:
    """What ``shot`` gives to a redo manifest in the folder ``root``.

    A picture that cannot be used is an outcome, not an exception.
    """
    review, meta = shot.review, shot.meta
    if review is None or meta is None:
        return Again(shot, left_out="it is not rejected")
    if review.redo is None:
        return Again(shot, left_out="its review asks for no other attempt")
    try:
        picture = _same_picture(shot, sha256=meta.recipe.image_sha256)
        image_path = portable_path(picture, root=root)
        redrawn = _redrawn(shelf, picture, since=_asked_at(meta), root=root)
        recipe, changed = differing(meta.recipe, review.redo, redrawn=redrawn)
        if recipe.motion == meta.recipe.motion:
            recipe = recipe.model_copy(update={"motion": _as_it_was(meta, picture, root=root)})
        elif (
            review.redo.motion is None
            and redrawn is not None
            and (limits := _blocked(redrawn, file=shelf.path(picture)))
        ):
            why = f"its new move is blocked by the safety check ({limits}): draw a safer one"
            return Again(shot, left_out=why)
    except MotionfleetError as error:
        return Again(shot, error=error)
    if not changed:
        why = "the same clip would come back: redraw its move, or ask for another prompt"
        if recipe.generation_params.model in SEEDLESS:
            why += f" ({recipe.generation_params.model} has no noise, so a seed changes nothing)"
        return Again(shot, left_out=why)
    wanted = Shot.model_validate(
        {
            "image_path": image_path,
            "sha256": recipe.image_sha256,
            "motion": recipe.motion,
            **{
                name: value
                for name in ("prompt", "negative_prompt")
                if (value := getattr(recipe, name))
            },
            "generation_params": _stated(recipe.generation_params),
            "interpolation": _stated(recipe.interpolation),
            "encode": _stated(recipe.encode),
            "qc": _stated(recipe.qc),
        }
    )
    return Again(shot, wanted=wanted, changed=changed)


def redo_path(folder: Path, now: datetime) -> Path:
    """Where a redo manifest lies unless said otherwise: in the folder, with the time in its
    name."""
    return folder / f"{project_name(folder)}-redo-{batch_name(now)}{MANIFEST_SUFFIX}"


def write_redo(
    again: Sequence[Again], *, out: Path, placement: Placement, now: datetime
) -> VideoManifest:
    """Write the manifest of all that is ready in ``again`` to ``out``, a file that is not there.

    Raises:
        NothingToRedo: nothing is ready.
        ManifestMisplaced: ``out`` cannot name the pictures.
        CompanionChanged: there is a file of that name; it stays.
        DocumentInvalid: the shots break the contract; nothing was written.
        SetBusy, FileUnwritable: as for every companion.
    """
    manifest_root(out, pictures_folder=placement.root)
    shots = tuple(each.wanted for each in again if each.wanted is not None)
    if not shots:
        raise NothingToRedo(
            folder=placement.root,
            rejected=len(again),
            why=tuple(dict.fromkeys(each.left_out for each in again if each.left_out)),
        )
    projects = {each.shot.meta.manifest.project_id for each in again if each.shot.meta is not None}
    project = next(iter(projects)) if len(projects) == 1 else project_name(placement.root)
    try:
        manifest = VideoManifest.model_validate(
            {
                "project_id": project,
                "batch_id": f"{batch_name(now)}-redo",
                "created_at": now.astimezone(UTC),
                "shots": shots,
            }
        )
    except ValidationError as error:
        raise DocumentInvalid(
            file=str(out),
            problems=problems_of(error),
            remedy="Correct what the reviews ask for; nothing was written.",
        ) from None
    with locked(out.with_name(out.name.removesuffix(MANIFEST_SUFFIX) + CLIP_SUFFIX)):
        seen.replace(out, manifest, seen=seen.ABSENT)
    return manifest


def _asked_at(meta: VideoMeta) -> datetime:
    """When the clip was asked for, as far as its meta tells: what was drawn later is not in it.

    A queue may hold a shot for hours, so the end of it all is the last thing to go by.
    """
    begun = min((attempt.started_at for attempt in meta.attempts), default=meta.finished_at)
    return min(begun, batch_time(meta.manifest.batch_id) or begun)


def _redrawn(shelf: Shelf, picture: Path, *, since: datetime, root: Path) -> MotionCompanion | None:
    """The motion that was drawn after ``since``, what it names named as from ``root``."""
    standing = shelf.load(picture)
    if standing.problem is not None:
        raise standing.problem
    motion = standing.motion
    if motion is None or motion.provenance.at <= since:
        return None
    home = shelf.path(picture).parent
    move = with_depth(named_from(motion.move(), home, root=root), picture, root=root)
    named = {name: getattr(move, name) for name in ("objects", "depth", "reference")}
    return motion.model_copy(update=named)


def _as_it_was(meta: VideoMeta, picture: Path, *, root: Path) -> Move:
    """The clip's move, what it names, which lies about the picture as it did, named from
    ``root``."""
    then = PurePosixPath(meta.image).parent
    return with_files(
        meta.recipe.motion,
        lambda name: portable_path(
            picture.parent / os.path.relpath(name, then), root=root, field="motion"
        ),
    )


def _less_paths(move: Move) -> Move:
    """``move`` with its files told by their bytes alone: a path depends on who names it."""
    return with_files(move, lambda _: "")


def _blocked(motion: MotionCompanion, *, file: Path) -> str:
    """The limits that block a motion, in words; empty if none does."""
    return ", ".join(
        finding.limit.replace("_", " ")
        for finding in judge_companion(motion, file=file).findings
        if finding.verdict is SafetyVerdict.BLOCK
    )


def _same_picture(shot: Returned, *, sha256: str) -> Path:
    if shot.picture is None:
        raise PictureRefused(
            file=shot.name,
            problem=PictureProblem.MISSING,
            what="its picture is not in this folder",
            remedy="Open the folder that holds the pictures (with --overlay for the clips).",
        )
    try:
        now = files.sha256_of(shot.picture)
    except OSError as error:
        raise PictureRefused(
            file=str(shot.picture),
            problem=PictureProblem.UNREADABLE,
            what=f"cannot be read ({error.strerror or error})",
            remedy="Check the file and its rights.",
        ) from None
    if now != sha256:
        raise PictureRefused(
            file=str(shot.picture),
            problem=PictureProblem.CHANGED,
            what="has changed since its clip was made",
            remedy="Put the earlier picture back, or draw its motion and submit it as a new shot.",
        )
    return shot.picture


def _stated(block: BaseModel) -> dict[str, object]:
    """A block's values as a manifest states them, less the nulls that mean the same unstated."""
    return {
        name: _stated(value) if isinstance(value, BaseModel) else value
        for name in type(block).model_fields
        if (value := getattr(block, name)) is not None
    }
