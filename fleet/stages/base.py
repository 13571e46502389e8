"""What travels to a worker and back: tasks, chunks of frames, reports.

``Stages`` is what a worker can do.  ``work.Work`` does it; ``drill.Drill`` only takes time, for
measuring the dispatcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import Field

from companions.base import Closed
from companions.video_manifest import Recipe
from companions.video_meta import (
    Check,
    ClipFacts,
    FrameFacts,
    FramingUsed,
    MasterFacts,
    ModelUsed,
    Reason,
    Verdict,
)

Stopped = Callable[[], bool]
"""Whether the attempt was told to stop; asked between frames or steps."""


def never_stopped() -> bool:
    """For attempts that nobody can stop."""
    return False


Chunk = npt.NDArray[np.uint8]
"""Consecutive frames, (frames, height, width, 3) uint8 sRGB."""


@dataclass(frozen=True, slots=True)
class MasterPiece:
    """Consecutive bytes of a master, which may be too large for the memory of one machine."""

    data: bytes


@dataclass(frozen=True, slots=True)
class GenerateTask:
    """One shot to generate; the picture's bytes travel beside it."""

    shot_id: str
    image_path: str
    recipe: Recipe
    attempt: int
    memory_plan: str = ""
    """The memory plan to use, of those the recipe allows; empty: the generator's own."""
    node: str = ""
    """Name of the node it is done on."""


@dataclass(frozen=True, slots=True)
class FinishTask:
    """One shot to finish: interpolate, check, encode."""

    shot_id: str
    image_path: str
    recipe: Recipe
    attempt: int
    generated: int
    encode_threads: int
    node: str = ""
    """Name of the node it is done on."""
    encoder: Literal["software", "nvenc", "auto"] = "software"
    """What encodes the clip, as ``Settings.encoder``."""


class GenerateReport(Closed):
    """What generating a shot came to."""

    model: ModelUsed
    """The generator."""
    generated: int
    """Frames made."""
    peak_memory_bytes: int = 0
    """Largest resident memory of the worker so far."""


class FinishReport(Closed):
    """What finishing a shot came to."""

    framing: FramingUsed
    """Rectangles as rendered."""
    frames: FrameFacts
    """Frame counts."""
    clip: ClipFacts
    """The clip, as measured on the encoded file."""
    master: MasterFacts | None = None
    """The master, as measured on the file; null: none was asked for."""
    checks: tuple[Check, ...]
    """Every quality figure."""
    verdict: Verdict
    """What follows from them."""
    reasons: tuple[Reason, ...] = ()
    """Why, unless it is a plain pass."""
    software: dict[str, str] = Field(default_factory=dict)
    """Versions of what made it."""
    peak_memory_bytes: int = 0
    """Largest resident memory of the worker so far."""


class Stages(Protocol):
    """The work of both pools.  Picklable; errors are ``MotionfleetError`` where they are known."""

    @property
    def models(self) -> Sequence[str]:
        """Backends that are loaded, most recently used first."""
        ...

    def generate(
        self, task: GenerateTask, picture: bytes, stopped: Stopped
    ) -> Iterator[Chunk | GenerateReport]:
        """Yield the shot's frames in chunks, in order, and last the report.

        Raises:
            AttemptStopped: ``stopped`` said so.
        """
        ...

    def finish(
        self, task: FinishTask, picture: bytes, chunks: Iterable[Chunk], stopped: Stopped
    ) -> Iterator[int | MasterPiece | FinishReport | bytes]:
        """Yield now and then how many frames are done; the master's pieces, if the recipe asks for
        one; then the report; last the clip's bytes.

        Raises:
            AttemptStopped: ``stopped`` said so.
        """
        ...
