"""Planes: the few motions that most of a picture shares, found in its optical flow.

A camera moves a still picture as one plane, a thing in it moves nearly as another.  Where such a
motion holds it is known far better from thousands of flow vectors together than from any one of
them, and it also holds where the flow sees nothing: beyond an edge, and behind what passes.

Robust fitting: Barath et al., "MAGSAC++, a fast, reliable and accurate robust estimator", CVPR
2020, as OpenCV has it.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

MOST: Final = 3
"""Planes looked for in a pair; what none of them explains follows the flow."""
_STRIDE: Final = 3
_MOST_PLACES: Final = 8000
"""Vectors that are fitted to; more know no better, and take longer."""
_RETURNS_PX: Final = 1.0
_WITHIN_PX: Final = 0.6
_APART_PX: Final = 1.2
_LEAST_SHARE: Final = 0.015
_LEAST_PLACES: Final = 60
_ROUNDS: Final = 1000


def planes_of(forward: Field, backward: Field) -> list[Matrix]:
    """The motions, largest first, as 3 x 3 maps of grid places in the earlier frame to the later.

    Args:
        forward, backward: flow between the two, (height, width, 2), in grid pixels.
    """
    height, width = forward.shape[:2]
    stride = max(_STRIDE, round(math.sqrt(height * width / _MOST_PLACES)))
    y, x = np.mgrid[0:height:stride, 0:width:stride].astype(np.float32)
    start = np.stack([x, y], axis=-1)
    end = start + forward[::stride, ::stride]
    back = cv2.remap(
        backward, end[..., 0], end[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    inside = (end >= 0.0).all(axis=-1) & (end[..., 0] < width) & (end[..., 1] < height)
    sure = (np.linalg.norm(end + back - start, axis=-1) < _RETURNS_PX) & inside
    start, end = start[sure], end[sure]
    least = max(_LEAST_PLACES, round(_LEAST_SHARE * x.size))
    found: list[Matrix] = []
    while len(found) < MOST and len(start) >= least:
        plane = _fitted(start, end, free=not found)
        if plane is None:
            break
        off = np.linalg.norm(moved(plane, start) - end, axis=1)
        if int((off < _WITHIN_PX).sum()) < least:
            break
        found.append(plane)
        start, end = start[off > _APART_PX], end[off > _APART_PX]
    return found


def moved(plane: Matrix, places: Field) -> Field:
    """Where ``plane`` takes ``places``, (n, 2)."""
    far = places.astype(np.float64) @ plane[:, :2].T + plane[:, 2]
    return np.asarray(far[:, :2] / far[:, 2:], dtype=np.float32)


def displacement(plane: Matrix, *, height: int, width: int) -> Field:
    """By how much ``plane`` moves each place of a grid, (height, width, 2), in pixels."""
    rows = (plane / plane[2, 2]).astype(np.float32)
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    depth = rows[2, 0] * x + rows[2, 1] * y + rows[2, 2]
    far = [(row[0] * x + row[2]) + row[1] * y for row in rows[:2]]
    return np.asarray(cv2.merge([far[0] / depth - x, far[1] / depth - y]), dtype=np.float32)


def halfway(plane: Matrix, part: float) -> Matrix:
    """``plane`` followed for ``part`` (0..1) of the way, every place along a straight line.

    Exact for affine maps; for the weak perspective between two frames as good as.
    """
    return np.asarray((1.0 - part) * np.eye(3) + part * (plane / plane[2, 2]))


def inverse(plane: Matrix) -> Matrix:
    """The way back."""
    return np.asarray(np.linalg.inv(plane), dtype=np.float64)


def _fitted(start: Field, end: Field, *, free: bool) -> Matrix | None:
    if free:
        plane, _ = cv2.findHomography(start, end, cv2.USAC_MAGSAC, _WITHIN_PX, None, _ROUNDS, 0.999)
        return None if plane is None or abs(plane[2, 2]) < 1e-6 else np.asarray(plane)
    # A thing covers little of the picture: too little to tell perspective from noise.
    affine, _ = cv2.estimateAffine2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=_WITHIN_PX, maxIters=_ROUNDS
    )
    return None if affine is None else np.vstack([affine, [0.0, 0.0, 1.0]])
