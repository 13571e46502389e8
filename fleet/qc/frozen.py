"""Frozen frames: the clip stands still where the plan moves.

A still move is right to stand still, and so is a window gliding over a clear sky.  So a frame
that resembles the one before is compared with what the plan would have changed there, and only
then counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from companions.geometry import Size
from companions.picture import Pixels
from companions.timing import FramePlan
from companions.video_meta import Check, CheckVerdict
from fleet.qc.glance import Glance
from fleet.qc.keyframe import PlannedShot
from fleet.qc.profile import Limits

_MOVES_PX: Final = 0.1
"""Planned shift, in frame pixels, from which a frame is expected to differ."""
ALIKE: Final = 1.0
"""Mean difference (levels) below which a frame may be frozen and the plan is asked."""
VISIBLE: Final = 0.1
"""Mean difference (levels) that the plan must promise; below, standing still shows nothing."""
OF_PLANNED: Final = 0.2
"""Share of the planned difference below which a frame is frozen."""


class Frozen:
    """Share of frames that equal the one before, of those whose window moves."""

    def __init__(
        self, *, shot: PlannedShot, plan: FramePlan, output: Size, limits: Limits, holds: bool
    ) -> None:
        """``holds``: the clip repeats generated frames on purpose; those are not counted."""
        self._shot, self._plan, self._output, self._limits = shot, plan, output, limits
        self._holds = holds
        self._before: Pixels | None = None
        self._moving = 0
        self._frozen: list[int] = []

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        before, self._before = self._before, glance.points
        if before is None or before.shape != glance.points.shape:
            return
        i = glance.index
        u0, u1 = self._plan.clip_fraction(i - 1), self._plan.clip_fraction(i)
        if self._shot.shift_px(u0, u1, output=self._output) < _MOVES_PX or self._repeats(i):
            return
        self._moving += 1
        actual = difference(before, glance.points)
        if actual >= ALIKE:
            return
        planned = self._planned_difference(u0, u1, glance.points)
        if planned >= VISIBLE and actual < OF_PLANNED * planned:
            self._frozen.append(i)

    def checks(self) -> tuple[Check, ...]:
        """``frozen_ratio``: share (0..1) of the frames that should move and do not."""
        return frozen_ratio(self._frozen, moving=self._moving, limit=self._limits.frozen_ratio)

    def _repeats(self, index: int) -> bool:
        if not self._holds:
            return False
        return self._plan.position(index)[0] == self._plan.position(index - 1)[0]

    def _planned_difference(self, u0: float, u1: float, like: Pixels) -> float:
        height, width = like.shape[:2]
        views = []
        for u in (u0, u1):
            # Single points and not averages, as in the frames themselves.
            matrix = self._shot.map_at(u, output=Size(width, height))
            views.append(
                cv2.warpAffine(
                    self._shot.pixels,
                    matrix,
                    (width, height),
                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                    borderMode=cv2.BORDER_REPLICATE,
                )
            )
        return difference(np.asarray(views[0]), np.asarray(views[1]))


def frozen_ratio(frozen: Sequence[int], *, moving: int, limit: float) -> tuple[Check, ...]:
    """``frozen_ratio``: share (0..1) of the frames that should move and do not."""
    ratio = len(frozen) / moving if moving else 0.0
    return (
        Check(
            name="frozen_ratio",
            value=ratio,
            threshold=limit,
            verdict=CheckVerdict.FAIL if ratio > limit else CheckVerdict.PASS,
            detail=f"{len(frozen)} of {moving} frames that should move stand still",
        ),
    )


def difference(a: Pixels, b: Pixels) -> float:
    """Mean absolute difference in levels."""
    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size
