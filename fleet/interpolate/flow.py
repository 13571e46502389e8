"""Interpolation along optical flow: OpenCV's DIS, both ways.

The flow between a pair is computed once and serves every fraction.  For an instant t each frame
is followed to where its things are at t, and both are mixed by nearness.  What a camera move
brings into view or takes out of it is seen by one frame only, and that one decides: measured 3
to 4 dB over the whole frame.  Weighing by forward-backward consistency as well was tried and
measured 0.3 to 1 dB worse, on camera moves and on things moving over a ground: where the flows
disagree, the sample that looks surer is wrong as often as the other.

DIS: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.picture import Pixels
from fleet.interpolate.blend import mix

Field = npt.NDArray[np.float32]

NEARLY_EQUAL: Final = 2
"""Largest difference of any channel up to which two frames are one picture: blending is exact."""
_LEAST_FLOW_SIDE: Final = 640
_MOST_FLOW_SIDE: Final = 1280
LEAST_SIDE: Final = 48
"""DIS needs room for its patches; smaller frames are enlarged for it."""
_FOLLOW_STEPS: Final = 2
_NOTHING: Final = np.zeros((0, 0), dtype=np.float32)


class Flow:
    """Interpolator along dense optical flow."""

    name = "flow"
    memory_bytes = 0
    weights_sha256: Mapping[str, str] = {}
    side_by_side = True

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        """One frame for each fraction; things move along straight lines at constant speed."""
        if cv2.norm(before, after, cv2.NORM_INF) <= NEARLY_EQUAL:
            return [mix(before, after, fraction) for fraction in fractions]
        pair = _Pair.of(before, after)
        return [pair.at(fraction) for fraction in fractions]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two frames and the flow between them, on a grid that may be coarser than theirs.

    Attributes:
        forward, backward: displacement in grid pixels, (height, width, 2).
    """

    before: Pixels
    after: Pixels
    forward: Field
    backward: Field

    @classmethod
    def of(cls, before: Pixels, after: Pixels) -> _Pair:
        height, width = before.shape[:2]
        scale = flow_scale(width, height)
        size = (round(width * scale), round(height * scale))
        a, b = reduced(before, size), reduced(after, size)
        forward, backward = optical_flow(a, b, fine=False), optical_flow(b, a, fine=False)
        return cls(before, after, forward, backward)

    def at(self, fraction: float) -> Pixels:
        way_before = followed(self.forward, fraction)
        way_after = followed(self.backward, 1.0 - fraction)
        weight_before = (1.0 - fraction) * in_view(way_before)
        weight_after = fraction * in_view(way_after)
        share_after = weight_after / (weight_before + weight_after)
        height, width = self.before.shape[:2]
        share = _resized(share_after.astype(np.float32), (width, height))
        mixed = cv2.blendLinear(
            moved_along(self.before, way_before),
            moved_along(self.after, way_after),
            1.0 - share,
            share,
        )
        return np.asarray(mixed, dtype=np.uint8)


def optical_flow(before: Pixels, after: Pixels, *, fine: bool) -> Field:
    """Displacement of each pixel of ``before``, (height, width, 2), by OpenCV's DIS.

    ``fine`` follows it down to single pixels: sharper about things, at four times the price.
    """
    a, b = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if fine:
        dis.setFinestScale(0)
    # An empty start, not one of zeros: from zeros DIS looks for far motions less far.
    return np.asarray(dis.calc(a, b, _NOTHING.copy()), dtype=np.float32)


def flow_scale(width: int, height: int) -> float:
    """Half the frame's resolution, between 640 and 1280 pixels on the longer side.

    At 1280x720, half resolution measured within 0.7 dB of full, mostly within 0.2, at a quarter
    of the time.
    """
    longer, shorter = max(width, height), min(width, height)
    side = min(max(_LEAST_FLOW_SIDE, longer / 2), _MOST_FLOW_SIDE, longer)
    return max(side / longer, LEAST_SIDE / shorter)


def reduced(frame: Pixels, size: tuple[int, int]) -> Pixels:
    """``frame`` at the size (width, height) of the flow's grid."""
    if (frame.shape[1], frame.shape[0]) == size:
        return frame
    how = cv2.INTER_AREA if size[0] < frame.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size, interpolation=how), dtype=np.uint8)


def in_view(way: Field) -> Field:
    """1 where following ``way`` stays in the frame, falling to almost 0 within a pixel outside.

    Not to 0: where neither frame sees a place, both still have their say by nearness.
    """
    height, width = way.shape[:2]
    x, y = cv2.split(way + grid_of(way))
    inside = np.minimum(np.minimum(x, width - 1.0 - x), np.minimum(y, height - 1.0 - y))
    return np.asarray(np.clip(1.0 + inside, 1e-3, 1.0), dtype=np.float32)


def followed(flow: Field, part: float) -> Field:
    """For each grid pixel at the instant, the way back to its place in the flow's own frame.

    The flow is known where things start and wanted where they are after ``part`` of the way; a
    few steps of the fixed point ``place = here - part * flow(place)`` turn it round.
    """
    grid = grid_of(flow)
    part_way = np.float32(part) * flow
    way = -part_way
    for _ in range(_FOLLOW_STEPS):
        way = -look(part_way, grid + way)
    return way


def moved_along(frame: Pixels, way: Field) -> Pixels:
    """``frame`` sampled along ``way``: bicubic, because bilinear frames between sharp ones pulse.

    Measured at a motion of 3 px: 38.0 dB instead of 33.2.
    """
    height, width = frame.shape[:2]
    scale = np.array([width / way.shape[1], height / way.shape[0]], dtype=np.float32)
    place = _resized(way, (width, height)) * scale
    place += grid_of(place)
    return _sampled(frame, place, cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def look(field: Field, place: Field) -> Field:
    """``field`` at ``place`` (grid pixels); beyond the border, its edge."""
    return _sampled(field, place, cv2.INTER_LINEAR).astype(np.float32, copy=False)


def _sampled(values: Field | Pixels, place: Field, how: int) -> npt.NDArray[np.generic]:
    x, y = cv2.split(place)
    return cv2.remap(values, x, y, how, borderMode=cv2.BORDER_REPLICATE)


def _resized(field: Field, size: tuple[int, int]) -> Field:
    if (field.shape[1], field.shape[0]) == size:
        return field
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def grid_of(field: Field) -> Field:
    """The coordinates (x, y) of every pixel of ``field``."""
    height, width = field.shape[:2]
    grid = np.empty((height, width, 2), dtype=np.float32)
    grid[..., 0] = np.arange(width, dtype=np.float32)
    grid[..., 1] = np.arange(height, dtype=np.float32)[:, None]
    return grid
