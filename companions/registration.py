"""Where a frame lies on a picture, found from the pictures alone.

The fleet holds a clip against its plan by it, and the desk draws the measured path beside the
planned one: both place the same frames, and find the same.

SIFT features (contrast threshold a quarter of OpenCV's, for skies and skin), ratio test,
MAGSAC++.  A homography extrapolates badly from features on one side of the frame, so it is
believed only where they cover enough of it; otherwise a similarity is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt

from companions.camera import Affine
from companions.geometry import Size

Grey = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
_Fit: TypeAlias = tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.uint8] | None]
"""What OpenCV's estimators return; its stubs leave out the None of a failed fit."""

SAMPLES: Final = 9
"""How many frames of a clip are placed."""
MIN_INLIERS: Final = 12
"""Fewer agreeing features than this place nothing."""
LONGEST_PX: Final = 480
"""Longest side at which frames are matched: 2e-4 of the diagonal is reached, at 25 ms a frame."""
PICTURE_PX: Final = 1280
"""Longest side at which a picture is searched, in a quarter of a gigabyte."""

_CONTRAST: Final = 0.01
_RATIO: Final = 0.75
_TOLERANCE_PX: Final = 2.0
_FRAME_FEATURES: Final = 700
_PICTURE_FEATURES: Final = 3000
_HOMOGRAPHY_COVER: Final = 0.25
"""Share of the frame that inliers must span for eight degrees of freedom."""
_SIMILARITY_COVER: Final = 0.02
_SAMENESS: Final = 0.25
"""Smallest part of the planned area onto which the inliers' own area may shrink (and its inverse,
largest): matches that collapse onto one spot agree with each other and mean nothing."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame found on the picture.

    Attributes:
        matrix: 3x3, frame pixel centres to picture pixel centres.
        inliers: features that agree.
    """

    matrix: npt.NDArray[np.float64]
    inliers: int

    def corners(self, size: Size) -> npt.NDArray[np.float64]:
        """Where the corners of a frame of ``size`` come to lie, (4, 2)."""
        moved = cv2.perspectiveTransform(corners_of(size)[None], self.matrix)
        return np.asarray(moved[0], dtype=np.float64)


class Registration:
    """The picture's features, found once, and the matching of frames against them."""

    def __init__(self, picture: Grey, *, within: Grey | None = None) -> None:
        """``picture``: (height, width) uint8; ``within``, of the same shape, is where features of
        it count (not 0); None: everywhere."""
        finder = _finder(_PICTURE_FEATURES)
        keypoints, self._descriptors = finder.detectAndCompute(picture, within)
        self._points = _points(keypoints)

    def place(self, frame: Grey) -> Placed | None:
        """Find ``frame``, (height, width) uint8, or None if it cannot be told where it lies."""
        keypoints, descriptors = _finder(_FRAME_FEATURES).detectAndCompute(frame, None)
        enough = min(len(keypoints), len(self._points)) >= MIN_INLIERS
        if not enough or descriptors is None or self._descriptors is None:
            return None
        source, target = self._matched(_points(keypoints), np.asarray(descriptors))
        if len(source) < MIN_INLIERS:
            return None
        area = float(frame.shape[0] * frame.shape[1])
        return _homography(source, target, area=area) or _similarity(source, target, area=area)

    def _matched(
        self, points: Points, descriptors: npt.NDArray[np.float32]
    ) -> tuple[Points, Points]:
        pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors, self._descriptors, k=2)
        best: dict[int, tuple[float, int]] = {}
        for first, second in pairs:
            # One feature of the picture answers one of the frame: on a flat sky hundreds pick it.
            if first.distance < _RATIO * second.distance:
                held = best.get(first.trainIdx)
                if held is None or first.distance < held[0]:
                    best[first.trainIdx] = (first.distance, first.queryIdx)
        rows = [query for _, query in best.values()]
        return points[rows], self._points[list(best)]


def sampled_frames(frames: int) -> tuple[int, ...]:
    """Up to ``SAMPLES`` frames spread evenly over a clip, its first and last among them."""
    if frames <= SAMPLES:
        return tuple(range(frames))
    return tuple(round(i * (frames - 1) / (SAMPLES - 1)) for i in range(SAMPLES))


def corners_of(size: Size) -> npt.NDArray[np.float64]:
    """The outer corners of a frame in pixel-centre coordinates, (4, 2)."""
    right, bottom = size.width - 0.5, size.height - 0.5
    return np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])


def planned_corners(matrix: Affine, size: Size) -> npt.NDArray[np.float64]:
    """Where the corners of a frame of ``size`` lie by the planned map, (4, 2)."""
    return np.asarray(corners_of(size) @ matrix[:, :2].T + matrix[:, 2], dtype=np.float64)


def _homography(source: Points, target: Points, *, area: float) -> Placed | None:
    fit = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, _TOLERANCE_PX, maxIters=5000, confidence=0.999
    )
    matrix, mask = cast("_Fit", fit)
    if matrix is None or mask is None:
        return None
    held = mask.ravel().astype(bool)
    if not _spans(source[held], target[held], matrix, least=_HOMOGRAPHY_COVER * area):
        return None
    return Placed(matrix=np.asarray(matrix, dtype=np.float64), inliers=int(held.sum()))


def _similarity(source: Points, target: Points, *, area: float) -> Placed | None:
    fit = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE_PX, maxIters=5000
    )
    found, mask = cast("_Fit", fit)
    if found is None or mask is None:
        return None
    matrix = np.vstack([found, [0.0, 0.0, 1.0]])
    held = mask.ravel().astype(bool)
    if not _spans(source[held], target[held], matrix, least=_SIMILARITY_COVER * area):
        return None
    return Placed(matrix=matrix, inliers=int(held.sum()))


def _spans(
    source: Points, target: Points, matrix: npt.NDArray[np.float64], *, least: float
) -> bool:
    """Whether the inliers are enough, cover ``least`` frame pixels, and cover as much there."""
    if len(source) < MIN_INLIERS:
        return False
    covered = cv2.contourArea(cv2.convexHull(source))
    if covered < least:
        return False
    there = cv2.contourArea(cv2.convexHull(target))
    planned = covered * abs(float(np.linalg.det(matrix[:2, :2])))
    return bool(_SAMENESS * planned <= there <= planned / _SAMENESS)


def _finder(features: int) -> cv2.SIFT:
    return cv2.SIFT.create(nfeatures=features, contrastThreshold=_CONTRAST)


def _points(keypoints: Sequence[cv2.KeyPoint]) -> Points:
    return np.array([k.pt for k in keypoints], dtype=np.float32).reshape(-1, 2)
