"""Stages that only take time, or fail on command: for measuring the dispatcher and for proving
that it survives.  They make nothing worth watching.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

import numpy as np

from companions.video_manifest import Codec
from companions.video_meta import ClipFacts, FrameFacts, FramingUsed, ModelUsed, Verdict
from fleet.errors import BackendFailed
from fleet.stages.base import Chunk, FinishReport, FinishTask, GenerateReport, GenerateTask

CLIP = b"drill"
"""What stands in for a clip."""


class Trouble(StrEnum):
    """What can happen to a stage."""

    FLAKY = "flaky"  #: a known error that is worth another try
    BUG = "bug"  #: an error nobody foresaw
    KILLED = "killed"  #: the worker dies of SIGKILL
    MEMORY = "memory"  #: the worker runs out of memory
    HANG = "hang"  #: nothing happens any more


@dataclass(frozen=True, slots=True)
class Fault:
    """``trouble`` at ``stage`` of a shot, on its first ``times`` attempts."""

    stage: str
    trouble: Trouble
    times: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Drill:
    """``Stages`` that take the given seconds; ``faults`` by the picture's stem."""

    generate_s: float = 0.0
    finish_s: float = 0.0
    faults: Mapping[str, Fault] = field(default_factory=dict)

    def generate(
        self,
        task: GenerateTask,
        picture: bytes,  # noqa: ARG002
    ) -> Iterator[Chunk | GenerateReport]:
        """One grey frame, after ``generate_s``."""
        time.sleep(self.generate_s)
        yield np.zeros((1, 2, 2, 3), dtype=np.uint8)
        self._befall("generate", task)
        yield GenerateReport(
            model=ModelUsed(name="drill", revision="1", licence="Apache-2.0"), generated=2
        )

    def finish(
        self,
        task: FinishTask,
        picture: bytes,  # noqa: ARG002
        chunks: Iterable[Chunk],
    ) -> Iterator[int | FinishReport | bytes]:
        """A few bytes in place of a clip, after ``finish_s``."""
        received = sum(len(chunk) for chunk in chunks)
        time.sleep(self.finish_s)
        self._befall("finish", task)
        recipe = task.recipe
        yield FinishReport(
            framing=FramingUsed(
                start_rect=recipe.motion.start_rect,
                end_rect=recipe.motion.end_rect,
                keyframe_rects=tuple(stop.rect for stop in recipe.motion.keyframes),
                grown=False,
            ),
            frames=FrameFacts(
                generated=received, generator_fps=recipe.generation_params.fps,
                interpolator="drill", interpolated=0,
            ),
            clip=ClipFacts(
                file=f"{PurePosixPath(task.image_path).stem}.mp4",
                sha256=hashlib.sha256(CLIP).hexdigest(), size_bytes=len(CLIP),
                frames=received, fps=recipe.interpolation.target_fps, duration_sec=0.0,
                width=2, height=2, codec=Codec.H264, encoder="drill",
            ),
            checks=(),
            verdict=Verdict.PASS,
        )  # fmt: skip
        yield CLIP

    def _befall(self, stage: str, task: GenerateTask | FinishTask) -> None:
        fault = self.faults.get(PurePosixPath(task.image_path).stem)
        if fault is None or fault.stage != stage or task.attempt > fault.times:
            return
        match fault.trouble:
            case Trouble.FLAKY:
                raise BackendFailed(backend="drill", what="it was told to")
            case Trouble.BUG:
                raise ZeroDivisionError("drill")
            case Trouble.KILLED:
                os.kill(os.getpid(), signal.SIGKILL)
            case Trouble.MEMORY:
                raise MemoryError
            case Trouble.HANG:
                time.sleep(3600.0)
