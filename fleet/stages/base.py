"""What travels to a worker and back: tasks, chunks of frames, reports.

``Stages`` is what a worker can do.  ``work.Work`` does it; ``drill.Drill`` only takes time, for
measuring the dispatcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from fleet.jobs.progress import Progress

Stopped = Callable[[], bool]
"""Whether the attempt was told to stop; asked between frames or steps."""


Tell = Callable[[Progress], None]
"""Told how far an attempt is, whenever a step that takes long is done."""


def untold(progress: Progress) -> None:
    """For attempts that nobody follows."""
    del progress


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
class Pieces:
    """How a shot is made that takes several goes; said before the first frame.

    Attributes:
        count: how many pieces there are.
        made_by: what makes them, as a hash: pieces are parts of one clip only if it is equal.
        there: the numbers (from 0) of those the task said are there, and that can be used.
        independent: whether they can be made in any order, by several workers at once.
    """

    count: int
    made_by: str
    there: tuple[int, ...]
    independent: bool


@dataclass(frozen=True, slots=True)
class PieceEnd:
    """A piece is made: the frames since the last such word are final, and are its own.

    Attributes:
        number: which piece it is, from 0.
        frames: how many frames that is.
        tail: how many frames come next that are not final: the next piece begins with them, and
            whoever makes it needs them.
        model: what made it.
    """

    number: int
    frames: int
    tail: int
    model: ModelUsed


@dataclass(frozen=True, slots=True)
class KeptPieces:
    """What of a shot was made by an earlier attempt and need not be made again.

    Attributes:
        made_by: as ``Pieces.made_by``.
        there: the numbers of the pieces.
        tail: the frames with which the piece after the last of the first ones begins, if that
            piece left any.
        model: what made them, if that is known.
    """

    made_by: str
    there: tuple[int, ...]
    tail: Chunk | None = None
    model: ModelUsed | None = None


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
    attached: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """The files that the move names, by path: masks, a depth map, a given reference."""
    kept: KeptPieces | None = field(default=None, compare=False)
    """Pieces that are there already."""
    only: int | None = None
    """How many pieces to make at most, the first ones that are not there; None: all."""


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
    attached: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """As in ``GenerateTask``: the clip is held against what they ask for."""


class GenerateReport(Closed):
    """What generating a shot came to."""

    model: ModelUsed
    """The generator."""
    generated: int
    """Frames made."""
    helped_seconds: float = 0.0
    """What other workers spent on pieces of it; they are paid for, and in no attempt's time."""
    peak_memory_bytes: int = 0
    """The most memory that the worker held so far: of its GPU, if it has used one."""


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
    """The most memory that the worker held so far: of its GPU, if it has used one."""


class Stages(Protocol):
    """The work of both pools.  Picklable; errors are ``MotionfleetError`` where they are known."""

    @property
    def models(self) -> Sequence[str]:
        """Backends that are loaded, most recently used first."""
        ...

    def generate(
        self, task: GenerateTask, picture: bytes, stopped: Stopped, tell: Tell = untold
    ) -> Iterator[Pieces | Chunk | PieceEnd | GenerateReport]:
        """Yield the shot's frames in chunks, in order, and last the report.

        A shot that takes several goes begins with ``Pieces``, and ``PieceEnd`` follows the frames
        of each.  Where that says so, one chunk more follows it, of frames that are not final.

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
