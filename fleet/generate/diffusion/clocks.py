"""The two clocks of Time-to-Move (arXiv 2511.08633), as noise and as steps of a schedule.

Denoising starts at the weak clock: all of the frame is the reference with so much noise.  Until
the strong clock the masked part is put back to the reference after every step.  The authors give
both as step numbers of one schedule; how much noise is left at a step depends on the schedule, on
its shift and on its number of steps.  So clocks are stated as the fraction of noise that is left,
1 at pure noise and 0 at the clip, and become steps of whatever schedule runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Clocks:
    """How much noise is left when denoising starts, and when the reference lets go.

    Attributes:
        weak: where denoising starts, 0..1.
        strong: until where the masked part is held, 0..weak.
    """

    weak: float
    strong: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.strong <= self.weak <= 1.0:
            raise ValueError(
                f"clocks run from 1 to 0, the weak one first: {self.weak:g}, {self.strong:g}"
            )


@dataclass(frozen=True, slots=True)
class Window:
    """The steps of one schedule: ``begin`` is the first that runs, from ``end`` on nothing is
    held.  0 <= begin <= end <= steps, and at least one step runs."""

    begin: int
    end: int

    def within(self, steps: int) -> Window:
        """The same, for a schedule of ``steps``.

        Raises:
            ValueError: they are no steps of it, or come in the wrong order.
        """
        if not 0 <= self.begin <= self.end <= steps or self.begin >= steps:
            raise ValueError(
                f"steps {self.begin} and {self.end} are no window of a schedule of {steps}: "
                f"0 <= tweak_index <= tstrong_index <= {steps}, and one step must be left"
            )
        return self


@dataclass(frozen=True, slots=True)
class AtNoise:
    """When so much noise is left, 0..1; 0: at the end, after the last step."""

    share: float

    def step(self, noise: Sequence[float]) -> int:
        """The step of a schedule before which the noise comes nearest to it; their number for the
        end.  ``noise`` as in ``window``."""
        return _nearest(self.share, [*noise, 0.0])


@dataclass(frozen=True, slots=True)
class AtStep:
    """Before one step of the schedule, whatever noise it has; their number: after the last."""

    index: int

    def step(self, noise: Sequence[float]) -> int:
        """``index``, which is for ``Window.within`` to check."""
        del noise
        return self.index


Moment = AtNoise | AtStep
"""When, in the course of denoising."""

END: Final = AtNoise(0.0)
"""After the last step: what is held until then comes out as it was put in."""


def window(start: Moment, until: Moment, noise: Sequence[float]) -> Window:
    """The steps of a schedule at which two moments come.

    Noise comes at the step that has the nearest; but one step is left to run, and what is to be
    held for a while is held for one step at least, where so few steps leave none in between.

    Args:
        start: when denoising begins.
        until: when what is held is let go; before ``start``: nothing is held.
        noise: the fraction that is left before each step of the schedule, falling from at most 1;
            what is left after the last is 0.
    """
    begin = start.step(noise)
    if isinstance(start, AtNoise):
        begin = min(begin, len(noise) - 1)
    end = max(begin, until.step(noise))
    if isinstance(until, AtNoise) and end == begin and begin < len(noise):
        left = start.share if isinstance(start, AtNoise) else noise[begin]
        end += until.share < left
    return Window(begin, end)


def clocks(steps: Window, noise: Sequence[float]) -> Clocks:
    """What ``steps`` of a schedule mean as fractions of noise; ``noise`` as in ``window``."""
    left = [*noise, 0.0]
    return Clocks(weak=left[steps.begin], strong=left[steps.end])


def _nearest(fraction: float, noise: Sequence[float]) -> int:
    return min(range(len(noise)), key=lambda k: abs(noise[k] - fraction))
