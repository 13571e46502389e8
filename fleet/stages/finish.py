"""The second stage: interpolate, enlarge, check and encode as one stream over the frames.

Every step runs in a thread of its own (``pipeline.Line``), a few frames apart, from fetching the
generated frames to writing the clip.  Only products leave the node.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

import av
import cv2

from companions.geometry import Size
from companions.picture import Pixels
from companions.rendition import size_of
from companions.timing import FrameGrid, FramePlan
from companions.video_meta import FrameFacts
from fleet.errors import AttemptStopped, BackendFailed
from fleet.frames import checked
from fleet.interpolate.base import Interpolator
from fleet.interpolate.resample import Resampling, resample
from fleet.jobs.model import Stage
from fleet.qc.counts import count_checks
from fleet.qc.expected import AsGiven, AsRendered, Expected, seen_small
from fleet.qc.inspector import Inspector
from fleet.qc.verdict import verdict
from fleet.stages.attached import opened
from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    MasterPiece,
    Stopped,
    never_stopped,
)
from fleet.stages.generate import load_keyframe, of_size, peak_memory_bytes
from fleet.stages.memory import give_back_large_blocks
from fleet.stages.pipeline import Line
from fleet.stages.products import Products, facts_of, pieces_of
from fleet.stages.shot_plan import ShotPlan, plan_frames_of, plan_shot
from fleet.upscale.base import Upscaler

HANDS: Final = 2
"""Most pairs of frames that are interpolated at once: a slot of the pool has about two cores."""
WORK_BYTES: Final = 256 * 1024 * 1024
"""What pairs may take together while they are at work; one may always."""
_BYTES_A_PIXEL: Final = 135
"""Of a pair, measured for ``flow-refine``, the largest of those that work side by side."""
TELL_EVERY: Final = 12
"""Frames between two words on progress."""
WAITING_BYTES: Final = 12 * 1024 * 1024
"""Frames that wait between two steps are of about this size together; one may always."""
MOST_WAITING: Final = 2
"""More would bridge no longer pause than a step makes, and only hold memory."""


def finish(
    task: FinishTask,
    picture: bytes,
    chunks: Iterable[Chunk],
    interpolator: Interpolator,
    stopped: Stopped = never_stopped,
    *,
    upscaler: Upscaler | None = None,
) -> Iterator[int | MasterPiece | FinishReport | bytes]:
    """As ``Stages.finish``.  Holds some chunks and a few frames, however long the shot is.

    Raises:
        PictureRefused: the bytes are not the picture the shot names; the same for every file that
            its move names.
        BackendFailed: a step failed, frames are not what was asked of the generator, or a product
            is not what was planned.
        EncoderMissing: settings ask for an encoder that this node lacks.
        AttemptStopped: ``stopped`` said so.
    """
    give_back_large_blocks()
    recipe = task.recipe
    keyframe = load_keyframe(recipe, picture, file=task.image_path)
    # The generator's count is given, so its grid no longer matters.
    frames = _frames_of(task)
    plan = plan_shot(recipe, picture=size_of(keyframe), frames=frames)
    inspector = Inspector(
        picture=keyframe,
        expected=_expected(task, plan, keyframe),
        path=plan.path,
        output=plan.clip,
        plan=frames,
        params=recipe.qc,
        holds=interpolator.name == "none",
    )
    counts = Resampling()
    source = recipe.generation_params.model
    with tempfile.TemporaryDirectory(prefix="motionfleet-") as folder:
        with Products(Path(folder), task=task, size=plan.clip, frames=frames.clip) as products:
            line = Line(
                _arriving(chunks, source=source, size=plan.output),
                room=_room(plan.clip),
                ask=partial(_go_on, stopped),
            ).then(
                partial(
                    resample,
                    plan=frames,
                    interpolator=interpolator,
                    report=counts,
                    hands=_hands(plan.output),
                )
            )
            if recipe.upscaling is not None and upscaler is not None:
                line = line.then(
                    partial(_enlarged, upscaler=upscaler, factor=recipe.upscaling.factor)
                )
            line = line.then(partial(_each, inspector.see))
            if products.master is not None:
                line = line.then(partial(_each, products.write_master))
            with line.then(partial(_each, products.write_clip)) as done:
                for index, _ in enumerate(done):
                    if index % TELL_EVERY == 0:
                        yield index
        made = facts_of(products, task=task)
        for piece in pieces_of(made.master_path):
            _go_on(stopped)
            yield piece
        data = products.clip.path.read_bytes()
    checks = (*count_checks(made.probe, frames), *inspector.checks())
    judged, reasons = verdict(checks)
    yield FinishReport(
        framing=plan.framing,
        frames=FrameFacts(
            generated=task.generated,
            generator_fps=recipe.generation_params.fps,
            interpolator=interpolator.name,
            interpolator_weights_sha256=dict(interpolator.weights_sha256),
            interpolated=counts.interpolated,
            cuts=tuple(counts.cuts),
            duplicates=tuple(counts.duplicates),
            upscaler=upscaler.name if upscaler is not None else "",
            upscaler_weights_sha256=dict(upscaler.weights_sha256) if upscaler is not None else {},
            stretch=float(frames.stretch),
        ),
        clip=made.clip,
        master=made.master,
        checks=checks,
        verdict=judged,
        reasons=reasons,
        software=software(),
        peak_memory_bytes=peak_memory_bytes(),
    )
    yield data


def software() -> dict[str, str]:
    """Versions of what makes a clip."""
    return {
        "motionfleet": metadata.version("motionfleet"),
        "opencv": cv2.__version__,
        "pyav": av.__version__,
        "ffmpeg": str(av.ffmpeg_version_info),
    }


def _expected(task: FinishTask, plan: ShotPlan, keyframe: Pixels) -> Expected | None:
    """What the clip is to show; None: its rectangles say it all."""
    move = task.recipe.motion
    if not move.objects and move.depth is None and move.reference is None:
        return None
    named = opened(move, task.attached, picture=size_of(keyframe))
    if named.given is not None:
        return AsGiven(named.given)
    return AsRendered(
        picture=keyframe, path=plan.path, objects=move.objects, masks=named.masks,
        depth=seen_small(named.depth) if named.depth is not None else None, preset=move.preset,
    )  # fmt: skip


def _frames_of(task: FinishTask) -> FramePlan:
    least = FrameGrid().least
    if task.generated < least:
        raise BackendFailed(
            backend=task.recipe.generation_params.model,
            what=f"it made {task.generated} of the at least {least} frames of a move",
        )
    return plan_frames_of(task.recipe, grid=FrameGrid(), num_frames=task.generated)


def _room(size: Size) -> int:
    return max(1, min(MOST_WAITING, WAITING_BYTES // (3 * size.width * size.height)))


def _hands(size: Size) -> int:
    return max(1, min(HANDS, WORK_BYTES // (_BYTES_A_PIXEL * size.width * size.height)))


def _go_on(stopped: Stopped) -> None:
    if stopped():
        raise AttemptStopped(stage=Stage.FINISH.value)


def _arriving(chunks: Iterable[Chunk], *, source: str, size: Size) -> Iterator[Pixels]:
    """Frames one by one, each of them looked at before anything is made of it."""
    index = 0
    for chunk in chunks:
        for each in chunk:
            yield of_size(checked(each, index=index, source=source, like=None), size, index, source)
            index += 1
            del each  # a frame holds its chunk in memory
        del chunk  # not while the next one is fetched


def _enlarged(frames: Iterator[Pixels], *, upscaler: Upscaler, factor: int) -> Iterator[Pixels]:
    for frame in frames:
        yield upscaler.enlarged(frame, factor)


def _each(look: Callable[[int, Pixels], None], frames: Iterator[Pixels]) -> Iterator[Pixels]:
    """The same frames, each of them shown to ``look`` with its number."""
    for index, frame in enumerate(frames):
        look(index, frame)
        yield frame
