"""Sub-pixel views of one picture: reduced copies, chosen by scale, sampled with anti-aliasing.

A frame shows a window of the picture, and one frame pixel may cover many picture pixels (a wide
view of a large photograph) or a part of one (a close view).  A *level* is a copy of the part of
the picture that some frames look at, scaled so that about two to three of its pixels meet one
frame pixel.  A frame is sampled bilinearly at twice its size from a level and averaged two by
two: what the eye sees of that is a filter which neither aliases nor changes its sharpness with
the sub-pixel phase, and the 1/32-pixel steps of OpenCV's coefficients shrink to less than 1/64
of a frame pixel.

Levels are half an octave apart, and a frame between two of them is a blend of both, so that
sharpness glides during a zoom.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from companions.camera import Affine
from companions.geometry import Size
from companions.picture import Pixels

OVERSAMPLING: Final = 2
"""Samples per frame pixel and axis."""
STEPS_PER_OCTAVE: Final = 2
"""Levels per doubling of scale."""
_MARGIN_PX: Final = 4
"""Picture or level pixels kept around what is looked at, for the filters' reach."""


@dataclass(frozen=True, slots=True)
class View:
    """One frame: which picture point each of its pixel centres shows, and how large it is."""

    output_to_picture: Affine
    output: Size

    @property
    def scale(self) -> float:
        """Picture pixels per frame pixel (geometric mean of both axes)."""
        m = self.output_to_picture
        return math.sqrt(float(m[0, 0] * m[1, 1]))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in picture pixels, the picture's corner being (0, 0)."""
        m = self.output_to_picture
        left, top = m[0, 2] + 0.5 - 0.5 * m[0, 0], m[1, 2] + 0.5 - 0.5 * m[1, 1]
        return (
            float(left),
            float(top),
            float(left + m[0, 0] * self.output.width),
            float(top + m[1, 1] * self.output.height),
        )


@dataclass(frozen=True, slots=True)
class _Level:
    pixels: Pixels
    x0: float
    y0: float
    step_x: float
    step_y: float

    def sample(self, view: View) -> Pixels:
        m = view.output_to_picture
        n = OVERSAMPLING
        sx, sy = m[0, 0] / n, m[1, 1] / n
        # Centre of the first sample in picture pixels, corner convention.
        x = m[0, 2] + 0.5 - 0.5 * m[0, 0] + 0.5 * sx
        y = m[1, 2] + 0.5 - 0.5 * m[1, 1] + 0.5 * sy
        matrix = np.array(
            [
                [sx / self.step_x, 0.0, (x - self.x0) / self.step_x - 0.5],
                [0.0, sy / self.step_y, (y - self.y0) / self.step_y - 0.5],
            ]
        )
        size = view.output
        fine = cv2.warpAffine(
            self.pixels,
            matrix,
            (n * size.width, n * size.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        frame: Pixels = cv2.resize(fine, (size.width, size.height), interpolation=cv2.INTER_AREA)
        return frame


def render(picture: Pixels, views: Sequence[View]) -> Iterator[Pixels]:
    """Yield the frame of each view, (height, width, 3) uint8, in order.

    A level is built when the first frame needs it and dropped after the last, so memory is
    bounded by a few times the frame size, not by the number of frames.  Where a view reaches
    over the picture's border, the border pixels are repeated.
    """
    needs = [_needs(view) for view in views]
    last = {index: at for at, need in enumerate(needs) for index in need}
    levels: dict[int, _Level] = {}
    for at, (view, need) in enumerate(zip(views, needs, strict=True)):
        for index in need:
            if index not in levels:
                users = [v for v, n in zip(views, needs, strict=True) if index in n]
                levels[index] = _build(picture, index=index, users=users)
        yield _blend([(levels[index].sample(view), weight) for index, weight in need.items()])
        for index in need:
            if last[index] == at:
                del levels[index]


def _needs(view: View) -> dict[int, float]:
    """Level index -> weight; level i has pixels of 2 ** (i / STEPS_PER_OCTAVE) picture pixels."""
    wanted = STEPS_PER_OCTAVE * math.log2(view.scale / OVERSAMPLING)
    below = math.floor(wanted)
    part = wanted - below
    weights = {below: 1.0 - part, below + 1: part}
    return {index: weight for index, weight in weights.items() if weight > 1.0 / 256.0}


def _blend(parts: Sequence[tuple[Pixels, float]]) -> Pixels:
    if len(parts) == 1:
        return parts[0][0]
    (a, weight_a), (b, weight_b) = parts
    mixed: Pixels = cv2.addWeighted(a, weight_a, b, weight_b, 0.0)
    return mixed


def _build(picture: Pixels, *, index: int, users: Sequence[View]) -> _Level:
    height, width = picture.shape[:2]
    step = 2.0 ** (index / STEPS_PER_OCTAVE)
    margin = _MARGIN_PX * max(1.0, step)
    bounds = np.array([view.bounds for view in users])
    x0 = max(0, math.floor(bounds[:, 0].min() - margin))
    y0 = max(0, math.floor(bounds[:, 1].min() - margin))
    x1 = min(width, math.ceil(bounds[:, 2].max() + margin))
    y1 = min(height, math.ceil(bounds[:, 3].max() + margin))
    crop = picture[y0:y1, x0:x1]
    columns, rows = max(1, round((x1 - x0) / step)), max(1, round((y1 - y0) / step))
    pixels: Pixels = cv2.resize(
        crop,
        (columns, rows),
        interpolation=cv2.INTER_AREA if step > 1.0 else cv2.INTER_CUBIC,
    )
    return _Level(pixels, x0, y0, (x1 - x0) / columns, (y1 - y0) / rows)
