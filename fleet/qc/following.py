"""Did the clip do what its move asks for, where that is more than rectangles?

The same two questions as in ``adherence`` and ``frozen``, and the same figures, asked of the
reference (``expected``) instead of the flat picture: frames are placed on what they are to show,
so an exact clip measures next to nothing however its parts move, and a clip that stands still or
moves otherwise is off by as much as it strays.

What a clip is not held to does not count: features are looked for where the reference holds, and
where it holds little of a frame, what strays is told and does not fail the clip.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from companions.geometry import Size
from companions.picture import Pixels
from companions.registration import Grey, Registration, corners_of, sampled_frames
from companions.timing import FramePlan
from companions.video_meta import Check, CheckVerdict
from fleet.qc.adherence import CLEARLY, PLAIN, Sample, judged, likeness, reduced
from fleet.qc.expected import Expected, Shown
from fleet.qc.frozen import ALIKE, OF_PLANNED, VISIBLE, difference, frozen_ratio
from fleet.qc.glance import Glance, luma_of
from fleet.qc.profile import Limits

_HELD: Final = 0.25
"""Share of a frame from which on what it is held to says where all of it lies."""
_PAIRS: Final = 48
"""So many neighbours, spread over the clip, are looked at for frozen frames: those that are alike
have what they should have shown rendered, 30 ms a view."""


class Following:
    """Corner error of sampled frames against the reference at the same moments."""

    def __init__(self, *, expected: Expected, plan: FramePlan, limits: Limits) -> None:
        self._expected, self._plan, self._limits = expected, plan, limits
        self._sampled = sampled_frames(plan.clip)
        self._shown: Shown | None = None
        self._samples: list[Sample] = []

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        if glance.index not in self._sampled:
            return
        frame = reduced(glance.frame)
        if self._shown is None:
            at = [self._plan.clip_fraction(index) for index in self._sampled]
            self._shown = self._expected.shown(at, output=Size(frame.shape[1], frame.shape[0]))
        self._samples.append(self._measure(glance.index, frame, self._shown))

    def checks(self) -> tuple[Check, ...]:
        """``adherence``: the largest corner error of the sampled frames, over the diagonal."""
        return judged(self._samples, limits=self._limits, on=self._expected.told)

    def _measure(self, index: int, frame: Grey, shown: Shown) -> Sample:
        wanted = shown.frame(self._sampled.index(index))
        held, pixels = self._expected.held(wanted), luma_of(wanted.pixels)
        bound = bool((held > 0).mean() >= _HELD)
        registration = Registration(pixels, within=held if bound else None)
        placed = registration.place(frame)
        if placed is None:
            ideal = registration.place(pixels)
            lost = ideal is not None and ideal.inliers >= PLAIN
            return Sample(index, None, lost=lost, bound=bound)
        size = Size(frame.shape[1], frame.shape[0])
        corners = corners_of(size)
        diagonal = float(np.linalg.norm(corners[2] - corners[0]))
        apart = np.linalg.norm(placed.corners(size) - corners, axis=1)
        error = float(apart.mean()) / diagonal
        if error > self._limits.adherence_pass:
            # An accusation, as in adherence: the reference must resemble the frame more there.
            as_wanted = likeness(frame, pixels, np.eye(3))
            if likeness(frame, pixels, placed.matrix) <= as_wanted + CLEARLY:
                return Sample(index, None, bound=bound)
        return Sample(index, error, bound=bound)


class StillWhereMoving:
    """Share of sampled frames that equal the one before, of those where the reference changes."""

    def __init__(self, *, expected: Expected, plan: FramePlan, limits: Limits, holds: bool) -> None:
        """``holds``: the clip repeats generated frames on purpose; those are not counted."""
        self._expected, self._plan, self._limits = expected, plan, limits
        self._pairs = tuple(
            index
            for index in _spread(plan.clip)
            if not (holds and plan.position(index)[0] == plan.position(index - 1)[0])
        )
        self._before: Pixels | None = None
        self._shown: Shown | None = None
        self._moving = 0
        self._frozen: list[int] = []

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        before, self._before = self._before, glance.points
        if before is None or before.shape != glance.points.shape or not self._expected.exact:
            return
        if glance.index not in self._pairs:
            return
        actual = difference(before, glance.points)
        if actual >= ALIKE:
            self._moving += 1
            return
        planned = self._changes(glance)
        if planned >= VISIBLE:
            self._moving += 1
            if actual < OF_PLANNED * planned:
                self._frozen.append(glance.index)

    def checks(self) -> tuple[Check, ...]:
        """``frozen_ratio``: share (0..1) of the frames that should move and do not."""
        if not self._expected.exact:
            detail = f"what should move is told by {self._expected.told}, which is a lossy clip"
            unmeasured = CheckVerdict.UNMEASURED
            return (Check(name="frozen_ratio", verdict=unmeasured, detail=detail),)
        return frozen_ratio(self._frozen, moving=self._moving, limit=self._limits.frozen_ratio)

    def _changes(self, glance: Glance) -> float:
        """How much the reference changes there, in levels, of what it does not invent."""
        if self._shown is None:
            height, width = glance.points.shape[:2]
            at = [
                self._plan.clip_fraction(each)
                for index in self._pairs
                for each in (index - 1, index)
            ]
            self._shown = self._expected.shown(at, output=Size(width, height))
        first = 2 * self._pairs.index(glance.index)
        was, now = self._shown.frame(first), self._shown.frame(first + 1)
        known = (was.invented == 0) & (now.invented == 0)
        return difference(was.pixels[known], now.pixels[known]) if known.any() else 0.0


def _spread(clip: int) -> tuple[int, ...]:
    """Up to ``_PAIRS`` frames that have one before them, spread evenly."""
    count = min(_PAIRS, clip - 1)
    if count < 2:
        return tuple(range(1, clip))
    return tuple(1 + round(i * (clip - 2) / (count - 1)) for i in range(count))
