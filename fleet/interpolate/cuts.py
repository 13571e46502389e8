"""Scene cuts: whether two frames show one scene, so that frames between them make sense.

A histogram or a pixel difference cannot tell a cut from a fast pan, and a flash defeats both.
So the question is asked directly: how much of the later frame is found again in the earlier one,
once motion and exposure are taken out?  Both frames are reduced to thumbnails of equal mean and
contrast; optical flow is followed both ways; a place is found again where the two flows agree
and the small patch around it correlates.  Flow alone is not enough: it bends any picture into
any other a little, but then not back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.picture import Pixels

Luma = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

CUT_BELOW: Final = 0.1
"""Measured over 16 photographs: 240 cuts between two of them reach at most 0.07, jumps between
far parts of one 0.18 (a page of text); a pan of 40 % of the frame keeps 0.5, a zoom of 1.5
0.12, a flash 0.6, two frames of flat sky under heavy noise 0.22.  ``benchmarks.scene_cuts`` found
100 of 100 cuts, and took 6 of 110 pairs for one that pan by up to 27 % of the frame, none of 220
that pan by less."""
_ENOUGH: Final = 0.5
"""So clearly one scene that no further guess at the motion is tried."""
_THUMB: Final = (160, 90)
_PATCH: Final = 10
_ALIKE: Final = 0.6
_RETURN_PX: Final = 1.5
_TEXTURE: Final = 9.0
"""Variance above which a patch of a thumbnail says anything; below it is flat."""
_STRIDE: Final = 1.4


@dataclass(frozen=True, slots=True)
class CutEvidence:
    """What a comparison of two frames found.

    Attributes:
        found_again: share (0..1) of the later frame's texture that the earlier one shows too.
    """

    found_again: float

    @property
    def is_cut(self) -> bool:
        """Whether the two frames show different scenes."""
        return self.found_again < CUT_BELOW


def cut_evidence(before: Pixels, after: Pixels) -> CutEvidence:
    """Compare two frames of equal size, (height, width, 3) uint8; a pure function of them.

    A frame without texture (black, white) matches anything: fading to it is not a cut.
    """
    a, b = _thumb(before), _thumb(after)
    best = 1.0 if np.array_equal(a, b) else 0.0
    for start in _starts(a, b):
        if best >= _ENOUGH:
            break
        best = max(best, _found_again(a, b, start))
    return CutEvidence(best)


def _thumb(frame: Pixels) -> Luma:
    """Luma at thumbnail size, of mean 128 and standard deviation 48: free of exposure."""
    width, height = _THUMB if frame.shape[1] >= frame.shape[0] else _THUMB[::-1]
    luma = cv2.resize(
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (width, height), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    spread = max(float(luma.std()), 2.0)
    even = (luma - np.float32(luma.mean())) * np.float32(48.0 / spread) + np.float32(128.0)
    return np.asarray(np.clip(even, 0.0, 255.0), dtype=np.uint8)


def _starts(a: Luma, b: Luma) -> Iterator[Field]:
    """Guesses at the motion from b to a, for the flow to refine: none, a far pan, a fast zoom."""
    still = np.zeros((*a.shape, 2), dtype=np.float32)
    yield still
    window = cv2.createHanningWindow((a.shape[1], a.shape[0]), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(a.astype(np.float32), b.astype(np.float32), window)
    yield still - np.array([dx, dy], dtype=np.float32)
    from_centre = _grid(a) - np.array([a.shape[1] / 2.0, a.shape[0] / 2.0], dtype=np.float32)
    for ratio in (1.0 / _STRIDE, _STRIDE):
        yield (from_centre * (ratio - 1.0)).astype(np.float32)


def _found_again(a: Luma, b: Luma, start: Field) -> float:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # Each call refines its start in place.
    to_a = np.asarray(dis.calc(b, a, start.copy()), dtype=np.float32)
    to_b = np.asarray(dis.calc(a, b, -start), dtype=np.float32)
    place = _grid(a) + to_a
    x, y = cv2.split(place)
    back = cv2.remap(to_b, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    returns = np.linalg.norm(to_a + back, axis=2) < _RETURN_PX
    inside = (x >= 0.0) & (x < a.shape[1]) & (y >= 0.0) & (y < a.shape[0])
    moved = cv2.remap(a, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alike, textured = _alike(moved.astype(np.float32), b.astype(np.float32))
    if not textured.any():
        return 1.0
    return float(np.mean((returns & inside & alike)[textured]))


def _alike(x: Field, y: Field) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where patches of ``x`` and ``y`` correlate, and where either has texture at all."""

    def patch(values: Field) -> npt.NDArray[np.float64]:
        return np.asarray(cv2.blur(values, (_PATCH, _PATCH)), dtype=np.float64)

    mean_x, mean_y = patch(x), patch(y)
    var_x = np.maximum(patch(x * x) - mean_x**2, 0.0)
    var_y = np.maximum(patch(y * y) - mean_y**2, 0.0)
    # The floor lets two flat patches count as alike and noise in one of them not decide.
    floor = 4.0
    correlation = (patch(x * y) - mean_x * mean_y + floor) / (np.sqrt(var_x * var_y) + floor)
    return correlation > _ALIKE, (var_x > _TEXTURE) | (var_y > _TEXTURE)


def _grid(luma: Luma) -> Field:
    height, width = luma.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.stack([x, y], axis=-1)
