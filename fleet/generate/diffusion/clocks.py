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


def window(clocks: Clocks, noise: Sequence[float]) -> Window:
    """The steps of a schedule whose noise comes nearest to the clocks'.

    Args:
        clocks: as fractions of noise.
        noise: the fraction that is left before each step of the schedule, falling from at most 1;
            what is left after the last is 0.

    At least one step is left to run.
    """
    begin = _nearest(clocks.weak, noise)
    return Window(begin, max(begin, _nearest(clocks.strong, [*noise, 0.0])))


def clocks(steps: Window, noise: Sequence[float]) -> Clocks:
    """What ``steps`` of a schedule mean as fractions of noise; ``noise`` as in ``window``."""
    left = [*noise, 0.0]
    return Clocks(weak=left[steps.begin], strong=left[steps.end])


def _nearest(fraction: float, noise: Sequence[float]) -> int:
    return min(range(len(noise)), key=lambda k: abs(noise[k] - fraction))
