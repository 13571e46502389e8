"""From the generator's frames to exactly the clip's frames.

The plan says at which instant each generated frame and each clip frame falls.  A clip frame that
coincides with a generated one is that frame, byte for byte; between two frames of one scene the
interpolator is asked; across a scene cut nothing is invented, the nearer frame is held.  A frame
that repeats the one before amid a motion is passed over: what falls on it or beside it is made
from its neighbours at their own instants.  A clip slower than its generator is no special case:
its frames are those of their instants, and none is dropped by number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from companions.picture import Pixels
from companions.timing import FramePlan
from fleet.errors import BackendFailed
from fleet.interpolate.base import Interpolator
from fleet.interpolate.cuts import cut_evidence
from fleet.interpolate.duplicates import Sketch, repeats
from fleet.interpolate.hands import Between, made_in_order
from fleet.interpolate.none import Hold

AT_ONCE: Final = 8
"""Most clip frames asked of an interpolator at once.  Two frames may be spread over a minute; all
that lies between them would not fit into memory.  Usual rates need no more than this."""


@dataclass(slots=True)
class Resampling:
    """What ``resample`` did, filled in while it runs and complete when its iterator ends.

    Attributes:
        taken: generated frames read.
        passed: clip frames that are generated frames, untouched.
        interpolated: clip frames that the interpolator made.
        held: clip frames repeated from the nearer generated frame, because of a cut.
        cuts: indices of the generated frames that begin a new scene; only pairs that had to be
            interpolated are examined.
        duplicates: indices of the generated frames that repeat the one before amid a motion and
            were passed over; never the first or the last that the clip shows.
    """

    taken: int = 0
    passed: int = 0
    interpolated: int = 0
    held: int = 0
    cuts: list[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)


def resample(
    frames: Iterator[Pixels],
    plan: FramePlan,
    interpolator: Interpolator,
    *,
    source: str = "the generator",
    report: Resampling | None = None,
    hands: int = 1,
) -> Iterator[Pixels]:
    """Yield exactly ``plan.clip`` frames, in order; three generated frames are held at a time,
    and for each pair at work its two and at most ``AT_ONCE`` made ones.

    Args:
        frames: ``plan.generated`` frames of one size, (height, width, 3) uint8; those that come
            from outside went through ``fleet.frames.checked``.
        plan: which instants they show and which are wanted.
        interpolator: makes what is between them.  With ``none`` the clip steps as its generator
            does, and a repeated frame is not looked for.
        source: the maker of ``frames``, for messages.
        report: filled in.
        hands: pairs at work at once, of an interpolator that takes more than one.

    Raises:
        BackendFailed: ``frames`` has fewer or more frames than planned.
    """
    done = report if report is not None else Resampling()
    taken = _Taken(frames, planned=plan.generated, source=source, report=done)
    asked = _asked(taken, plan, steps=interpolator.name == Hold.name)
    yield from made_in_order(asked, interpolator, hands=hands)


def _asked(taken: _Taken, plan: FramePlan, *, steps: bool) -> Iterator[Pixels | Between]:
    """The clip in order: frames that are there, and between them what is to be made."""
    window = _Window(taken, plan, steps=steps)
    index = 0
    while index < plan.clip:
        window.reach(plan.position(index)[0])
        fractions: list[float] = []
        while index < plan.clip and plan.position(index)[0] < window.end:
            fractions.append(window.fraction(index))
            index += 1
        for _ in range(fractions.count(0.0)):
            taken.report.passed += 1
            yield window.current
        wanted = [fraction for fraction in fractions if fraction > 0.0]
        if wanted:
            yield from _between(window, wanted, taken.report)
    taken.finish()


def _between(
    window: _Window, fractions: list[float], done: Resampling
) -> Iterator[Pixels | Between]:
    before, after = window.current, window.following()
    # Where a repeated frame lies between, it was asked already.
    if not window.passes_over and cut_evidence(before, after).is_cut:
        done.cuts.append(window.end)
        done.held += len(fractions)
        yield from (before if fraction < 0.5 else after for fraction in fractions)
        return
    done.interpolated += len(fractions)
    for first in range(0, len(fractions), AT_ONCE):
        yield Between(before, after, fractions[first : first + AT_ONCE])


class _Window:
    """The frame at or before the wanted instant, and the next that is not passed over.

    Attributes:
        current: frame ``index``; a frame that is passed over is never current.
        end: index of the next frame that is not passed over.
    """

    def __init__(self, frames: _Taken, plan: FramePlan, *, steps: bool) -> None:
        self._frames, self._plan, self._steps = frames, plan, steps
        self._last = plan.instants.index(plan.last_instant)
        self._ahead: deque[Pixels] = deque()
        self._sketches: deque[Sketch] = deque(maxlen=4)
        self.index = 0
        self.current = self._take()
        self.end = 1

    @property
    def passes_over(self) -> bool:
        """Whether the frame after the current one is passed over."""
        return self.end == self.index + 2

    def reach(self, index: int) -> None:
        """Go on until frame ``index`` is current or, where it is passed over, the one before."""
        while self.end <= index:
            self.following()
            while self.index < self.end:
                self.current = self._ahead.popleft()
                self.index += 1
            self.end = self.index + 1
            if self._following_repeats():
                self._frames.report.duplicates.append(self.end)
                self.end += 1

    def following(self) -> Pixels:
        """Frame ``end``."""
        self._look(self.end - self.index)
        return self._ahead[self.end - self.index - 1]

    def fraction(self, index: int) -> float:
        """How far clip frame ``index`` is from ``current`` to ``following``, in [0, 1)."""
        at, fraction = self._plan.position(index)
        if at == self.index and fraction == 0.0:
            return 0.0
        return self._plan.fraction(index, before=self.index, after=self.end)

    def _following_repeats(self) -> bool:
        # Asked from frame 1 on and up to two before the one that shows the end of the move: a
        # frame lies on either side of the two that may be one, and neither end is passed over.
        if self._steps or self.index + 2 > self._last:
            return False
        self._look(2)
        return repeats(*self._sketches)

    def _look(self, ahead: int) -> None:
        while len(self._ahead) < ahead:
            self._ahead.append(self._take())

    def _take(self) -> Pixels:
        frame = self._frames.take()
        if not self._steps:
            self._sketches.append(Sketch.of(frame))
        return frame


class _Taken:
    """The generated frames, counted as they are taken."""

    def __init__(
        self, frames: Iterator[Pixels], *, planned: int, source: str, report: Resampling
    ) -> None:
        self._frames, self._planned, self._source = frames, planned, source
        self.report = report

    def take(self) -> Pixels:
        """The next frame."""
        frame = next(self._frames, None)
        count = self.report.taken
        if frame is None:
            raise BackendFailed(
                backend=self._source, what=f"it made {count} of {self._planned} frames"
            )
        self.report.taken += 1
        return frame

    def finish(self) -> None:
        """Take what no clip frame needs, so that a source of the wrong length is not missed."""
        while self.report.taken < self._planned:
            self.take()
        if next(self._frames, None) is not None:
            raise BackendFailed(
                backend=self._source, what=f"it made more than the {self._planned} frames planned"
            )
