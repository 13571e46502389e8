"""Where the frames of a clip lie on its picture, found from the pictures alone.

For the reviewer's eye: the measured path beside the planned one.  Features of a frame are found
again on the picture and a similarity (shift, scale, turn) is fitted; a frame in which too few
agree is left out rather than guessed.  The fleet's own check measures adherence for the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

SAMPLES: Final = 9
"""How many frames of a clip are placed."""
PICTURE_PX: Final = 1280
FRAME_PX: Final = 480
"""Longest sides at which picture and frames are compared."""
_PICTURE_FEATURES: Final = 3000
_FRAME_FEATURES: Final = 600
_CONTRAST: Final = 0.01
_RATIO: Final = 0.75
_TOLERANCE_PX: Final = 2.5
_LEAST_AGREEING: Final = 14
_LEAST_COVER: Final = 0.04
"""Share of the frame that agreeing features must span."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One frame found on the picture.

    Attributes:
        frame: its number.
        corners: where its corners lie in fractions of the picture, clockwise from the top left;
            they may lie outside 0..1.
    """

    frame: int
    corners: tuple[tuple[float, float], ...]

    @property
    def centre(self) -> tuple[float, float]:
        """Where its middle lies."""
        xs, ys = zip(*self.corners, strict=True)
        return sum(xs) / 4.0, sum(ys) / 4.0


def sampled(frames: int) -> tuple[int, ...]:
    """Up to ``SAMPLES`` frames spread evenly over a clip, its first and last among them."""
    if frames <= SAMPLES:
        return tuple(range(frames))
    return tuple(round(i * (frames - 1) / (SAMPLES - 1)) for i in range(SAMPLES))


class Tracker:
    """Places frames on one picture, whose features are found once."""

    def __init__(self, picture: Grey) -> None:
        """``picture``: (height, width) uint8, its longest side about ``PICTURE_PX``."""
        self._height, self._width = picture.shape
        self._points, self._descriptors = _features(picture, _PICTURE_FEATURES)

    def place(self, frame: Grey, *, number: int) -> Placed | None:
        """Find a frame, (height, width) uint8; None if it cannot be told where it lies."""
        points, descriptors = _features(frame, _FRAME_FEATURES)
        theirs = self._descriptors
        if descriptors is None or theirs is None or len(points) < _LEAST_AGREEING:
            return None
        source, target = self._matched(points, descriptors, theirs)
        if len(source) < _LEAST_AGREEING:
            return None
        matrix, mask = cv2.estimateAffinePartial2D(
            source, target, method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE_PX, maxIters=4000
        )
        held = np.asarray(mask).ravel().astype(bool) if mask is not None else np.zeros(0, bool)
        if int(held.sum()) < _LEAST_AGREEING:
            return None
        height, width = frame.shape
        covered = float(cv2.contourArea(cv2.convexHull(source[held])))
        if covered < _LEAST_COVER * height * width:
            return None
        outer = np.array(
            [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]]
        )
        fit = np.asarray(matrix, dtype=np.float64)
        there = (outer @ fit[:, :2].T + fit[:, 2] + 0.5) / (self._width, self._height)
        return Placed(number, tuple((float(x), float(y)) for x, y in there))

    def _matched(
        self,
        points: Points,
        descriptors: npt.NDArray[np.float32],
        theirs: npt.NDArray[np.float32],
    ) -> tuple[Points, Points]:
        best: dict[int, tuple[float, int]] = {}
        for pair in cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors, theirs, k=2):
            if len(pair) < 2:
                continue
            first, second = pair
            # One feature of the picture answers one of the frame: on a flat sky hundreds pick it.
            if first.distance < _RATIO * second.distance:
                held = best.get(first.trainIdx)
                if held is None or first.distance < held[0]:
                    best[first.trainIdx] = (first.distance, first.queryIdx)
        rows = [query for _, query in best.values()]
        return points[rows], self._points[list(best)]


def _features(grey: Grey, most: int) -> tuple[Points, npt.NDArray[np.float32] | None]:
    finder = cv2.SIFT.create(nfeatures=most, contrastThreshold=_CONTRAST)
    keypoints, descriptors = finder.detectAndCompute(grey, None)
    points = np.array([k.pt for k in keypoints], dtype=np.float32).reshape(-1, 2)
    return points, None if descriptors is None else np.asarray(descriptors, dtype=np.float32)
