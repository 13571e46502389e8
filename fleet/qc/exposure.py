"""Brightness: black frames, flicker, and frames that jump out of their neighbours.

Limits as the trade uses them: a frame is black when 98 % of it lies below 10 % (FFmpeg's
``blackdetect``); a single frame that differs by half is a flash frame; a third from one frame to
the next deserves a look.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from companions.geometry import Size
from companions.picture import Pixels
from companions.timing import FramePlan
from companions.video_meta import Check, CheckVerdict
from fleet.qc.expected import Expected, Shown
from fleet.qc.glance import Glance, luma_of
from fleet.qc.keyframe import PlannedShot
from fleet.qc.profile import Limits

_BLACK_LEVEL: Final = 25
"""Luma up to which a pixel is black: 10 %."""
_BLACK_SHARE: Final = 0.98
_TINY: Final = 4
"""Whether a frame is planned to be black shows at a quarter of a glance's size."""
_DARK_FLOOR: Final = 32.0
"""Luma below which changes are not taken relative: noise in a night scene is no flash."""


class Black:
    """Share of black frames, those not counted that the plan itself shows black."""

    def __init__(
        self,
        *,
        shot: PlannedShot,
        plan: FramePlan,
        limits: Limits,
        expected: Expected | None = None,
    ) -> None:
        """``expected``: what the clip is to show instead of the flat picture."""
        self._shot, self._plan, self._limits = shot, plan, limits
        self._expected = expected
        self._shown: Shown | None = None
        self._seen = 0
        self._black: list[int] = []

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        self._seen += 1
        if not _is_black(glance.grey):
            return
        planned = self._planned(glance)
        if not _is_black(luma_of(planned)):
            self._black.append(glance.index)

    def checks(self) -> tuple[Check, ...]:
        """``black_ratio``: share (0..1) of frames that are black where the picture is not."""
        if not self._seen:
            return ()
        ratio = len(self._black) / self._seen
        fails = ratio > self._limits.black_ratio
        return (
            Check(
                name="black_ratio",
                value=ratio,
                threshold=self._limits.black_ratio,
                verdict=CheckVerdict.FAIL if fails else CheckVerdict.PASS,
                detail=_named("black", self._black),
            ),
        )

    def _planned(self, glance: Glance) -> Pixels:
        height, width = glance.grey.shape
        if self._expected is None:
            u = self._plan.clip_fraction(glance.index)
            return self._shot.view(u, output=Size(width, height))
        if self._shown is None:
            # All of them at once, and tiny: any may be asked for, and a given clip is decoded once.
            at = [self._plan.clip_fraction(index) for index in range(self._plan.clip)]
            tiny = Size(max(1, width // _TINY), max(1, height // _TINY))
            self._shown = self._expected.shown(at, output=tiny)
        return self._shown.frame(glance.index).pixels


class Brightness:
    """Mean luma over time: flicker, flash frames, steps.  Keeps one number per frame."""

    def __init__(self, *, limits: Limits) -> None:
        self._limits = limits
        self._luma: list[float] = []

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        self._luma.append(glance.luma)

    def checks(self) -> tuple[Check, ...]:
        """``luma_flicker`` (levels), ``brightness_swing`` and ``brightness_step`` (shares)."""
        if len(self._luma) < 3:
            return ()
        luma = np.array(self._luma)
        flicker = float(np.abs(np.diff(luma, n=2)).mean())
        swings = _swings(self._luma)
        steps = [abs(b - a) / max(a, b, _DARK_FLOOR) for a, b in pairwise(self._luma)]
        swing, step = max(swings), max(steps)
        limits = self._limits
        flashing = [i for i, s in enumerate(swings) if s > limits.brightness_swing]
        return (
            Check(
                name="luma_flicker",
                value=flicker,
                threshold=limits.luma_flicker,
                verdict=_warn(flicker > limits.luma_flicker),
                detail=f"brightness pumps by {flicker:.2f} of 255 levels per frame",
            ),
            Check(
                name="brightness_swing",
                value=swing,
                threshold=limits.brightness_swing,
                verdict=CheckVerdict.FAIL if flashing else CheckVerdict.PASS,
                detail=_named("flash", flashing),
            ),
            Check(
                name="brightness_step",
                value=step,
                threshold=limits.brightness_step,
                verdict=_warn(step > limits.brightness_step),
                detail=f"largest step before frame {steps.index(step) + 1}",
            ),
        )


def _swings(luma: list[float]) -> list[float]:
    """How far each frame jumps out of its neighbours, over the brighter neighbour.

    The first and last frame have one neighbour: a clip that opens on a burnt frame is caught.
    """
    swings: list[float] = []
    for i, level in enumerate(luma):
        near = [luma[j] for j in (i - 1, i + 1) if 0 <= j < len(luma)]
        apart = [level - other for other in near]
        same_side = min(apart) > 0 or max(apart) < 0
        swings.append(min(map(abs, apart)) / max(*near, _DARK_FLOOR) if same_side else 0.0)
    return swings


def _is_black(grey: Pixels) -> bool:
    return bool((grey <= _BLACK_LEVEL).mean() >= _BLACK_SHARE)


def _warn(over: bool) -> CheckVerdict:  # noqa: FBT001
    return CheckVerdict.WARN if over else CheckVerdict.PASS


def _named(what: str, frames: list[int]) -> str:
    if not frames:
        return f"no {what} frame"
    shown = ", ".join(map(str, frames[:8]))
    more = f" and {len(frames) - 8} more" if len(frames) > 8 else ""
    return f"{what}: frame{'s' if len(frames) > 1 else ''} {shown}{more}"
