"""The second stage: interpolate, check and encode as one stream; only the clip leaves the node."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import av
import cv2

from companions import names
from companions.geometry import Size
from companions.picture import Pixels
from companions.timing import FrameGrid
from companions.video_meta import ClipFacts, FrameFacts
from fleet.encode.clip import ClipWriter
from fleet.encode.probe import ClipProbe, probe_clip
from fleet.errors import AttemptStopped
from fleet.interpolate.base import Interpolator
from fleet.interpolate.resample import Resampling, resample
from fleet.jobs.model import Stage
from fleet.qc.counts import count_checks
from fleet.qc.inspector import Inspector
from fleet.qc.verdict import verdict
from fleet.stages.base import Chunk, FinishReport, FinishTask, Stopped, never_stopped
from fleet.stages.generate import load_keyframe, peak_memory_bytes
from fleet.stages.shot_plan import plan_frames_of, plan_shot

TELL_EVERY: Final = 12
"""Frames between two words on progress."""


def finish(
    task: FinishTask,
    picture: bytes,
    chunks: Iterable[Chunk],
    interpolator: Interpolator,
    stopped: Stopped = never_stopped,
) -> Iterator[int | FinishReport | bytes]:
    """As ``Stages.finish``.  Holds a chunk of frames, never the whole shot.

    Raises:
        PictureRefused: the bytes are not the picture the shot names.
        BackendFailed: interpolator or encoder failed, or the clip is not what was planned.
        AttemptStopped: ``stopped`` said so.
    """
    recipe = task.recipe
    keyframe = load_keyframe(recipe, picture, file=task.image_path)
    # The generator's count is given, so its grid no longer matters.
    frames = plan_frames_of(recipe, grid=FrameGrid(), num_frames=task.generated)
    plan = plan_shot(recipe, picture=Size(keyframe.shape[1], keyframe.shape[0]), frames=frames)
    inspector = Inspector(
        picture=keyframe,
        path=plan.path,
        output=plan.output,
        plan=frames,
        params=recipe.qc,
        holds=interpolator.name == "none",
    )
    counts = Resampling()
    clip_name = Path(names.clip_of(task.image_path)).name
    with tempfile.TemporaryDirectory(prefix="motionfleet-") as folder:
        path = Path(folder) / "clip.mp4"
        writer = ClipWriter(
            path,
            size=plan.output,
            rate=recipe.interpolation.target_fps,
            params=recipe.encode,
            title=Path(names.stem_of(task.image_path)).name,
            threads=task.encode_threads,
        )
        with writer:
            stream = resample(_one_by_one(chunks), frames, interpolator, report=counts)
            for index, frame in enumerate(stream):
                if stopped():
                    raise AttemptStopped(stage=Stage.FINISH.value)
                inspector.see(index, frame)
                writer.write(frame)
                if index % TELL_EVERY == 0:
                    yield index
        probe = probe_clip(path)
        data = path.read_bytes()
    checks = (*count_checks(probe, frames), *inspector.checks())
    judged, reasons = verdict(checks)
    yield FinishReport(
        framing=plan.framing,
        frames=FrameFacts(
            generated=task.generated,
            generator_fps=recipe.generation_params.fps,
            interpolator=interpolator.name,
            interpolated=counts.interpolated,
            cuts=tuple(counts.cuts),
            stretch=float(frames.stretch),
        ),
        clip=_clip_facts(probe, file=clip_name, encoder=writer.encoder),
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


def _one_by_one(chunks: Iterable[Chunk]) -> Iterator[Pixels]:
    for chunk in chunks:
        yield from chunk


def _clip_facts(probe: ClipProbe, *, file: str, encoder: str) -> ClipFacts:
    return ClipFacts(
        file=file,
        sha256=probe.sha256,
        size_bytes=probe.size_bytes,
        frames=probe.frames,
        fps=probe.rate,
        duration_sec=float(probe.duration_s),
        width=probe.width,
        height=probe.height,
        codec=probe.codec,
        encoder=encoder,
    )
