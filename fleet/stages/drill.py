"""Stages that only take time: for measuring the dispatcher, and for nothing else."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from companions.video_manifest import Codec
from companions.video_meta import ClipFacts, FrameFacts, FramingUsed, ModelUsed, Verdict
from fleet.stages.base import Chunk, FinishReport, FinishTask, GenerateReport, GenerateTask

_CLIP = b"drill"


@dataclass(frozen=True, slots=True)
class Drill:
    """``Stages`` that take the given seconds and make nothing worth watching."""

    generate_s: float = 0.0
    finish_s: float = 0.0

    def generate(
        self,
        task: GenerateTask,  # noqa: ARG002
        picture: bytes,  # noqa: ARG002
    ) -> Iterator[Chunk | GenerateReport]:
        """One grey frame, after ``generate_s``."""
        time.sleep(self.generate_s)
        yield np.zeros((1, 2, 2, 3), dtype=np.uint8)
        yield GenerateReport(
            model=ModelUsed(name="drill", revision="1", licence="Apache-2.0"), generated=2
        )

    def finish(
        self,
        task: FinishTask,
        picture: bytes,
        chunks: Iterable[Chunk],  # noqa: ARG002
    ) -> tuple[FinishReport, bytes]:
        """A few bytes in place of a clip, after ``finish_s``."""
        received = sum(len(chunk) for chunk in chunks)
        time.sleep(self.finish_s)
        motion = task.recipe.motion
        report = FinishReport(
            framing=FramingUsed(
                start_rect=motion.start_rect, end_rect=motion.end_rect, grown=False
            ),
            frames=FrameFacts(
                generated=received, generator_fps=task.recipe.generation_params.fps,
                interpolator="drill", interpolated=0,
            ),
            clip=ClipFacts(
                file="drill.mp4", sha256=hashlib.sha256(_CLIP).hexdigest(), size_bytes=len(_CLIP),
                frames=received, fps=task.recipe.interpolation.target_fps, duration_sec=0.0,
                width=2, height=2, codec=Codec.H264, encoder="drill",
            ),
            checks=(),
            verdict=Verdict.PASS,
        )  # fmt: skip
        return report, _CLIP
