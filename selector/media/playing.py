"""When which frame of a clip is due, and which to render next; values only."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

AHEAD: Final = 24
"""Frames rendered before they are due: longer than making a new level takes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A clip that plays from one of its frames on.

    Attributes:
        count: frames of the clip.
        fps: its rate.
        first: the frame it plays from.
        looping: whether it goes on at its first frame after its last.
    """

    count: int
    fps: Fraction
    first: int = 0
    looping: bool = False

    def due(self, elapsed_s: float) -> int:
        """The frame to be seen ``elapsed_s`` after the start; the last one when it has ended."""
        # A hair late is on time: a timer set to a frame's moment may come a rounding early.
        at = self.first + math.floor(elapsed_s * float(self.fps) + 1e-6)
        return at % self.count if self.looping else min(at, self.count - 1)

    def ended(self, elapsed_s: float) -> bool:
        """Whether the last frame has had its time."""
        return not self.looping and self.first + elapsed_s * float(self.fps) >= self.count

    def next_in_s(self, elapsed_s: float) -> float:
        """Seconds until another frame is due."""
        passed = math.floor(elapsed_s * float(self.fps) + 1e-6)
        return (passed + 1) / float(self.fps) - elapsed_s


def window(schedule: Schedule, due: int, *, ahead: int = AHEAD) -> list[int]:
    """The frame that is due and those after it, ``ahead`` in all, in the order they are due."""
    frames = range(due, due + min(ahead, schedule.count))
    if schedule.looping:
        return [at % schedule.count for at in frames]
    return [at for at in frames if at < schedule.count]


def to_render(
    soon: Sequence[int], *, fps: Fraction, there: Container[int], takes_s: float, playing: bool
) -> list[int]:
    """Which of the frames that are due soon to render now, the most urgent first.

    A clip that plays aims ahead by the time a frame takes: one that would be late is left out, so
    a slow machine shows every n-th frame, each in its moment.
    """
    lead = math.ceil(takes_s * float(fps)) if playing else 0
    return [at for at in soon[lead:] if at not in there]
