"""What kind of move the motion rectangles make, in the operator's words.

The rectangles decide; the label follows.  A move played backwards always gives the mirrored kind,
because every measure here is symmetric in the two ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from companions.geometry import Rect
from companions.motion import MotionKeyframe, MotionType, Rotation

STILL_SHARE: Final = 0.005
"""Largest movement of any edge, in frame widths or heights, that still counts as static."""
ZOOM_RATIO: Final = 1.02
"""Smallest ratio of the two sizes that counts as a zoom."""
SIDE_SHARE: Final = 0.25
"""Largest sideways drift of a pan or tilt, over its main movement."""
OUTSIDE_SHARE: Final = 0.02
"""How far the small rectangle of a zoom may stick out of the large one, in large widths."""


def kind_of_move(
    start: Rect,
    end: Rect,
    *,
    keyframes: Sequence[MotionKeyframe] = (),
    rotation: Rotation | None = None,
) -> MotionType:
    """The kind of the move from ``start`` to ``end``, by way of ``keyframes``.

    A zoom's smaller rectangle lies inside its larger one; a pan or tilt keeps the size and moves
    along one axis; anything else that moves is custom, and so is all that moves and has keyframes
    or is turned.
    """
    rects = [start, *(stop.rect for stop in keyframes), end]
    degrees = [stop.rotation_deg for stop in keyframes if stop.rotation_deg is not None]
    degrees += [rotation.start_deg, rotation.end_deg] if rotation is not None else [0.0, 0.0]
    # A turn of one radian moves the frame's corners, half a frame from its middle, by that half.
    swing = math.radians(max(degrees) - min(degrees))
    if max(_moved(a, b) for a, b in combinations(rects, 2)) <= STILL_SHARE >= swing / 2.0:
        return MotionType.STATIC
    if keyframes or any(degrees):
        return MotionType.CUSTOM
    width = math.sqrt(start.width * end.width)
    height = math.sqrt(start.height * end.height)
    # By area, since a rectangle drawn with another shape than the clip's is grown to it later.
    before, after = start.width * start.height, end.width * end.height
    if math.sqrt(max(before, after) / min(before, after)) >= ZOOM_RATIO:
        if before > after:
            return MotionType.ZOOM_IN if _holds(start, end) else MotionType.CUSTOM
        return MotionType.ZOOM_OUT if _holds(end, start) else MotionType.CUSTOM
    dx = (end.centre[0] - start.centre[0]) / width
    dy = (end.centre[1] - start.centre[1]) / height
    if abs(dx) > STILL_SHARE and abs(dy) <= SIDE_SHARE * abs(dx):
        return MotionType.PAN_RIGHT if dx > 0.0 else MotionType.PAN_LEFT
    if abs(dy) > STILL_SHARE and abs(dx) <= SIDE_SHARE * abs(dy):
        return MotionType.TILT_DOWN if dy > 0.0 else MotionType.TILT_UP
    return MotionType.CUSTOM


def _moved(a: Rect, b: Rect) -> float:
    """Largest movement of any edge, in frame widths or heights."""
    width, height = math.sqrt(a.width * b.width), math.sqrt(a.height * b.height)
    scale = (width, height, width, height)
    return max(abs(y - x) / s for x, y, s in zip(a.root, b.root, scale, strict=True))


def _holds(large: Rect, small: Rect) -> bool:
    slack_x, slack_y = OUTSIDE_SHARE * large.width, OUTSIDE_SHARE * large.height
    return (
        small.x1 >= large.x1 - slack_x
        and small.y1 >= large.y1 - slack_y
        and small.x2 <= large.x2 + slack_x
        and small.y2 <= large.y2 + slack_y
    )
