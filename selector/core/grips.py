"""Grips of a motion rectangle: what is under the pointer, and what dragging it does.  Pure.

Points are in picture pixels, the picture's corner being (0, 0), because turned rectangles are
rectangles in pixels only; rectangles go in and come out in fractions, clamped last.  The
shape is that of the clip unless it is unlocked: a rectangle of another shape is grown to the
clip's when rendered, so a free one is a wish, not a crop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from companions.camera import turned_corners, turning
from companions.geometry import Rect, Size, fit_aspect, largest_window

Point = tuple[float, float]
"""x and y in picture pixels."""

LEAST_SHARE: Final = 0.02
"""No drag makes a rectangle narrower than this share of the picture."""
ROTATE_OUT: Final = 2.5
"""The grip for turning stands this many reaches above the top edge's middle."""
ROTATE_IN: Final = 0.3
"""Beneath that edge it stands at most this share of the height away: the middle is not reached."""


class Grip(StrEnum):
    """What is dragged."""

    MOVE = "move"
    N = "n"
    NE = "ne"
    E = "e"
    SE = "se"
    S = "s"
    SW = "sw"
    W = "w"
    NW = "nw"
    ROTATE = "rotate"


SIDES: Final[Mapping[Grip, tuple[int, int]]] = {
    Grip.N: (0, -1),
    Grip.NE: (1, -1),
    Grip.E: (1, 0),
    Grip.SE: (1, 1),
    Grip.S: (0, 1),
    Grip.SW: (-1, 1),
    Grip.W: (-1, 0),
    Grip.NW: (-1, -1),
}
"""Which way each grip for resizing lies from the middle."""


def grip_points(
    rect: Rect, degrees: float, *, picture: Size, reach_px: float
) -> Mapping[Grip, Point]:
    """Where every grip but MOVE is drawn.

    ROTATE stands above the top edge; where that is outside the picture, and so perhaps out of
    sight, beneath it.
    """
    nw, ne, se, sw = (tuple(map(float, c)) for c in turned_corners(rect, degrees, picture=picture))
    n, e, s, w = _mid(nw, ne), _mid(ne, se), _mid(se, sw), _mid(sw, nw)
    rotate = _above(n, degrees, by=ROTATE_OUT * reach_px)
    if not (0.0 <= rotate[0] <= picture.width and 0.0 <= rotate[1] <= picture.height):
        below = min(ROTATE_OUT * reach_px, ROTATE_IN * rect.height * picture.height)
        rotate = _above(n, degrees, by=-below)
    return {
        Grip.ROTATE: rotate,
        Grip.NW: (nw[0], nw[1]), Grip.NE: (ne[0], ne[1]), Grip.SE: (se[0], se[1]),
        Grip.SW: (sw[0], sw[1]), Grip.N: n, Grip.E: e, Grip.S: s, Grip.W: w,
    }  # fmt: skip


def grip_at(
    point: Point, rect: Rect, degrees: float, *, picture: Size, reach_px: float
) -> Grip | None:
    """What a press at ``point`` takes hold of; None outside.  ``reach_px``: how near is near."""
    found = grip_points(rect, degrees, picture=picture, reach_px=reach_px)
    near = [
        (math.dist(point, at), order, grip)
        for order, (grip, at) in enumerate(found.items())
        if math.dist(point, at) <= reach_px
    ]
    if near:
        return min(near)[2]
    x, y = _own(point, rect, degrees, picture=picture)
    half_w, half_h = rect.width * picture.width / 2.0, rect.height * picture.height / 2.0
    return Grip.MOVE if abs(x) <= half_w and abs(y) <= half_h else None


def moved(rect: Rect, by: Point, *, picture: Size) -> Rect:
    """Shifted by picture pixels, kept inside the picture at its size."""
    cx, cy = rect.centre
    return Rect.around(
        cx + by[0] / picture.width, cy + by[1] / picture.height, rect.width, rect.height
    )


def resized(
    rect: Rect,
    degrees: float,
    grip: Grip,
    to: Point,
    *,
    picture: Size,
    output: Size | None,
    from_centre: bool = False,
) -> Rect:
    """With the grip dragged to ``to``; the opposite corner or edge stays, or else the middle.

    It stops at the picture's edge.  Only a turned one is pushed away from the edge instead, and
    one in the clip's shape that is dragged by an edge slides along it, since it grows both ways
    across.  MOVE and ROTATE do not resize: the rectangle comes back as it was.

    ``output``: the clip whose shape is kept; None for any shape.
    """
    if grip not in SIDES:
        return rect
    side_x, side_y = SIDES[grip]
    x, y = _own(to, rect, degrees, picture=picture)
    width, height = rect.width * picture.width, rect.height * picture.height
    # From the fixed side (or the middle) to the pointer.
    wide = (2.0 * x * side_x if from_centre else x * side_x + width / 2.0) if side_x else width
    high = (2.0 * y * side_y if from_centre else y * side_y + height / 2.0) if side_y else height
    if output is not None:
        if side_x and side_y:
            wide = max(wide, high * output.aspect)
        elif side_y:
            wide = high * output.aspect
        high = wide / output.aspect
    room = (math.inf, math.inf)
    if degrees == 0.0:
        room = (
            _room(rect.x1, rect.x2, side_x, from_centre=from_centre) * picture.width,
            _room(rect.y1, rect.y2, side_y, from_centre=from_centre) * picture.height,
        )
    wide, high = _within(wide, high, room=room, picture=picture, output=output)
    shift = np.array([0.0, 0.0])
    if not from_centre:
        shift = turning(degrees) @ np.array(
            [side_x * (wide - width) / 2.0, side_y * (high - height) / 2.0]
        )
    cx, cy = rect.centre
    return _fitting(
        cx + float(shift[0]) / picture.width,
        cy + float(shift[1]) / picture.height,
        wide / picture.width,
        high / picture.height,
        picture=picture,
        output=output,
    )


def scaled(rect: Rect, factor: float, *, picture: Size, output: Size | None) -> Rect:
    """Larger or smaller by ``factor`` about its middle; pushed away from the picture's edge.

    It keeps its shape, or takes that of ``output``, as it would be rendered.

    Raises:
        ValueError: as ``fit_aspect``.
    """
    if output is not None:
        rect = fit_aspect(rect, picture=picture, output=output)
    least, most = LEAST_SHARE / min(rect.width, rect.height), 1.0 / max(rect.width, rect.height)
    factor = min(max(factor, min(least, 1.0)), most)
    return _fitting(
        *rect.centre, rect.width * factor, rect.height * factor, picture=picture, output=output
    )


def angle_to(point: Point, rect: Rect, *, picture: Size) -> float:
    """How far a window turned so that its top looks at ``point`` is turned, degrees clockwise."""
    cx, cy = rect.centre
    dx, dy = point[0] - cx * picture.width, point[1] - cy * picture.height
    return math.degrees(math.atan2(dx, -dy)) if dx or dy else 0.0


def drawn_from(start: Point, to: Point, *, picture: Size, output: Size | None) -> Rect | None:
    """A new rectangle dragged from one corner to the other; None while it is too small."""
    x = min(max(start[0], 0.0), float(picture.width))
    y = min(max(start[1], 0.0), float(picture.height))
    wide, high = abs(to[0] - x), abs(to[1] - y)
    side_x = 1.0 if to[0] >= x else -1.0
    side_y = 1.0 if to[1] >= y else -1.0
    room_x = picture.width - x if side_x > 0.0 else x
    room_y = picture.height - y if side_y > 0.0 else y
    if output is None:
        wide, high = min(wide, room_x), min(high, room_y)
    else:
        wide = min(max(wide, high * output.aspect), room_x, room_y * output.aspect)
        high = wide / output.aspect
    if min(wide / picture.width, high / picture.height) < LEAST_SHARE:
        return None
    return Rect.around(
        (x + side_x * wide / 2.0) / picture.width,
        (y + side_y * high / 2.0) / picture.height,
        wide / picture.width,
        high / picture.height,
    )


def _room(low: float, high: float, side: int, *, from_centre: bool) -> float:
    """How far a rectangle may reach along one axis, all in fractions of the picture."""
    if from_centre:
        return low + high if low + high < 1.0 else 2.0 - low - high
    if side == 0:
        return 1.0  # across an edge that is dragged: it slides
    return 1.0 - low if side > 0 else high


def _within(
    wide: float,
    high: float,
    *,
    room: tuple[float, float],
    picture: Size,
    output: Size | None,
) -> tuple[float, float]:
    """No larger than the room, but never smaller than a drag may make it."""
    least = LEAST_SHARE * picture.width, LEAST_SHARE * picture.height
    if output is None:
        return max(min(wide, room[0]), least[0]), max(min(high, room[1]), least[1])
    wide = min(wide, room[0], room[1] * output.aspect)
    wide = max(wide, least[0], least[1] * output.aspect)
    return wide, wide / output.aspect


def _fitting(
    cx: float, cy: float, width: float, height: float, *, picture: Size, output: Size | None
) -> Rect:
    """Kept inside the picture by moving it; one that is too large is shrunk, in its shape."""
    if output is not None:
        widest = largest_window(picture=picture, output=output)
        shrink = min(1.0, widest[0] / width, widest[1] / height)
        width, height = width * shrink, height * shrink
    return Rect.around(cx, cy, width, height)


def _own(point: Point, rect: Rect, degrees: float, *, picture: Size) -> Point:
    """``point`` seen from the rectangle's middle, along its own axes."""
    cx, cy = rect.centre
    offset = np.array([point[0] - cx * picture.width, point[1] - cy * picture.height])
    x, y = turning(-degrees) @ offset
    return float(x), float(y)


def _above(point: Point, degrees: float, *, by: float) -> Point:
    up = turning(degrees) @ np.array([0.0, -by])
    return point[0] + float(up[0]), point[1] + float(up[1])


def _mid(a: tuple[float, ...], b: tuple[float, ...]) -> Point:
    return (a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0
