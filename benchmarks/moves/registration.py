"""Where a frame really looks: its window, measured from its pixels.

The window is found that, shown by other means (Pillow's exact Lanczos of a fractional box),
explains the frame best in the least-squares sense (Gauss-Newton over left, right, top and
bottom).  Because the comparison picture is made anew at the window found so far, the measurement
has no interpolation error of its own; what it says of a frame made by those very means is below
a thousandth of a pixel.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from companions.picture import Pixels

Window = tuple[float, float, float, float]
"""Left, top, right, bottom in picture pixels."""
Plane = npt.NDArray[np.float32]

_ROUNDS: Final = 4
_MARGIN: Final = 16
"""Frame pixels left out at the edges, where filters meet the picture's border."""


def corner_errors(frame: Pixels, *, picture: Pixels, planned: Window) -> npt.NDArray[np.float64]:
    """How far (left, top, right, bottom) of the measured window lie off the planned, frame px."""
    seen = _smooth(frame)
    height, width = seen.shape
    scale = (planned[2] - planned[0]) / width
    window = np.array(planned, dtype=np.float64)
    across = ((np.arange(width) + 0.5) / width).astype(np.float32)
    down = ((np.arange(height) + 0.5) / height).astype(np.float32)[:, None]
    inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    for _ in range(_ROUNDS):
        shown = _smooth(_shown(picture, window, width=width, height=height))
        slope_x = cv2.Sobel(shown, cv2.CV_32F, 1, 0, scale=1 / 8)
        slope_y = cv2.Sobel(shown, cv2.CV_32F, 0, 1, scale=1 / 8)
        terms = np.stack(
            [
                (slope_x * (1 - across))[inner].ravel(),
                (slope_y * (1 - down))[inner].ravel(),
                (slope_x * across)[inner].ravel(),
                (slope_y * down)[inner].ravel(),
            ],
            axis=1,
        ).astype(np.float64)
        gap = (seen - shown)[inner].ravel().astype(np.float64)
        window += np.linalg.solve(terms.T @ terms, terms.T @ gap) * scale
    return np.asarray((window - np.array(planned)) / scale, dtype=np.float64)


def _shown(picture: Pixels, window: npt.NDArray[np.float64], *, width: int, height: int) -> Pixels:
    reach = 8 + 4 * math.ceil((window[2] - window[0]) / width)
    x0, y0 = (max(0, math.floor(v) - reach) for v in window[:2])
    x1, y1 = (
        min(limit, math.ceil(v) + reach)
        for v, limit in zip(window[2:], (picture.shape[1], picture.shape[0]), strict=True)
    )
    left, top, right, bottom = window - np.array([x0, y0, x0, y0])
    box = (
        max(left, 0.0),
        max(top, 0.0),
        min(right, float(x1 - x0)),
        min(bottom, float(y1 - y0)),
    )
    image = Image.fromarray(picture[y0:y1, x0:x1])
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS, box=box))


def _smooth(frame: Pixels) -> Plane:
    """Luma, low-passed: the place of things is asked for, not their finest grain."""
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(luma, (9, 9), 1.5), dtype=np.float32)
