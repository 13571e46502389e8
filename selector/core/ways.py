"""Ways that objects go, from what was drawn: freehand strokes, lines, circles; with their timing.

Pure.  Strokes come in picture fractions; the points that go out carry moments, so that the object
moves along its way at even speed, or as its easing says.  An object is at each of its points at
that point's own moment, so on a way of many points the easing must be in the moments: whoever
makes an ``ObjectTrajectory`` of them gives it the same easing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np

from companions.easing import CURVES, Easing, EasingName, eased
from companions.geometry import Size
from companions.trajectory import ObjectTrajectory, TrajectoryPoint

Stroke = Sequence[tuple[float, float]]
"""Points in picture fractions, in the order they were drawn."""

SIMPLER_BY: Final = 0.003
"""A stroke may be simplified by so much of the picture's width: below a hand's tremor."""
MOST_POINTS: Final = 200
CIRCLE_POINTS: Final = 48
"""Points for one turn: the way cuts the corner by 0.2 % of the radius."""
LEAST_BETWEEN: Final = 1e-6
"""Two points are at least so far apart in time, as a fraction of the clip's: 60 s have no frame
that lies between them."""
_LOWEST, _HIGHEST = -1.0, 2.0
_NO_WAY: Final = 1e-9


class WayKind(StrEnum):
    """How a way is drawn."""

    FREEHAND = "freehand"
    LINE = "line"
    CIRCLE = "circle"


def simplified(
    stroke: Stroke, *, picture: Size, by: float = SIMPLER_BY
) -> list[tuple[float, float]]:
    """The stroke with fewer points, nowhere further than ``by`` picture widths from it.

    After Douglas & Peucker 1973.  Where ``MOST_POINTS`` do not follow it that closely, they follow
    it as closely as they can be made to by doubling.
    """
    if len(stroke) < 3:
        return list(stroke)
    points = np.array(stroke, dtype=np.float64) * (1.0, picture.height / picture.width)
    # How far each point lies off the line that would do without it, and so would its parents:
    # whatever the tolerance, the points above it are those that are kept.
    needed = np.zeros(len(points))
    needed[[0, -1]] = math.inf
    spans = [(0, len(points) - 1, math.inf)]
    while spans:
        first, last, above = spans.pop()
        if last - first < 2:
            continue
        off = _distances(points[first + 1 : last], points[first], points[last])
        worst = int(np.argmax(off))
        if off[worst] > by:
            middle = first + 1 + worst
            needed[middle] = above = min(above, float(off[worst]))
            spans += [(first, middle, above), (middle, last, above)]
    while np.count_nonzero(needed > by) > MOST_POINTS:
        by = max(2.0 * by, _NO_WAY)
    return [stroke[i] for i in np.flatnonzero(needed > by).tolist()]


def line(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """A straight way."""
    return [start, end]


def circle(
    start: tuple[float, float], centre: tuple[float, float], *, picture: Size, turns: float = 1.0
) -> list[tuple[float, float]]:
    """Around ``centre`` from ``start``; positive turns go clockwise.  Round in pixels.

    Several turns share ``MOST_POINTS`` between them.
    """
    tall = picture.height / picture.width
    dx, dy = start[0] - centre[0], (start[1] - centre[1]) * tall
    radius, begin = math.hypot(dx, dy), math.atan2(dy, dx)
    count = min(max(2, math.ceil(abs(turns) * CIRCLE_POINTS)), MOST_POINTS - 1)
    way = []
    for i in range(count + 1):
        angle = begin + 2.0 * math.pi * turns * i / count
        way.append(
            (centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle) / tall)
        )
    return way


def carried(way: Stroke, start: tuple[float, float]) -> list[tuple[float, float]]:
    """The way moved as a whole so that it begins at ``start``, such as the middle of a region."""
    if not way:
        return []
    dx, dy = start[0] - way[0][0], start[1] - way[0][1]
    return [(x + dx, y + dy) for x, y in way]


def timed(
    way: Stroke,
    *,
    picture: Size,
    start: float = 0.0,
    end: float = 1.0,
    easing: Easing = EasingName.LINEAR,
    scale: tuple[float, float] = (1.0, 1.0),
    rotation_deg: tuple[float, float] = (0.0, 0.0),
) -> tuple[TrajectoryPoint, ...]:
    """The way with moments, gone from the fraction ``start`` of the clip to ``end``.

    Distance along it is the eased share of that time.  Scale (geometric) and rotation (linear) go
    from their first to their second value with the distance.  A way of one point is a rest there.

    Raises:
        ValueError: no point, ``end`` not after ``start`` within 0..1, or a scale or rotation that
            the contract refuses.
    """
    if not way:
        raise ValueError("a way has at least one point")
    if not all(each > 0.0 for each in scale):
        raise ValueError(f"a scale is over 0, not {scale[0]:g} to {scale[1]:g}")
    _check_times(start=start, end=end)
    points = [(_within(x), _within(y)) for x, y in way]
    lengths = np.hypot(
        np.diff([x for x, _ in points]),
        np.diff([y for _, y in points]) * picture.height / picture.width,
    )
    gone = np.concatenate([[0.0], np.cumsum(lengths)])
    if gone[-1] < _NO_WAY:
        points, gone = [points[0], points[-1]], np.array([0.0, 1.0])
    ratio, turned = scale[1] / scale[0], rotation_deg[1] - rotation_deg[0]
    made = [
        TrajectoryPoint(
            at=_moment(share, start=start, end=end, easing=easing),
            position=place,
            # Rounding must not carry a value beyond its end, where the contract's bound may be.
            scale=_between(scale[0] * ratio**share, scale),
            rotation_deg=_between(rotation_deg[0] + turned * share, rotation_deg),
        )
        for place, share in zip(points, (gone / gone[-1]).tolist(), strict=True)
    ]
    return _apart(made)


def retimed(
    trajectory: ObjectTrajectory, *, start: float, end: float, easing: Easing
) -> ObjectTrajectory:
    """The same way at another time or another easing: every point keeps its share of the way.

    Raises:
        ValueError: ``end`` does not come after ``start`` within 0..1.
    """
    _check_times(start=start, end=end)
    begin, span = trajectory.points[0].at, trajectory.points[-1].at - trajectory.points[0].at
    made = []
    for point in trajectory.points:
        share = eased(trajectory.easing, (point.at - begin) / span)
        at = _moment(share, start=start, end=end, easing=easing)
        made.append(point.model_copy(update={"at": at}))
    return trajectory.model_copy(update={"points": _apart(made), "easing": easing})


def _check_times(*, start: float, end: float) -> None:
    if not (start >= 0.0 and end - start >= LEAST_BETWEEN and end <= 1.0):
        raise ValueError(f"a way ends after it starts, within 0 to 1, not {start:g} to {end:g}")


def _moment(share: float, *, start: float, end: float, easing: Easing) -> float:
    """When that share of the way is gone."""
    x1, y1, x2, y2 = CURVES[easing] if isinstance(easing, EasingName) else easing
    # The curve with its axes exchanged is its own inverse function.
    return min(start + (end - start) * eased((y1, x1, y2, x2), share), end)


def _apart(points: Sequence[TrajectoryPoint]) -> tuple[TrajectoryPoint, ...]:
    """Without those that have (nearly) the moment of the one before; the last one stays."""
    kept = [points[0]]
    for point in points[1:-1]:
        if point.at - kept[-1].at >= LEAST_BETWEEN and points[-1].at - point.at >= LEAST_BETWEEN:
            kept.append(point)
    return (*kept, points[-1])


def _between(value: float, ends: tuple[float, float]) -> float:
    return float(min(max(value, min(ends)), max(ends)))


def _within(value: float) -> float:
    return min(max(float(value), _LOWEST), _HIGHEST)


def _distances(
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    a: np.ndarray[tuple[int], np.dtype[np.float64]],
    b: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How far each point is from the segment a-b."""
    along = b - a
    length = float(along @ along)
    if length == 0.0:
        return np.asarray(np.hypot(*(points - a).T))
    share = np.clip((points - a) @ along / length, 0.0, 1.0)
    return np.asarray(np.hypot(*(points - (a + share[:, None] * along)).T))
