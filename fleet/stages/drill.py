"""Stages that only take time, or fail on command: for measuring the dispatcher and for proving
that it survives.  They make nothing worth watching.
"""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final, final

import numpy as np

from companions.video_manifest import Codec
from companions.video_meta import ClipFacts, FrameFacts, FramingUsed, ModelUsed, Verdict
from fleet.errors import AttemptStopped, BackendFailed
from fleet.jobs.progress import Progress
from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    GenerateReport,
    GenerateTask,
    Stopped,
    Tell,
    untold,
)
from fleet.stages.generate import CHUNK_FRAMES

CLIP = b"drill"
"""What stands in for a clip."""
HOUR_S: Final = 3600.0
STEP_S: Final = 0.05
"""How often a stage looks whether it was called off."""


@final
class CudaOutOfMemoryError(RuntimeError):
    """Stands in for torch's, which is told by its name and its base."""


CudaOutOfMemoryError.__name__ = "OutOfMemoryError"


class Trouble(StrEnum):
    """What can happen to a stage."""

    FLAKY = "flaky"  #: a known error that is worth another try
    BUG = "bug"  #: an error nobody foresaw
    KILLED = "killed"  #: the worker dies of SIGKILL
    MEMORY = "memory"  #: the worker runs out of memory
    CUDA = "cuda"  #: the GPU's memory is full, but for the plan ``fast``
    DISK = "disk"  #: no space for temporary files
    HANG = "hang"  #: nothing happens any more, and nothing is heard
    SLOW = "slow"  #: it takes an hour, but it stops when it is told


@dataclass(frozen=True, slots=True)
class Fault:
    """``trouble`` at ``stage`` of a shot, on its first ``times`` attempts; with ``node``, on the
    node of that name only."""

    stage: str
    trouble: Trouble
    times: int = 1_000_000
    node: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """``Stages`` that take the given seconds; ``faults`` by the picture's stem, ``*`` for all.

    Attributes:
        generate_s: seconds that generating takes.
        finish_s: seconds that finishing takes.
        frames, width, height: what is generated, in frames of noise; by default next to nothing.
    """

    generate_s: float = 0.0
    finish_s: float = 0.0
    faults: Mapping[str, Fault] = field(default_factory=dict)
    frames: int = 1
    width: int = 2
    height: int = 2

    @property
    def models(self) -> tuple[str, ...]:
        """None: it loads nothing."""
        return ()

    def generate(
        self,
        task: GenerateTask,
        picture: bytes,  # noqa: ARG002
        stopped: Stopped,
        tell: Tell = untold,
    ) -> Iterator[Chunk | GenerateReport]:
        """Frames of noise, after ``generate_s``, step by step."""
        _take(self.generate_s, stopped, stage="generate", tell=tell)
        chance = np.random.default_rng(task.recipe.generation_params.seed)
        size = (self.height, self.width, 3)
        for begin in range(0, self.frames, CHUNK_FRAMES):
            count = min(CHUNK_FRAMES, self.frames - begin)
            yield chance.integers(0, 255, (count, *size), dtype=np.uint8)
        self._befall("generate", task, stopped)
        yield GenerateReport(
            model=ModelUsed(
                name="drill", revision="1", licence="Apache-2.0", memory_plan=task.memory_plan
            ),
            generated=max(2, self.frames),
        )

    def finish(
        self,
        task: FinishTask,
        picture: bytes,  # noqa: ARG002
        chunks: Iterable[Chunk],
        stopped: Stopped,
    ) -> Iterator[int | FinishReport | bytes]:
        """A few bytes in place of a clip, after ``finish_s``."""
        received = sum(len(chunk) for chunk in chunks)
        _take(self.finish_s, stopped, stage="finish")
        self._befall("finish", task, stopped)
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

    def _befall(self, stage: str, task: GenerateTask | FinishTask, stopped: Stopped) -> None:
        fault = self.faults.get(PurePosixPath(task.image_path).stem, self.faults.get("*"))
        if fault is None or fault.stage != stage or task.attempt > fault.times:
            return
        if fault.node not in {"", task.node}:
            return
        self._suffer(fault.trouble, stage, task, stopped)

    @staticmethod
    def _suffer(
        trouble: Trouble, stage: str, task: GenerateTask | FinishTask, stopped: Stopped
    ) -> None:
        match trouble:
            case Trouble.FLAKY:
                raise BackendFailed(backend="drill", what="it was told to")
            case Trouble.BUG:
                raise ZeroDivisionError("drill")
            case Trouble.KILLED:
                os.kill(os.getpid(), signal.SIGKILL)
            case Trouble.MEMORY:
                raise MemoryError
            case Trouble.CUDA:
                if getattr(task, "memory_plan", "") != "fast":
                    raise CudaOutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
            case Trouble.DISK:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case Trouble.HANG:
                time.sleep(HOUR_S)
            case Trouble.SLOW:
                _take(HOUR_S, stopped, stage=stage)


def _take(seconds: float, stopped: Stopped, *, stage: str, tell: Tell = untold) -> None:
    """Let that time pass, but no longer than until it is called off."""
    if seconds <= STEP_S:
        time.sleep(seconds)
        return
    end, steps = time.monotonic() + seconds, round(seconds / STEP_S)
    while (left := end - time.monotonic()) > 0.0:
        if stopped():
            raise AttemptStopped(stage=stage)
        time.sleep(min(STEP_S, left))
        tell(Progress(max(0, steps - round(max(0.0, end - time.monotonic()) / STEP_S)), steps))
