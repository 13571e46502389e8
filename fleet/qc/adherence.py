"""Did the camera follow the operator's rectangles?

About nine frames, the first and last among them, are placed on the keyframe and their corners
held against the planned window's: mean distance over the window's diagonal.  An exact render
measures 0.0002, half the zoom 0.13, a clip that never moves 0.24.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.camera import Affine
from companions.geometry import Size
from companions.picture import Pixels
from companions.registration import (
    LONGEST_PX,
    MIN_INLIERS,
    PICTURE_PX,
    Grey,
    Registration,
    planned_corners,
    sampled_frames,
)
from companions.timing import FramePlan
from companions.video_meta import Check, CheckVerdict
from fleet.qc.glance import Glance, luma_of
from fleet.qc.keyframe import PlannedShot
from fleet.qc.profile import Limits

PLAIN: Final = 3 * MIN_INLIERS
"""Features that must agree in a perfect frame before a frame without any is called lost."""
_SMALL: Final = 160
"""Longest side at which two placements are compared by eye, so to speak."""
CLEARLY: Final = 0.02
"""By how much the found placement must resemble the frame better than the planned one does."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame: its corner error, or why there is none."""

    index: int
    error: float | None
    lost: bool = False
    bound: bool = True
    """Whether it counts against the clip; else it is only told."""


class Adherence:
    """Corner error of sampled frames against the planned windows."""

    def __init__(self, *, shot: PlannedShot, plan: FramePlan, output: Size, limits: Limits) -> None:
        self._shot = shot.at_most(_searched_px(shot, plan, matched(output)))
        self._plan, self._output, self._limits = plan, output, limits
        self._sampled = sampled_frames(plan.clip)
        self._keyframe: Grey = luma_of(self._shot.pixels)
        self._registration: Registration | None = None
        self._samples: list[Sample] = []

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        if glance.index not in self._sampled:
            return
        if self._registration is None:
            self._registration = Registration(self._keyframe)
        frame = reduced(glance.frame)
        self._samples.append(self._measure(glance.index, frame, self._registration))

    def checks(self) -> tuple[Check, ...]:
        """``adherence``: the largest corner error of the sampled frames, over the diagonal."""
        return judged(self._samples, limits=self._limits, on="the picture")

    def _measure(self, index: int, frame: Grey, registration: Registration) -> Sample:
        size = Size(frame.shape[1], frame.shape[0])
        u = self._plan.clip_fraction(index)
        plan = self._shot.map_at(u, output=size)
        placed = registration.place(frame)
        if placed is None:
            # A blank wall cannot be placed even in a perfect clip; that is not the clip's fault.
            ideal = registration.place(luma_of(self._shot.view(u, output=size)))
            return Sample(index, None, lost=ideal is not None and ideal.inliers >= PLAIN)
        wanted = planned_corners(plan, size)
        diagonal = float(np.linalg.norm(wanted[2] - wanted[0]))
        apart = np.linalg.norm(placed.corners(size) - wanted, axis=1)
        error = float(apart.mean()) / diagonal
        if error > self._limits.adherence_pass and not self._believed(frame, placed.matrix, plan):
            return Sample(index, None)
        return Sample(index, error)

    def _believed(self, frame: Grey, found: npt.NDArray[np.float64], plan: Affine) -> bool:
        """Whether the keyframe seen as found resembles the frame more than seen as planned.

        To say that a clip strays is an accusation: matches that agree by accident (a sky's noise,
        a fence's repeats) must not raise it.
        """
        planned = np.vstack([plan, [0.0, 0.0, 1.0]])
        return likeness(frame, self._keyframe, found) > (
            likeness(frame, self._keyframe, planned) + CLEARLY
        )


def _searched_px(shot: PlannedShot, plan: FramePlan, frame: Size) -> int:
    """Longest side of the keyframe that has no more detail than frames of size ``frame`` where the
    camera is closest: they are placed up to three times as exactly as on a finer one, and a
    search costs memory by the pixel.
    """
    steps = (
        np.hypot(*shot.map_at(plan.clip_fraction(index), output=frame)[:, :2])
        for index in sampled_frames(plan.clip)
    )
    closest = min(float(step.min()) for step in steps)
    height, width = shot.pixels.shape[:2]
    detailed: int = round(max(height, width) / closest)
    return min(PICTURE_PX, max(1, detailed))


def reduced(frame: Pixels) -> Grey:
    """``frame``, (height, width, 3) uint8 sRGB, as it is placed: luma, at most 480 px."""
    height, width = frame.shape[:2]
    size = matched(Size(width, height))
    if size.width < width:
        small = cv2.resize(frame, (size.width, size.height), interpolation=cv2.INTER_AREA)
        frame = np.asarray(small, dtype=np.uint8)
    return luma_of(frame)


def matched(frame: Size) -> Size:
    """The size at which a frame is placed."""
    ratio = min(1.0, LONGEST_PX / max(frame.width, frame.height))
    return Size(max(1, round(frame.width * ratio)), max(1, round(frame.height * ratio)))


def judged(samples: Sequence[Sample], *, limits: Limits, on: str) -> tuple[Check, ...]:
    """``adherence``: the largest corner error of the sampled frames, over the diagonal; ``on`` is
    what they were placed on."""
    if not samples:
        return ()
    measured = [(s.error, s.index) for s in samples if s.error is not None]
    lost = [s.index for s in samples if s.lost]
    worst, at = max(measured, default=(None, 0))
    parts = [f"{len(measured)} of {len(samples)} sampled frames placed on {on}"]
    if worst is not None:
        parts.append(f"worst is frame {at}")
    if lost:
        parts.append(f"{on} is not recognisable in frames {', '.join(map(str, lost))}")
    held_lost = sum(s.lost and s.bound for s in samples)
    strays = any(
        s.bound and s.error is not None and s.error > limits.adherence_fail for s in samples
    )
    if strays or held_lost * 2 > len(samples):
        verdict = CheckVerdict.FAIL
    elif (worst is not None and worst > limits.adherence_pass) or lost:
        verdict = CheckVerdict.WARN
    elif len(measured) * 2 < len(samples):
        verdict = CheckVerdict.UNMEASURED
        parts.append(f"{on} has too little texture")
    else:
        verdict = CheckVerdict.PASS
    failed = verdict is CheckVerdict.FAIL
    return (
        Check(
            name="adherence",
            value=worst,
            threshold=limits.adherence_fail if failed else limits.adherence_pass,
            verdict=verdict,
            detail="; ".join(parts),
        ),
    )


def likeness(frame: Grey, seen_of: Grey, matrix: npt.NDArray[np.float64]) -> float:
    """Correlation (-1..1) of the frame with ``seen_of`` seen through ``matrix``."""
    height, width = frame.shape
    ratio = max(1.0, max(height, width) / _SMALL)
    w, h = max(8, round(width / ratio)), max(8, round(height / ratio))
    to_frame = np.array(
        [
            [width / w, 0.0, 0.5 * width / w - 0.5],
            [0.0, height / h, 0.5 * height / h - 0.5],
            [0.0, 0.0, 1.0],
        ]
    )
    seen = cv2.warpPerspective(
        seen_of,
        matrix @ to_frame,
        (w, h),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float64)
    small = cv2.resize(frame, (w, h), interpolation=cv2.INTER_AREA).astype(np.float64)
    seen -= seen.mean()
    small -= small.mean()
    scale = float(np.linalg.norm(seen) * np.linalg.norm(small))
    return float((seen * small).sum()) / scale if scale > 0.0 else 0.0
