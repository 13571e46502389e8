"""The first stage: from the keyframe's bytes to frames, chunk by chunk."""

from __future__ import annotations

import hashlib
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

import numpy as np

from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.picture import Pixels, decode_picture
from companions.video_manifest import Recipe
from companions.video_meta import ConditioningUsed, ModelUsed
from fleet.cluster.gpu import gpu_peak_bytes
from fleet.errors import AttemptStopped, BackendFailed
from fleet.frames import checked
from fleet.generate.base import GenerateRequest, Generator, ModelCard
from fleet.jobs.model import Stage
from fleet.stages.attached import opened
from fleet.stages.base import (
    Chunk,
    GenerateReport,
    GenerateTask,
    PieceEnd,
    Pieces,
    Stopped,
    Tell,
    never_stopped,
    untold,
)
from fleet.stages.pieces import left_to_make, made_by
from fleet.stages.shot_plan import plan_frames_of, plan_shot

CHUNK_BYTES: Final = 48 * 1024 * 1024
"""Frames travel in chunks of about this size: large enough to cost few messages, small enough
that a worker never holds a long shot whole."""
CHUNK_FRAMES: Final = 24


def generate(
    task: GenerateTask,
    picture: bytes,
    generator: Generator,
    stopped: Stopped = never_stopped,
    tell: Tell = untold,
) -> Iterator[Pieces | Chunk | PieceEnd | GenerateReport]:
    """As ``Stages.generate``: the shot's frames in chunks, and last the report.

    Raises:
        PictureRefused: the bytes are not the picture the shot names, or cannot be decoded; the same
            for every file that its move names.
        ParameterRefused: the generator cannot do what the recipe asks.
        BackendFailed: it gave other frames, or another number of them, than was asked for.
        AttemptStopped: ``stopped`` said so.
    """
    pixels = load_keyframe(task.recipe, picture, file=task.image_path)
    generator.check(
        task.recipe.generation_params,
        task.recipe.motion,
        prompt=task.recipe.prompt,
        negative_prompt=task.recipe.negative_prompt,
    )
    whole = Size(pixels.shape[1], pixels.shape[0])
    named = opened(task.recipe.motion, task.attached, picture=whole)
    frames = plan_frames_of(task.recipe, grid=generator.grid)
    plan = plan_shot(task.recipe, picture=whole, frames=frames)
    conditioning: list[ConditioningUsed] = []
    request = GenerateRequest(
        picture=pixels,
        path=plan.path,
        move_fractions=[frames.move_fraction(j) for j in range(frames.generated)],
        output=plan.output,
        prompt=task.recipe.prompt,
        negative_prompt=task.recipe.negative_prompt,
        params=task.recipe.generation_params,
        fps=float(task.recipe.generation_params.fps),
        objects=task.recipe.motion.objects,
        masks=named.masks,
        depth=named.depth,
        preset=task.recipe.motion.preset,
        given=named.given,
        memory_plan=task.memory_plan,
        move_type=task.recipe.motion.type.value,
        stopped=stopped,
        tell=tell,
        used=conditioning.append,
    )
    pieces = generator.pieces(request.params, frames.generated)
    how = generator.how(
        request.params, memory_plan=task.memory_plan, move_type=request.move_type
    )  # fmt: skip
    maker = made_by(generator.card, how=how, pieces=pieces)
    works = left_to_make(pieces, maker=maker, kept=task.kept, only=task.only)
    model = task.kept.model if task.kept is not None and works.said.there else None
    if len(pieces) > 1:
        yield works.said
    before = works.before
    for work in works.to_make:
        source = generator.card.name
        part = replace(
            request, piece=work.piece, before=before if work.piece.continues else ()
        )  # fmt: skip
        made = _unless_stopped(generator.frames(part), stopped)
        looked_at = _looked_at(made, source=source, size=plan.output)
        count = 0
        for chunk in _in_chunks(islice(looked_at, work.final)):
            count += len(chunk)
            yield chunk
        before = list(looked_at)
        if count + len(before) != work.piece.frames:
            raise BackendFailed(
                backend=source,
                what=f"it made {count + len(before)} of the {work.piece.frames} frames asked for",
            )
        used = conditioning[-1] if conditioning else None
        model = _model_used(generator.card, task, used)
        if len(pieces) > 1:
            yield PieceEnd(work.number, count, len(before) if work.tail else 0, model)
            if work.tail:
                yield np.stack(before)
    yield GenerateReport(
        model=model or _model_used(generator.card, task, None),
        generated=frames.generated,
        peak_memory_bytes=peak_memory_bytes(),
    )


def _model_used(
    card: ModelCard, task: GenerateTask, conditioning: ConditioningUsed | None
) -> ModelUsed:
    return ModelUsed(
        name=card.name,
        revision=card.revision,
        weights_sha256=card.weights_sha256,
        licence=card.licence,
        memory_plan=task.memory_plan,
        conditioning=conditioning,
    )


def load_keyframe(recipe: Recipe, picture: bytes, *, file: str) -> Pixels:
    """Decode the picture, if its bytes are those the recipe was made for.

    Raises:
        PictureRefused: other bytes, or not a usable picture.
    """
    if hashlib.sha256(picture).hexdigest() != recipe.image_sha256:
        raise changed_picture(file)
    return decode_picture(picture, file=file)


def changed_picture(file: str) -> PictureRefused:
    """The refusal of a picture whose bytes are not those the shot was made for."""
    return PictureRefused(
        file=file,
        problem=PictureProblem.CHANGED,
        what="is not the picture the manifest was written for (its sha256 differs)",
        remedy="Look at the picture and its rectangles, then write the manifest again.",
    )


def peak_memory_bytes() -> int:
    """The most memory that this process held so far: of its GPU, if it has used one."""
    if gpu := gpu_peak_bytes():
        return gpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes everywhere but macOS


def _unless_stopped(frames: Iterator[Pixels], stopped: Stopped) -> Iterator[Pixels]:
    for frame in frames:
        if stopped():
            raise AttemptStopped(stage=Stage.GENERATE.value)
        yield frame


def _looked_at(frames: Iterator[Pixels], *, source: str, size: Size) -> Iterator[Pixels]:
    for index, each in enumerate(frames):
        yield of_size(checked(each, index=index, source=source, like=None), size, index, source)


def of_size(frame: Pixels, size: Size, index: int, source: str) -> Pixels:
    """``frame``, number ``index`` of ``source``, if it is of ``size``.

    Raises:
        BackendFailed: it is not.
    """
    height, width = frame.shape[:2]
    if (width, height) != (size.width, size.height):
        raise BackendFailed(
            backend=source,
            what=f"frame {index} is {width} x {height} where {size.width} x {size.height} was "
            f"asked for",
        )
    return frame


def _in_chunks(frames: Iterator[Pixels]) -> Iterator[Chunk]:
    pending: list[Pixels] = []
    for frame in frames:
        pending.append(frame)
        if len(pending) >= CHUNK_FRAMES or len(pending) * frame.nbytes >= CHUNK_BYTES:
            yield np.stack(pending)
            pending = []
    if pending:
        yield np.stack(pending)
