"""Frames and rates: duration is a promise, whatever grid a generator can make.

A clip has exactly ``round(duration_sec * target_fps)`` frames.  Its i-th frame shows the move at
``i / target_fps`` seconds and its last frame shows END exactly.  Rates are rationals, so
23.976 fps is 24000/1001 and an hour of it does not drift.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Final

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from companions.base import portable

MIN_RATE: Final = Fraction(1)
MAX_RATE: Final = Fraction(240)

_BROADCAST: Final = {
    Fraction("23.976"): Fraction(24000, 1001),
    Fraction("23.98"): Fraction(24000, 1001),
    Fraction("29.97"): Fraction(30000, 1001),
    Fraction("47.952"): Fraction(48000, 1001),
    Fraction("59.94"): Fraction(60000, 1001),
    Fraction("119.88"): Fraction(120000, 1001),
}
# Eight digits: 239.99999 fps, the widest rate there is, is written "23999999/100000".
_RATIO = re.compile(r"^([1-9][0-9]{0,7})/([1-9][0-9]{0,7})$")


def parse_rate(value: object) -> Fraction:
    """A frame rate from ``24``, ``12.5``, ``23.976`` or ``"24000/1001"``.

    The broadcast spellings (23.976, 29.97, 59.94, ...) mean their exact rationals.

    Raises:
        ValueError: not a rate, or outside 1..240.
    """
    rate: Fraction
    if isinstance(value, Fraction):
        rate = value
    elif isinstance(value, bool):
        raise ValueError("a rate is a number such as 24, or text such as '24000/1001'")
    elif isinstance(value, int):
        rate = Fraction(value)
    elif isinstance(value, float) and math.isfinite(value):
        exact = Fraction(repr(value))
        rate = _BROADCAST.get(exact, exact)
    elif isinstance(value, str) and (match := _RATIO.fullmatch(value)):
        rate = Fraction(int(match[1]), int(match[2]))
    else:
        raise ValueError("a rate is a number such as 24, or text such as '24000/1001'")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ValueError("a rate lies between 1 and 240 frames per second")
    if rate.denominator > 100_000:
        raise ValueError("a rate has at most five decimals; write it as a ratio: '24000/1001'")
    return rate


def rate_value(rate: Fraction) -> int | str:
    """``rate`` as the contract spells it: ``24`` or ``"24000/1001"``."""
    if rate.denominator == 1:
        return rate.numerator
    return f"{rate.numerator}/{rate.denominator}"


Rate = Annotated[
    Fraction,
    PlainValidator(parse_rate),
    PlainSerializer(rate_value, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 1, "maximum": 240},
                {"type": "string", "pattern": portable(_RATIO.pattern)},
            ]
        }
    ),
]
"""Frames per second, 1..240: a number, or an exact ratio as text."""


def exact_seconds(duration_s: float) -> Fraction:
    """The decimal a person wrote, exactly: 0.1 is 1/10 and not the nearest double."""
    return Fraction(repr(float(duration_s)))


def clip_frames(*, duration_s: float, target_fps: Fraction) -> int:
    """The number of frames of the finished clip (Python's ``round``: halves to even)."""
    return round(exact_seconds(duration_s) * target_fps)


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """The frame counts a generator can make: ``step * n + offset``, up to ``most``."""

    step: int = 1
    offset: int = 0
    most: int | None = None
    least: int = 2

    def at_least(self, frames: int) -> int:
        """The smallest count on the grid that is >= ``frames``, or the largest there is."""
        frames = max(frames, self.least)
        n = math.ceil((frames - self.offset) / self.step)
        count = self.step * n + self.offset
        if self.most is not None and count > self.most:
            return self.step * ((self.most - self.offset) // self.step) + self.offset
        return count

    def holds(self, frames: int) -> bool:
        """Whether ``frames`` is a count this generator can make."""
        in_range = self.least <= frames and (self.most is None or frames <= self.most)
        return in_range and (frames - self.offset) % self.step == 0

    def __str__(self) -> str:
        grid = f"{self.step}n+{self.offset}" if self.step > 1 else "any count"
        return grid if self.most is None else f"{grid}, at most {self.most}"


@dataclass(frozen=True, slots=True)
class FramePlan:
    """How many frames are generated, at which instants, and where each clip frame falls.

    Attributes:
        clip: frames of the finished clip.
        instants: seconds into the move of each generated frame, rising; those past the end of
            the move are held at its end.
        target_fps: the clip's rate.
        stretch: clip time per generator time; 1 unless the generator cannot make enough frames.
    """

    clip: int
    instants: tuple[Fraction, ...]
    target_fps: Fraction
    stretch: Fraction

    @property
    def generated(self) -> int:
        """How many frames the generator makes."""
        return len(self.instants)

    @property
    def last_instant(self) -> Fraction:
        """Seconds at which the clip's last frame shows."""
        return Fraction(self.clip - 1) / self.target_fps

    def move_fraction(self, index: int) -> float:
        """The fraction (0..1) of the move that generated frame ``index`` shows."""
        if self.clip == 1:
            return 0.0
        return float(self.instants[index] / self.last_instant)

    def clip_fraction(self, index: int) -> float:
        """The fraction (0..1) of the move that clip frame ``index`` shows."""
        return index / (self.clip - 1) if self.clip > 1 else 0.0

    def position(self, index: int) -> tuple[int, float]:
        """Where clip frame ``index`` falls: after generated frame j, at the fraction f in [0, 1).

        ``f == 0`` exactly when the clip frame coincides with generated frame j.
        """
        at = Fraction(index) / self.target_fps
        j = _last_not_after(self.instants, at)
        if self.instants[j] == at or j + 1 == len(self.instants):
            return j, 0.0
        return j, self.fraction(index, before=j, after=j + 1)

    def fraction(self, index: int, *, before: int, after: int) -> float:
        """How far clip frame ``index`` is on the way (0..1) between two generated frames.

        The two show different instants, and the clip frame's instant lies between theirs.
        """
        start, end = self.instants[before], self.instants[after]
        return float((Fraction(index) / self.target_fps - start) / (end - start))


def plan_frames(
    *,
    duration_s: float,
    target_fps: Fraction,
    generator_fps: Fraction,
    grid: FrameGrid,
    num_frames: int | None = None,
) -> FramePlan:
    """The frames to generate for one clip.

    Generated frame j shows the instant j / generator_fps, held at the end of the move.  Where
    ``num_frames`` (or the grid's most) is too few to reach the end, the frames are spread evenly
    over the whole move instead; ``stretch`` says by how much.

    Raises:
        ValueError: the clip would have no frame, or ``num_frames`` is off the grid.
    """
    clip = clip_frames(duration_s=duration_s, target_fps=target_fps)
    if clip < 1:
        raise ValueError("the clip would have no frame: lengthen duration_sec or raise target_fps")
    if num_frames is not None and not grid.holds(num_frames):
        near = grid.at_least(num_frames)
        raise ValueError(f"this generator makes {grid}; the nearest count is {near}")
    last = Fraction(clip - 1) / target_fps
    needed = math.ceil(last * generator_fps) + 1
    count = num_frames if num_frames is not None else grid.at_least(needed)
    stretch = Fraction(1)
    if count < needed:
        stretch = last * generator_fps / (count - 1)
    step = stretch / generator_fps
    instants = tuple(min(j * step, last) for j in range(count))
    return FramePlan(clip=clip, instants=instants, target_fps=target_fps, stretch=stretch)


def _last_not_after(instants: tuple[Fraction, ...], at: Fraction) -> int:
    low, high = 0, len(instants)
    while high - low > 1:
        middle = (low + high) // 2
        if instants[middle] <= at:
            low = middle
        else:
            high = middle
    # Frames held at the end of the move share one instant; the first of them stands for all.
    while low > 0 and instants[low - 1] == instants[low]:
        low -= 1
    return low
