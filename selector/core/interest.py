"""Where the eye goes: one map of interest over a picture, and sums over windows of it.

Four cheap measures, no model: spectral-residual saliency (Hou & Zhang 2007), colour that differs
from the picture's own (Achanta et al. 2009), detail, and skin; found faces are laid over them.
Sums over a window cost four look-ups in an integral image, so thousands of windows cost a
millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from companions.geometry import Rect
from companions.picture import Pixels

Map = npt.NDArray[np.float32]
"""One value per cell, (rows, columns)."""
Values = npt.NDArray[np.float64]
"""One value per window or cell."""
Boxes = npt.NDArray[np.float64]
"""Windows as rows of x1, y1, x2, y2 in fractions."""

MAP_SIDE: Final = 192
"""Longest side of the map in cells; a window's edge is meant to 1/200 of the picture at best."""

_SPECTRAL_SIDE: Final = 96
_SALIENCY, _COLOUR, _DETAIL, _SKIN = 0.40, 0.30, 0.20, 0.10
_FACE_WEIGHT: Final = 2.0
_FAINT, _PLAIN = 0.25, 0.45
_ROOM_CELLS: Final = 3
_FOOT_FADING: Final = 0.3
_MOST_SKIN: Final = 0.35
_EDGE_OF_INTEREST: Final = 0.6
"""Weight at the picture's corners; photographers put subjects near the middle."""


@dataclass(frozen=True)
class Span:
    """How far a subject reaches along one axis: weight per cell, summing to 1, and its integral.

    From the strongest interest on each line across, so that a rocket counts over its whole
    height although its lights outshine it.
    """

    integral: Values

    @classmethod
    def of(cls, peaks: Map, *, fading: float) -> Span:
        """From the peaks along the axis; ``fading`` is how much less its far end weighs."""
        high = float(np.percentile(peaks, 95.0))
        # A little wider than the subject itself, so that a frame leaves it room to breathe.
        around = np.pad(peaks, _ROOM_CELLS, mode="edge")
        peaks = np.lib.stride_tricks.sliding_window_view(around, 2 * _ROOM_CELLS + 1).max(axis=1)
        # Every line of the subject counts alike: its faint head as much as its bright feet.
        weight = np.clip((peaks.astype(np.float64) / high - _FAINT) / (_PLAIN - _FAINT), 0.0, 1.0)
        weight *= np.linspace(1.0, 1.0 - fading, len(weight))
        if weight.sum() <= 0.0:
            weight = np.ones(len(weight))
        return cls(integral=np.concatenate([[0.0], np.cumsum(weight / weight.sum())]))

    def share(self, low: Values, high: Values) -> Values:
        """The share (0..1) of the subject's reach between each pair of fractions."""
        grid = np.linspace(0.0, 1.0, len(self.integral))
        result: Values = np.interp(high, grid, self.integral) - np.interp(low, grid, self.integral)
        return result

    @property
    def middle(self) -> float:
        """The middle of the subject, in fractions."""
        cells = len(self.integral) - 1
        centres = (np.arange(cells) + 0.5) / cells
        return float(np.diff(self.integral) @ centres)


@dataclass(frozen=True)
class InterestMap:
    """Interest per cell, summing to 1, its integral image, and the reach of the subject."""

    density: Map
    integral: Values
    across: Span
    down: Span

    def share(self, boxes: Boxes) -> Values:
        """The share (0..1) of all interest that lies in each window."""
        rows, columns = self.density.shape
        x1, x2 = boxes[:, 0] * columns, boxes[:, 2] * columns
        y1, y2 = boxes[:, 1] * rows, boxes[:, 3] * rows
        table = self.integral
        total = _at(table, x2, y2) - _at(table, x1, y2) - _at(table, x2, y1) + _at(table, x1, y1)
        return np.clip(total, 0.0, 1.0)

    def reach(self, boxes: Boxes) -> Values:
        """How much (0..1) of the subject's width and height each window holds."""
        return self.across.share(boxes[:, 0], boxes[:, 2]) * self.down.share(
            boxes[:, 1], boxes[:, 3]
        )

    @property
    def subject(self) -> tuple[float, float]:
        """The middle of the subject, in fractions of the picture."""
        return self.across.middle, self.down.middle


def interest_map(pixels: Pixels, *, faces: Sequence[Rect] = ()) -> InterestMap:
    """The map of an upright sRGB picture; even everywhere for a picture without any feature."""
    import cv2

    small = _fit_within(pixels, MAP_SIDE)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    values = (
        # The root of saliency: a row of lamps must not outweigh the rocket between them.
        _SALIENCY * np.sqrt(_normalised(_spectral_residual(grey)))
        + _COLOUR * _normalised(_unlike_the_rest(small))
        + _DETAIL * _normalised(_detail(grey))
        + _SKIN * _skin(small)
    )
    values = values * _middle(values.shape) + 0.02
    heads = np.zeros_like(values)
    for face in faces:
        heads = np.maximum(heads, _FACE_WEIGHT * _head(values.shape, face))
    values = np.maximum(values, heads)
    density = np.asarray(values / values.sum(), dtype=np.float32)
    table = np.zeros((density.shape[0] + 1, density.shape[1] + 1))
    table[1:, 1:] = density.astype(np.float64).cumsum(axis=0).cumsum(axis=1)
    subject = heads if faces else density
    return InterestMap(
        density=density,
        integral=table,
        across=Span.of(subject.max(axis=0), fading=0.0),
        # A cut crown is seen before a cut foot.
        down=Span.of(subject.max(axis=1), fading=_FOOT_FADING),
    )


def _at(table: Values, x: Values, y: Values) -> Values:
    """An integral image between its grid points."""
    i = np.clip(np.floor(y).astype(int), 0, table.shape[0] - 2)
    j = np.clip(np.floor(x).astype(int), 0, table.shape[1] - 2)
    fy, fx = y - i, x - j
    upper = table[i, j] * (1 - fx) + table[i, j + 1] * fx
    lower = table[i + 1, j] * (1 - fx) + table[i + 1, j + 1] * fx
    value: Values = upper * (1 - fy) + lower * fy
    return value


def _fit_within(pixels: Pixels, side: int) -> Pixels:
    import cv2

    height, width = pixels.shape[:2]
    share = side / max(width, height)
    target = (max(8, round(width * share)), max(8, round(height * share)))
    small = cv2.resize(pixels, target, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _spectral_residual(grey: Map) -> Map:
    import cv2

    rows, columns = grey.shape
    share = _SPECTRAL_SIDE / max(rows, columns)
    small = cv2.resize(
        grey,
        (max(8, round(columns * share)), max(8, round(rows * share))),
        interpolation=cv2.INTER_AREA,
    )
    spectrum = np.fft.fft2(small)
    amplitude = np.log(np.abs(spectrum) + 1e-3).astype(np.float32)
    residual = amplitude - cv2.blur(amplitude, (3, 3))
    saliency = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = cv2.GaussianBlur(saliency.astype(np.float32), (0, 0), sigmaX=3.0)
    return np.asarray(cv2.resize(smooth, (columns, rows), interpolation=cv2.INTER_LINEAR))


def _unlike_the_rest(small: Pixels) -> Map:
    import cv2

    lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255.0), cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), sigmaX=2.0)
    distance = np.linalg.norm(lab - lab.mean(axis=(0, 1)), axis=2)
    return np.asarray(distance, dtype=np.float32)


def _detail(grey: Map) -> Map:
    import cv2

    slope = cv2.magnitude(
        cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)
    )
    # The root: one hard edge against the sky must not outweigh a finely drawn subject.
    return np.asarray(cv2.GaussianBlur(np.sqrt(slope), (0, 0), sigmaX=4.0))


def _skin(small: Pixels) -> Map:
    import cv2

    chroma = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    inside = cv2.inRange(chroma, np.array([40, 135, 85]), np.array([250, 173, 127]))
    # Skin over much of the picture is wood, sand or fur.
    rare = max(0.0, 1.0 - float(np.count_nonzero(inside)) / (_MOST_SKIN * inside.size))
    return np.asarray(
        cv2.GaussianBlur(inside.astype(np.float32) * (rare / 255.0), (0, 0), sigmaX=3.0)
    )


def _normalised(values: Map) -> Map:
    """0..1 between the 5th and 99th percentile; zero where there is no contrast to speak of."""
    low, high = np.percentile(values, (5.0, 99.0))
    if high - low < 1e-6 * max(1.0, abs(float(high))):
        return np.zeros_like(values)
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0), dtype=np.float32)


def _middle(shape: tuple[int, ...]) -> Map:
    ys = np.linspace(-1.0, 1.0, shape[0], dtype=np.float32)[:, None]
    xs = np.linspace(-1.0, 1.0, shape[1], dtype=np.float32)[None, :]
    return np.asarray(1.0 - (1.0 - _EDGE_OF_INTEREST) * 0.5 * (xs**2 + ys**2), dtype=np.float32)


def _head(shape: tuple[int, ...], face: Rect) -> Map:
    """A mound over a face and the hair above it, which the face's box does not reach."""
    ys = (np.arange(shape[0], dtype=np.float32)[:, None] + 0.5) / shape[0]
    xs = (np.arange(shape[1], dtype=np.float32)[None, :] + 0.5) / shape[1]
    cx, cy = face.centre
    cy -= 0.12 * face.height
    square = ((xs - cx) / (0.55 * face.width)) ** 2 + ((ys - cy) / (0.62 * face.height)) ** 2
    return np.asarray(np.exp(-0.5 * square), dtype=np.float32)
