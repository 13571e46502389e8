"""Windows a camera may show: the output's shape, inside the picture, no face cut, enough pixels.

Everything here is an array of windows (rows of x1, y1, x2, y2 in fractions), because a search
looks at thousands of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from companions.geometry import Rect, Size, largest_window
from selector.core.interest import Boxes, InterestMap, Values

_POSITIONS: Final = 13
_FACE_MARGIN: Final = 0.004
_TOUCH: Final = 1e-9
"""Windows are put exactly on a face's edge; the sum x1 + width may miss it by a rounding."""

SHARP_ROOM: Final = 1.2
"""Pictures with at least this many source pixels per output pixel are never magnified; smaller
ones may be, up to this much, since a still clip is worse than a slightly soft one."""
FEWEST_SOURCE_PX: Final = 0.62

_FACE_HEIGHT: Final = 0.42
"""Where a face sits best, from the window's top: eyes on the upper third."""

_BORDER_CUT: Final = 1.0
"""What an edge along the picture's own edge costs at most, an average place being 1: if it were
free, every window would stick to a border."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Framing:
    """What the shapes of picture and output allow."""

    picture: Size
    output: Size

    @property
    def largest(self) -> tuple[float, float]:
        """Width and height of the largest window, in fractions."""
        return largest_window(picture=self.picture, output=self.output)

    @property
    def source_px(self) -> float:
        """Source pixels per output pixel in the largest window."""
        return self.largest[0] * self.picture.width / self.output.width

    @property
    def smallest_scale(self) -> float:
        """The tightest window worth showing, over the largest; at most 1."""
        fewest = max(FEWEST_SOURCE_PX, min(1.0, self.source_px / SHARP_ROOM))
        return min(1.0, fewest / self.source_px)


def windows_at(scale: float, *, framing: Framing, faces: Sequence[Rect]) -> Boxes:
    """Windows of ``scale`` times the largest that cut no face, over the whole picture."""
    width, height = (scale * side for side in framing.largest)
    xs = _offsets(width, [(f.x1, f.x2) for f in faces])
    ys = _offsets(height, [(f.y1, f.y2) for f in faces])
    corners = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    boxes = np.hstack([corners, np.minimum(corners + np.array([width, height]), 1.0)])
    return boxes[cuts_no_face(boxes, faces)]


def cuts_no_face(boxes: Boxes, faces: Sequence[Rect]) -> Mask:
    """Which windows hold every face fully or not at all."""
    whole = np.ones(len(boxes), dtype=bool)
    for face in faces:
        whole &= _holds(boxes, face) | _misses(boxes, face)
    return whole


def keep_faces(start: Rect, ends: Boxes, faces: Sequence[Rect]) -> Mask:
    """Which of ``ends`` keep every face through a whole move from ``start``.

    A face is in view all the time, or never: outside both windows on the same side of each, as a
    window that passes from one side of a face to the other sweeps across it.
    """
    kept = np.ones(len(ends), dtype=bool)
    first = np.array([start.root])
    for face in faces:
        through = _holds(first, face) & _holds(ends, face)
        for beside_first, beside_end in zip(_sides(first, face), _sides(ends, face), strict=True):
            through |= beside_first & beside_end
        kept &= through
    return kept


def inside(boxes: Boxes, outer: Rect) -> Mask:
    """Which windows lie within ``outer``."""
    return _holds(np.array([outer.root]), boxes)


def quality(boxes: Boxes, interest: InterestMap, *, has_face: bool) -> Values:
    """How well each window frames what is interesting; about 0..1, higher is better.

    Interest held, less interest cut by the window's edge, plus its place within the window.
    """
    if len(boxes) == 0:
        return np.zeros(0)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = interest.subject
    across = np.abs((x - boxes[:, 0]) / width - 0.5)
    down = np.abs((y - boxes[:, 1]) / height - (_FACE_HEIGHT if has_face else 0.5))
    off = np.hypot(np.maximum(across - 0.05, 0.0), np.maximum(down - 0.05, 0.0))
    placed = 1.0 - np.clip(off / 0.3, 0.0, 1.0)
    result: Values = (
        0.4 * interest.share(boxes)
        + 1.0 * interest.reach(boxes)
        + 0.2 * placed
        - 0.15 * _cut(boxes, interest)
    )
    return result


def _cut(boxes: Boxes, interest: InterestMap) -> Values:
    """How interesting the places are that a window's edges run through; 0..1, 0.5 for average.

    The worst edge counts as much as all four, since one edge through a subject spoils the frame.
    An edge along the picture's own edge cuts nothing.
    """
    bands = []
    for side in range(4):
        across = side % 2
        half = 0.025 * (boxes[:, across + 2] - boxes[:, across])
        band = boxes.copy()
        band[:, across] = np.clip(boxes[:, side] - half, 0.0, 1.0)
        band[:, across + 2] = np.clip(boxes[:, side] + half, 0.0, 1.0)
        area = (band[:, 2] - band[:, 0]) * (band[:, 3] - band[:, 1])
        density = interest.share(band) / np.maximum(area, 1e-9)
        at_border = (boxes[:, side] < half) | (boxes[:, side] > 1.0 - half)
        bands.append(np.where(at_border, np.minimum(density, _BORDER_CUT), density))
    stacked = np.stack(bands)
    cut: Values = np.clip(0.25 * (stacked.mean(axis=0) + stacked.max(axis=0)), 0.0, 1.0)
    return cut


def _offsets(side: float, spans: Sequence[tuple[float, float]]) -> list[float]:
    """Where windows of that width (or height) may begin, also snugly around or beside spans."""
    slack = max(0.0, 1.0 - side)
    places = [slack * i / (_POSITIONS - 1) for i in range(_POSITIONS)]
    for low, high in spans:
        for margin in (0.0, _FACE_MARGIN):
            places += [low - margin, high + margin - side, high + margin, low - margin - side]
    return sorted({min(slack, max(0.0, place)) for place in places})


def _holds(boxes: Boxes, inner: Rect | Boxes) -> Mask:
    x1, y1, x2, y2 = inner.root if isinstance(inner, Rect) else inner.T
    held: Mask = (
        (boxes[:, 0] <= x1 + _TOUCH)
        & (boxes[:, 1] <= y1 + _TOUCH)
        & (boxes[:, 2] >= x2 - _TOUCH)
        & (boxes[:, 3] >= y2 - _TOUCH)
    )
    return held


def _sides(boxes: Boxes, face: Rect) -> tuple[Mask, Mask, Mask, Mask]:
    """Which windows lie right of, left of, below and above the face."""
    return (
        boxes[:, 0] >= face.x2 - _TOUCH,
        boxes[:, 2] <= face.x1 + _TOUCH,
        boxes[:, 1] >= face.y2 - _TOUCH,
        boxes[:, 3] <= face.y1 + _TOUCH,
    )


def _misses(boxes: Boxes, face: Rect) -> Mask:
    right, left, below, above = _sides(boxes, face)
    missed: Mask = right | left | below | above
    return missed
