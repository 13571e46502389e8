"""Ways that objects go, from what was drawn: freehand strokes, lines, circles; with their timing.

Pure.  Strokes come in picture fractions; the points that go out carry moments, so that the object
moves at even speed along its way unless the easing says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np

from companions.geometry import Size
from companions.trajectory import TrajectoryPoint

Stroke = Sequence[tuple[float, float]]
"""Points in picture fractions, in the order they were drawn."""

SIMPLER_BY: Final = 0.003
"""A stroke may be simplified by so much of the picture's width: below a hand's tremor."""
MOST_POINTS: Final = 200
CIRCLE_POINTS: Final = 48
_LOWEST, _HIGHEST = -1.0, 2.0


class WayKind(StrEnum):
    """How a way is drawn."""

    FREEHAND = "freehand"
    LINE = "line"
    CIRCLE = "circle"


def simplified(
    stroke: Stroke, *, picture: Size, by: float = SIMPLER_BY
) -> list[tuple[float, float]]:
    """The stroke with fewer points, nowhere further than ``by`` picture widths from it.

    After Douglas & Peucker 1973.
    """
    points = np.array(stroke, dtype=np.float64) * (1.0, picture.height / picture.width)
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        off = _distances(points[first + 1 : last], points[first], points[last])
        worst = int(np.argmax(off))
        if off[worst] > by:
            middle = first + 1 + worst
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    kept = [stroke[i] for i in np.flatnonzero(keep).tolist()]
    if len(kept) > MOST_POINTS:
        return simplified(stroke, picture=picture, by=2.0 * by)
    return kept


def line(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """A straight way."""
    return [start, end]


def circle(
    start: tuple[float, float], centre: tuple[float, float], *, picture: Size, turns: float = 1.0
) -> list[tuple[float, float]]:
    """Around ``centre`` from ``start``; positive turns go clockwise.  Round in pixels."""
    tall = picture.height / picture.width
    dx, dy = start[0] - centre[0], (start[1] - centre[1]) * tall
    radius, begin = math.hypot(dx, dy), math.atan2(dy, dx)
    count = max(2, math.ceil(abs(turns) * CIRCLE_POINTS))
    way = []
    for i in range(count + 1):
        angle = begin + 2.0 * math.pi * turns * i / count
        way.append(
            (centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle) / tall)
        )
    return way


def timed(
    way: Stroke,
    *,
    picture: Size,
    start: float = 0.0,
    end: float = 1.0,
    scale: tuple[float, float] = (1.0, 1.0),
    rotation_deg: tuple[float, float] = (0.0, 0.0),
) -> tuple[TrajectoryPoint, ...]:
    """The way with moments: even speed from the fraction ``start`` of the clip to ``end``.

    Scale (geometric) and rotation (linear) go from their first to their second value along it.
    """
    points = [(_within(x), _within(y)) for x, y in way]
    lengths = np.hypot(
        np.diff([x for x, _ in points]),
        np.diff([y for _, y in points]) * picture.height / picture.width,
    )
    # Points in one place would have one moment.
    kept = [0, *(i + 1 for i, length in enumerate(lengths) if length > 1e-9)]
    if len(kept) < 2:
        kept, shares = [0, 0], np.array([0.0, 1.0])
    else:
        gone = np.concatenate([[0.0], np.cumsum(lengths)])[kept]
        shares = gone / gone[-1]
    ratio = scale[1] / scale[0]
    return tuple(
        TrajectoryPoint(
            at=float(min(1.0, start + (end - start) * share)),
            position=points[i],
            scale=float(scale[0] * ratio**share),
            rotation_deg=float(rotation_deg[0] + (rotation_deg[1] - rotation_deg[0]) * share),
        )
        for i, share in zip(kept, shares.tolist(), strict=True)
    )


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
