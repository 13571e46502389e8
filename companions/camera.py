"""Camera moves: one function from time to window, for the desk's preview and the fleet alike.

A move is a chain of *legs* between its stops (START, the keyframes, END).  On a leg with the width
ratio k = w1 / w0, at the share t of it, the window's width is w0 * k**t, so zoom speed is constant,
while its corners travel the straight lines between the two rectangles' corners, re-timed by
s(t) = (k**t - 1) / (k - 1).  Because each corner stays on its line, the window never leaves the
picture when all rectangles are inside it.  (Linear corners without the re-timing speed up threefold
over a threefold push-in; the optimal path of van Wijk & Nuij 2003 leaves the picture.)

The share t of a leg is the share of the eased time between its stops that has passed.  The window
is turned about its middle, in pixels, so that it stays a rectangle of the output's aspect; its
angle is linear in eased time.  A turned window may leave the picture: ask ``overhang``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from companions.easing import Easing, eased
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import MotionKeyframe, Move, Rotation

Affine = npt.NDArray[np.float64]
"""A 2x3 matrix."""
Corners = npt.NDArray[np.float64]
"""(4, 2), or (n, 4, 2): corners in picture pixels, the picture's own corner being (0, 0);
clockwise from the window's top left."""

_NEARLY_ONE: Final = 1e-6
_NO_TIME: Final = 1e-9
"""Eased time between two stops below which a leg is spread over real time: a curve this flat would
never arrive at the second."""
_STEP_DEG: Final = 0.25
"""Turning windows are looked at this often: in between, a corner 4000 pixels from the middle
strays 0.01 pixels from where both looks say it is."""
_LEAST_STEPS: Final = 256
_ROUNDING_PX: Final = 1e-3
"""Less than this outside the picture is arithmetic."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the camera is at one moment of its move.

    Attributes:
        at: when, as a fraction (0..1) of the move's time.
        progress: the same in eased time, 0..1.
        rect: the window before it is turned.
        rotation_deg: how far it is turned, degrees clockwise about its middle.
    """

    at: float
    progress: float
    rect: Rect
    rotation_deg: float


@dataclass(frozen=True, slots=True)
class Overhang:
    """How far a move leaves its picture.

    Attributes:
        px: the furthest that any corner of any window lies outside, in picture pixels; 0 inside.
        leg: the leg on which it does, counted from START.
    """

    px: float
    leg: int


@dataclass(frozen=True, slots=True)
class CameraPath:
    """One move over rectangles of equal pixel aspect.

    Attributes:
        start, end: the window at both ends.
        easing: how the time of the whole move is spent.
        keyframes: stops between them, in the order of time.
        rotation: how far the window is turned at both ends; None is upright.
        stops: START, each keyframe and END, with what the above comes down to.
    """

    start: Rect
    end: Rect
    easing: Easing
    keyframes: tuple[MotionKeyframe, ...] = ()
    rotation: Rotation | None = None
    stops: tuple[Stop, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stops", _stops(self))

    @classmethod
    def of(cls, move: Move, *, picture: Size, output: Size) -> Self:
        """The path of ``move`` as it is rendered: every rectangle grown to the output's aspect.

        Raises:
            ValueError: as ``fit_aspect``.
        """

        def fitted(rect: Rect) -> Rect:
            return fit_aspect(rect, picture=picture, output=output)

        return cls(
            start=fitted(move.start_rect),
            end=fitted(move.end_rect),
            easing=move.easing,
            keyframes=tuple(
                stop.model_copy(update={"rect": fitted(stop.rect)}) for stop in move.keyframes
            ),
            rotation=move.rotation,
        )

    @property
    def turns(self) -> bool:
        """Whether the window is turned anywhere."""
        return any(stop.rotation_deg != 0.0 for stop in self.stops)

    def leg(self, u: float) -> tuple[int, float]:
        """Where the camera is at ``u``: leg i (from stop i to stop i + 1) and its share, 0..1."""
        if u <= 0.0:
            return 0, 0.0
        if u >= 1.0:
            return len(self.stops) - 2, 1.0
        i = bisect_right(self.stops, u, key=_moment) - 1
        a, b = self.stops[i], self.stops[i + 1]
        if b.progress - a.progress < _NO_TIME:
            return i, (u - a.at) / (b.at - a.at)
        share = (eased(self.easing, u) - a.progress) / (b.progress - a.progress)
        return i, min(1.0, max(0.0, share))

    def window(self, u: float) -> Rect:
        """The window at the fraction ``u`` (0..1) of the move's time, before it is turned.

        Exact at every stop.
        """
        return self._window_on(*self.leg(u))

    def rotation_deg(self, u: float) -> float:
        """How far the window is turned at ``u``: degrees clockwise about its middle."""
        return self._degrees_on(*self.leg(u))

    def corners(self, u: float, *, picture: Size) -> Corners:
        """Where the corners of the (turned) window lie at ``u``, (4, 2)."""
        leg, share = self.leg(u)
        return turned_corners(
            self._window_on(leg, share), self._degrees_on(leg, share), picture=picture
        )

    def output_to_picture(self, u: float, *, picture: Size, output: Size) -> Affine:
        """Map output pixel centres to picture pixel centres at time fraction ``u``.

        Both use the convention that pixel (0, 0)'s centre has the coordinates (0, 0), as OpenCV.
        """
        leg, share = self.leg(u)
        window, degrees = self._window_on(leg, share), self._degrees_on(leg, share)
        sx = window.width * picture.width / output.width
        sy = window.height * picture.height / output.height
        if degrees == 0.0:
            return np.array(
                [
                    [sx, 0.0, window.x1 * picture.width + 0.5 * sx - 0.5],
                    [0.0, sy, window.y1 * picture.height + 0.5 * sy - 0.5],
                ],
                dtype=np.float64,
            )
        turn = turning(degrees) * (sx, sy)
        cx, cy = window.centre
        there = np.array([cx * picture.width - 0.5, cy * picture.height - 0.5])
        here = np.array([0.5 * output.width - 0.5, 0.5 * output.height - 0.5])
        return np.column_stack([turn, there - turn @ here])

    def bounds(self, *, picture: Size) -> tuple[float, float, float, float]:
        """The box around every window of the move, ``(x1, y1, x2, y2)`` in picture fractions.

        Within the picture, unless a turned window leaves it.
        """
        rects = np.array([stop.rect.root for stop in self.stops])
        if not self.turns:
            low, high = rects[:, :2].min(axis=0), rects[:, 2:].max(axis=0)
        else:
            size = (picture.width, picture.height)
            every = np.concatenate([_corners_along(a, b, picture) for a, b in pairwise(self.stops)])
            low, high = every.min(axis=(0, 1)) / size, every.max(axis=(0, 1)) / size
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def overhang(self, *, picture: Size) -> Overhang:
        """How far the move leaves a picture of that size.

        Every stop is looked at exactly, turning windows besides at least every quarter degree.
        """
        worst = Overhang(0.0, 0)
        if not self.turns:
            return worst
        for leg, (a, b) in enumerate(pairwise(self.stops)):
            corners = _corners_along(a, b, picture)
            beyond = float(np.maximum(-corners, corners - (picture.width, picture.height)).max())
            if beyond > max(worst.px, _ROUNDING_PX):
                worst = Overhang(beyond, leg)
        return worst

    def _window_on(self, leg: int, share: float) -> Rect:
        start, end = self.stops[leg].rect, self.stops[leg + 1].rect
        s = progress_on_line(end.width / start.width, share)
        if s <= 0.0:
            return start
        if s >= 1.0:
            return end  # a + (b - a) need not be b in floating point
        a, b = start.root, end.root
        return Rect.of(
            a[0] + (b[0] - a[0]) * s,
            a[1] + (b[1] - a[1]) * s,
            a[2] + (b[2] - a[2]) * s,
            a[3] + (b[3] - a[3]) * s,
        )

    def _degrees_on(self, leg: int, share: float) -> float:
        a, b = self.stops[leg].rotation_deg, self.stops[leg + 1].rotation_deg
        return b if share >= 1.0 else a + (b - a) * share


def turning(degrees: float) -> npt.NDArray[np.float64]:
    """The matrix that turns (x, y) clockwise, as seen with y pointing down; 2x2."""
    angle = math.radians(degrees)
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def turned_corners(rect: Rect, degrees: float, *, picture: Size) -> Corners:
    """The corners of ``rect``, turned clockwise about its middle, in a picture's pixels, (4, 2)."""
    x1, y1, x2, y2 = rect.root
    upright = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]) * (picture.width, picture.height)
    if degrees == 0.0:
        return upright
    middle = upright.mean(axis=0)
    return np.asarray(middle + (upright - middle) @ turning(degrees).T)


def progress_on_line(k: float, t: float) -> float:
    """How far (0..1) along their lines the corners are at eased time ``t``; width ratio ``k``."""
    if t <= 0.0 or t >= 1.0 or abs(k - 1.0) < _NEARLY_ONE:
        return t
    return float(np.expm1(t * np.log(k)) / (k - 1.0))


def _stops(path: CameraPath) -> tuple[Stop, ...]:
    rotation = path.rotation or Rotation()
    marks: list[tuple[float, Rect, float | None]] = [
        (0.0, path.start, rotation.start_deg),
        *((stop.at, stop.rect, stop.rotation_deg) for stop in path.keyframes),
        (1.0, path.end, rotation.end_deg),
    ]
    ats = [at for at, _, _ in marks]
    progress = [eased(path.easing, at) for at in ats]
    stated = [i for i, (_, _, degrees) in enumerate(marks) if degrees is not None]
    turns = [degrees or 0.0 for _, _, degrees in marks]
    for i, j in pairwise(stated):
        clock = progress if progress[j] - progress[i] >= _NO_TIME else ats
        for between in range(i + 1, j):
            share = (clock[between] - clock[i]) / (clock[j] - clock[i])
            turns[between] = turns[i] + (turns[j] - turns[i]) * share
    return tuple(
        Stop(at=at, progress=p, rect=rect, rotation_deg=degrees)
        for (at, rect, _), p, degrees in zip(marks, progress, turns, strict=True)
    )


def _moment(stop: Stop) -> float:
    return stop.at


def _corners_along(a: Stop, b: Stop, picture: Size) -> Corners:
    """Corners of the windows from one stop to the next, (n, 4, 2), both stops exactly.

    The corners of a window that does not turn further travel straight lines: its ends tell all.
    """
    first = turned_corners(a.rect, a.rotation_deg, picture=picture)
    last = turned_corners(b.rect, b.rotation_deg, picture=picture)
    turn = b.rotation_deg - a.rotation_deg
    if turn == 0.0:
        return np.stack([first, last])
    steps = max(_LEAST_STEPS, math.ceil(abs(turn) / _STEP_DEG))
    k = b.rect.width / a.rect.width
    t = np.arange(1, steps) / steps
    s = t if abs(k - 1.0) < _NEARLY_ONE else np.expm1(t * np.log(k)) / (k - 1.0)
    ends = [turned_corners(stop.rect, 0.0, picture=picture) for stop in (a, b)]
    upright = ends[0] + (ends[1] - ends[0]) * s[:, None, None]
    middles = upright.mean(axis=1, keepdims=True)
    angles = np.radians(a.rotation_deg + turn * t)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    x, y = (upright - middles)[..., 0], (upright - middles)[..., 1]
    between = middles + np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
    return np.concatenate([first[None], between, last[None]])
