"""Interpolation along optical flow: OpenCV's DIS, both ways, with occlusions told apart.

The flow between a pair is computed once and serves every fraction.  For an instant t each frame
is followed to where its things are at t; where the two flows disagree, something is hidden in
one of the frames, and the frame that sees it decides.

DIS: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.picture import Pixels
from fleet.interpolate.blend import mix

Field = npt.NDArray[np.float32]

NEARLY_EQUAL: Final = 2
"""Largest difference of any channel below which two frames are one picture: blending is exact."""
_LARGEST_FLOW_WIDTH: Final = 1280
_FOLLOW_ITERATIONS: Final = 3
_DISAGREEMENT_PX: Final = 1.0


class Flow:
    """Interpolator along dense optical flow."""

    name = "flow"

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        """One frame for each fraction; things move along straight lines at constant speed."""
        if cv2.norm(before, after, cv2.NORM_INF) <= NEARLY_EQUAL:
            return [mix(before, after, fraction) for fraction in fractions]
        pair = _Pair.of(before, after)
        return [pair.at(fraction) for fraction in fractions]


@dataclass(frozen=True, slots=True)
class _Pair:
    before: Pixels
    after: Pixels
    forward: Field
    backward: Field
    seen_after: Field
    seen_before: Field
    grid: Field

    @classmethod
    def of(cls, before: Pixels, after: Pixels) -> _Pair:
        height, width = before.shape[:2]
        shrink = min(1.0, _LARGEST_FLOW_WIDTH / max(width, height))
        small = (max(16, round(width * shrink)), max(16, round(height * shrink)))
        a, b = (_luma(frame, small) for frame in (before, after))
        dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        forward = _full(dis.calc(a, b, None), (width, height))
        backward = _full(dis.calc(b, a, None), (width, height))
        grid = np.stack(
            np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)),
            axis=-1,
        )
        return cls(
            before,
            after,
            forward,
            backward,
            _agreement(forward, backward, grid),
            _agreement(backward, forward, grid),
            grid,
        )

    def at(self, fraction: float) -> Pixels:
        origin = self._follow(self.forward, fraction)
        target = self._follow(self.backward, 1.0 - fraction)
        from_before = _look(self.before, origin)
        from_after = _look(self.after, target)
        # What the later frame cannot see again in the earlier one was hidden there: the earlier
        # frame has no say in it, and the other way round.
        weight_before = (1.0 - fraction) * _look(self.seen_before, target) + 1e-3
        weight_after = fraction * _look(self.seen_after, origin) + 1e-3
        share = weight_after / (weight_before + weight_after)
        mixed = from_before + (from_after.astype(np.float32) - from_before) * share[..., None]
        return np.rint(mixed).astype(np.uint8)

    def _follow(self, flow: Field, part: float) -> Field:
        """For each pixel at the instant, the place it had in the flow's own frame."""
        place = self.grid - part * flow
        for _ in range(_FOLLOW_ITERATIONS):
            place = self.grid - part * _look(flow, place)
        return place


def _luma(frame: Pixels, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    if (frame.shape[1], frame.shape[0]) == size:
        return grey
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _full(flow: Field, size: tuple[int, int]) -> Field:
    height, width = flow.shape[:2]
    if (width, height) == size:
        return flow
    large = cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR)
    return large * np.array([size[0] / width, size[1] / height], dtype=np.float32)


def _agreement(flow: Field, opposite: Field, grid: Field) -> Field:
    """1 where going there and back returns to the same place, falling to 0 with the gap."""
    gap = flow + _look(opposite, grid + flow)
    squared = gap[..., 0] ** 2 + gap[..., 1] ** 2
    return np.exp(-squared / _DISAGREEMENT_PX**2)


def _look(field: npt.NDArray[np.generic], place: Field) -> Field:
    return cv2.remap(field, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
