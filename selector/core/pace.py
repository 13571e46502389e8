"""How fast a move looks: the fastest point on the frame, and the zoom, at their peaks.

Both are added up along the move first, as the way that has been gone at the fraction u of its time:
frame widths for points, doublings of size for the zoom.  The steepest rise of that way over the
time of one frame is the peak.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from companions.camera import CameraPath, Stop, turned_corners, turning
from companions.easing import Easing, eased
from companions.geometry import Rect, Size

FRAME_S: Final = 1.0 / 24.0
"""Speeds are averaged over this time: what an eye sees of a jump is the step between frames."""
_STEPS: Final = 64
_NEARLY_ONE: Final = 1e-6
_STEP_DEG: Final = 1.0
"""Turning legs are followed in steps of at most this: the way is then right to 0.01 %."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pace:
    """A move's peaks: frame widths per second, and doublings of size per second."""

    widths_per_s: float
    octaves_per_s: float


def peak_pace(path: CameraPath, *, picture: Size, duration_s: float) -> Pace:
    """The peaks of ``path`` over a picture of that size, done in ``duration_s`` seconds."""
    if len(path.stops) == 2 and not path.turns:
        slope = steepest_progress(path.easing, duration_s=duration_s)
        return Pace(
            widths_per_s=_reach(path.start, path.end, picture=picture) * slope / duration_s,
            octaves_per_s=abs(math.log2(path.end.width / path.start.width)) * slope / duration_s,
        )
    ways = [_Way.of(a, b, picture=picture) for a, b in pairwise(path.stops)]
    widths = np.cumsum([0.0, *(way.widths[-1] for way in ways)])
    octaves = np.cumsum([0.0, *(way.octaves for way in ways)])

    def gone(moments: _Floats) -> _Floats:
        """Frame widths and octaves since START at each of the moments, (n, 2)."""
        places = [path.leg(u) for u in moments.tolist()]
        legs, shares = (np.array(column) for column in zip(*places, strict=True))
        made = np.empty((len(places), 2))
        for leg, way in enumerate(ways):
            here = legs == leg
            made[here, 0] = widths[leg] + np.interp(shares[here], way.shares, way.widths)
            made[here, 1] = octaves[leg] + way.octaves * shares[here]
        return made

    step = min(FRAME_S / duration_s, 1.0)
    starts = _starts((stop.at for stop in path.stops), step=step)
    peak = (gone(starts + step) - gone(starts)).max(axis=0) / step / duration_s
    return Pace(widths_per_s=float(peak[0]), octaves_per_s=float(peak[1]))


@lru_cache(maxsize=256)
def steepest_progress(easing: Easing, *, duration_s: float) -> float:
    """The greatest slope of progress over time, both 0..1, between frames of a 24 fps clip."""
    step = min(FRAME_S / duration_s, 1.0)
    starts = _starts((), step=step).tolist()
    return max((eased(easing, u + step) - eased(easing, u)) / step for u in starts)


def _starts(stops: Iterable[float], *, step: float) -> _Floats:
    """Moments from which to follow a move for ``step``: at its stops, and everywhere between.

    Twice a frame at least: a curve may do most of its way within one.
    """
    between = np.linspace(0.0, 1.0, max(_STEPS, math.ceil(2.0 / step)) + 1) * (1.0 - step)
    around = [at - before for at in stops for before in (0.0, step)]
    return np.asarray(np.clip(np.concatenate([between, around]), 0.0, 1.0 - step))


def _reach(a: Rect, b: Rect, *, picture: Size) -> float:
    """Peak speed of any point on the frame, in frame widths per unit of eased progress.

    A picture point seen at corner i of the window moves across the frame at the corner's speed
    over the window's width.  On the camera's path both scale with k**t, so the quotient is
    constant over the move: |corner step| * ln(k) / (k - 1) / first width.  Inside the frame the
    speed is a mean of the corners', hence never faster.
    """
    k = b.width / a.width
    pace = (1.0 if abs(k - 1.0) < _NEARLY_ONE else math.log(k) / (k - 1.0)) / a.width
    upright = picture.height / picture.width
    across = max(abs(b.x1 - a.x1), abs(b.x2 - a.x2))
    down = max(abs(b.y1 - a.y1), abs(b.y2 - a.y2)) * upright
    return math.hypot(across, down) * pace


@dataclass(frozen=True, slots=True)
class _Way:
    """The way gone on one leg: at ``shares`` of it the frame widths, and its octaves in all."""

    shares: _Floats
    widths: _Floats
    octaves: float

    @classmethod
    def of(cls, a: Stop, b: Stop, *, picture: Size) -> _Way:
        octaves = abs(math.log2(b.rect.width / a.rect.width))
        turn = b.rotation_deg - a.rotation_deg
        # Without a turn the speed is the same all along the leg: two ends tell all.
        steps = 1 if turn == 0.0 else max(_STEPS, math.ceil(abs(turn) / _STEP_DEG))
        shares = np.arange(steps + 1) / steps
        speeds = _speeds(a, b, shares, picture=picture)
        widths = np.cumsum([0.0, *((speeds[1:] + speeds[:-1]) / 2.0 / steps)])
        return cls(shares=shares, widths=widths, octaves=octaves)


def _speeds(a: Stop, b: Stop, shares: _Floats, *, picture: Size) -> _Floats:
    """Speed of the fastest corner at each of ``shares`` of the leg, in frame widths per leg.

    The corners are middle + turn * offset, and each of the three changes; as in ``_reach`` a
    picture point seen there crosses the frame as fast as the corner crosses the picture.
    """
    k = b.rect.width / a.rect.width
    is_slide = abs(k - 1.0) < _NEARLY_ONE
    size = np.power(k, shares)
    pace = size if is_slide else size * (math.log(k) / (k - 1.0))
    done = shares if is_slide else (size - 1.0) / (k - 1.0)
    first, last = (turned_corners(stop.rect, 0.0, picture=picture) for stop in (a, b))
    shift = (last.mean(axis=0) - first.mean(axis=0)) * pace[:, None]
    before, after = first - first.mean(axis=0), last - last.mean(axis=0)
    offset = before + (after - before) * done[:, None, None]
    growth = (after - before) * pace[:, None, None]
    across = offset @ turning(90.0).T * math.radians(b.rotation_deg - a.rotation_deg)
    angles = np.radians(a.rotation_deg + (b.rotation_deg - a.rotation_deg) * shares)[:, None]
    x, y = (growth + across)[..., 0], (growth + across)[..., 1]
    velocity_x = shift[:, :1] + x * np.cos(angles) - y * np.sin(angles)
    velocity_y = shift[:, 1:] + x * np.sin(angles) + y * np.cos(angles)
    fastest = np.hypot(velocity_x, velocity_y).max(axis=1)
    return np.asarray(fastest / (a.rect.width * size * picture.width))
