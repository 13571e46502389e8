"""A picture with a depth map, seen by a camera that moves through space (``parallax``).

Depth goes forward, colours come back.  Each frame's distances are found first: the map, finer than
the frame, is thrown onto it, and the nearest wins.  Then every pixel fetches its colour from where
in the picture it comes from, through prefiltered levels of the scale at which it is seen there; so
a flat map gives what a flat picture gives.  What no point of the map falls on was hidden, or lies
beyond the picture: it is marked as invented, and filled in from around it, from what is far rather
than near.

Depth maps are soft where things end; there each value is drawn to the nearer or the farther side,
lest the edge be stretched into a veil.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.camera import Affine, CameraPath
from companions.depth_map import Depth
from companions.geometry import Size
from companions.levels import Ladder, Level, View, build_level
from companions.masks import Mask
from companions.parallax import Places, Standpoint, focus_of, relative, standpoint
from companions.picture import Pixels
from companions.preset import Preset
from companions.rendition import size_of, views_of

_PITCH: Final = 0.6
"""Points of the map are thrown this many frame pixels apart, where nothing is enlarged."""
_MOST_POINTS: Final = 6_000_000
_MOST_FOOTPRINT: Final = 6
"""A point that is enlarged covers up to so many frame pixels each way; nearer things have cracks,
which are closed where they are narrow."""
_SAME_SURFACE: Final = 0.02
_EDGE: Final = 0.06
"""Two neighbours of the map that differ by more, as inverse distances over the focal plane's, are
two things."""
_SOFT_PX: Final = 3
"""So many pixels of the map, each way, an edge may be soft."""
_FILL_SIDE: Final = 320
_FILL_REACH_PX: Final = 3.0
_MARGIN: Final = 6
_NEAREST: Final = cv2.INTER_NEAREST
_LEAST_MAP_PX: Final = 512
_FARTHER_BY: Final = 0.12
_LEAST_SCALE: Final = 1.0 / 16.0
"""Levels finer than this share of a picture pixel show nothing more."""


@dataclass(frozen=True, slots=True)
class Deep:
    """A frame seen through space.

    Attributes:
        pixels: the frame, of as many channels as the picture has.
        invented: what the picture does not show, 255 for all of the pixel; (height, width).
    """

    pixels: Pixels
    invented: Mask


class ThroughSpace:
    """Frames of one picture and its depth map, in any order, from any thread.

    Levels of the picture are made when first needed and kept: together up to about three times
    the part of the picture that is looked at, at the finest scale that a frame shows it in.
    """

    def __init__(
        self,
        picture: Pixels,
        depth: Depth,
        path: CameraPath,
        *,
        output: Size,
        at: Sequence[float],
        preset: Preset | None,
    ) -> None:
        """``picture`` has three channels, or four, the last of which is fetched like colours."""
        whole = size_of(picture)
        self._picture, self._whole, self._output = picture, whole, output
        self._views = views_of(path, at, picture=whole, output=output)
        self.standpoints = [standpoint(path, u, preset=preset, picture=whole) for u in at]
        self.focus = focus_of(depth, path, preset=preset)
        self._map = _crisp(_large_enough(relative(depth, self.focus)))
        # Far beside near: their colours hold some of what is near.
        wide = np.ones((5, 5), dtype=np.uint8)
        self._beside = (cv2.dilate(self._map, wide) - self._map > _EDGE).astype(np.float32)
        self._range = float(self._map.min()), float(self._map.max())
        scales = [
            view.scale * back
            for view, stand in zip(self._views, self.standpoints, strict=True)
            for back in self._backs(stand)
        ]
        self._ladder = Ladder.over((max(_LEAST_SCALE, min(scales)), max(scales)))
        boxes = np.array([self._box(i) for i in range(len(self._views))])
        self._looked_at = _as_view(boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0))
        self._levels: dict[int, Level] = {}
        self._building = Lock()

    def distance_in(self, depth: Depth, share: Mask, x0: int, y0: int) -> float:
        """The inverse distance, over the focal plane's, that ``depth`` says of a region."""
        values = relative(depth, self.focus)
        height, width = values.shape
        rows, columns = np.nonzero(share >= 128)
        x = ((columns + x0 + 0.5) * width / self._whole.width).astype(int).clip(0, width - 1)
        y = ((rows + y0 + 0.5) * height / self._whole.height).astype(int).clip(0, height - 1)
        return float(np.median(values[y, x])) if len(x) else 1.0

    def frame(self, index: int) -> Deep:
        """Frame ``index``."""
        m, stand = self._views[index].output_to_picture, self.standpoints[index]
        across, down = _planes(m, self._output)
        size = (self._output.height, self._output.width)
        r = np.ones(size, dtype=np.float32) if stand.at_start else self._thrown(index)
        hidden = r <= 0.0
        r[hidden] = 1.0
        x, y = stand.comes_from(across, down, r)
        if not stand.at_start:
            again = self._map_at(x, y)
            np.copyto(r, again, where=(np.abs(again - r) < _SAME_SURFACE) & ~hidden)
            x, y = stand.comes_from(across, down, r)
        pixels = self._colours(x, y, self._views[index].scale / stand.seen_at(x, y, r)[2])
        slack = self._views[index].scale * 1e-3 + 1e-3
        beyond = (x < -0.5 - slack) | (y < -0.5 - slack)
        beyond |= (x > self._whole.width - 0.5 + slack) | (y > self._whole.height - 0.5 + slack)
        if hidden.any():
            rim = cv2.dilate(hidden.astype(np.uint8), np.ones((5, 5), dtype=np.uint8)) > 0
            hidden |= rim & (self._sampled(self._beside, x, y, cv2.INTER_NEAREST) > 0.5)
        invented: Mask = (hidden | beyond).astype(np.uint8) * 255
        if invented.any():
            _fill(pixels, invented, r)
        return Deep(pixels, invented)

    def _backs(self, stand: Standpoint) -> tuple[float, float]:
        """Picture pixels per pixel of the focal plane: of the farthest and the nearest in sight."""
        far, near = self._range
        ends = np.array([far, min(near, max(far, stand.most))], dtype=np.float32)
        scale = stand.seen_at(np.zeros(2, np.float32), np.zeros(2, np.float32), ends)[2]
        return 1.0 / float(scale[0]), 1.0 / float(scale[1])

    def _box(self, index: int) -> tuple[float, float, float, float]:
        """Which part of the picture frame ``index`` may show: x1, y1, x2, y2, in its pixels."""
        stand, width, height = self.standpoints[index], self._output.width, self._output.height
        frame = np.array([[-1, -1], [width, -1], [width, height], [-1, height]], dtype=np.float64)
        m = self._views[index].output_to_picture
        plane = (frame @ m[:, :2].T + m[:, 2]).astype(np.float32)
        far, near = self._range
        # Where a ray meets a distance goes along a straight line: its ends hold all of it.
        ends = [
            np.stack(stand.comes_from(plane[:, 0], plane[:, 1], np.full(4, r, np.float32)), axis=-1)
            for r in (far, min(near, max(far, stand.most)))
        ]
        low = np.min([end.min(axis=0) for end in ends], axis=0)
        high = np.max([end.max(axis=0) for end in ends], axis=0)
        return (
            max(-0.5, float(low[0])),
            max(-0.5, float(low[1])),
            max(0.5, min(self._whole.width - 0.5, float(high[0]))),
            max(0.5, min(self._whole.height - 0.5, float(high[1]))),
        )

    def _thrown(self, index: int) -> Places:
        """The inverse distance that each pixel of the frame shows; 0 where nothing is."""
        stand, view = self.standpoints[index], self._views[index]
        width, height = self._output.width, self._output.height
        x1, y1, x2, y2 = self._box(index)
        pitch = _PITCH * view.scale
        pitch = max(pitch, math.sqrt((x2 - x1) * (y2 - y1) / _MOST_POINTS))
        columns = np.arange(x1, x2 + pitch, pitch, dtype=np.float32)
        rows = np.arange(y1, y2 + pitch, pitch, dtype=np.float32)
        x, y = (each.ravel() for each in np.meshgrid(columns, rows))
        r = self._map_at(x[None], y[None])[0]
        kept = r < stand.most
        x, y, r = x[kept], y[kept], r[kept]
        qx, qy, larger = stand.seen_at(x, y, r)
        m = np.linalg.inv(np.vstack([view.output_to_picture, [0.0, 0.0, 1.0]])).astype(np.float32)
        ox = m[0, 0] * qx + m[0, 1] * qy + m[0, 2]
        oy = m[1, 0] * qx + m[1, 1] * qy + m[1, 2]
        footprint = np.ceil(larger * np.float32(pitch / view.scale) + np.float32(0.15))
        footprint = np.clip(footprint, 1, _MOST_FOOTPRINT).astype(np.int32)
        seen = np.zeros(width * height, dtype=np.float32)
        for size in range(1, int(footprint.max(initial=1)) + 1):
            chosen = footprint == size
            if not chosen.any():
                continue
            left = np.rint(ox[chosen] - (size - 1) / 2.0).astype(np.int32)
            top = np.rint(oy[chosen] - (size - 1) / 2.0).astype(np.int32)
            for dy in range(size):
                for dx in range(size):
                    _throw(seen, left + dx, top + dy, r[chosen], width=width, height=height)
        return _without_pinholes(seen.reshape(height, width))

    def _map_at(self, x: Places, y: Places) -> Places:
        """The map at places of the picture; as hard as it is where things end."""
        smooth, hard = (self._sampled(self._map, x, y, how) for how in _HOWS)
        return np.where(np.abs(smooth - hard) < _EDGE / 2.0, smooth, hard).astype(np.float32)

    def _sampled(self, values: Places, x: Places, y: Places, how: int) -> Places:
        height, width = values.shape
        across = (x + np.float32(0.5)) * np.float32(width / self._whole.width) - np.float32(0.5)
        down = (y + np.float32(0.5)) * np.float32(height / self._whole.height) - np.float32(0.5)
        return _sampled(values, across, down, how)

    def _colours(self, x: Places, y: Places, scale: Places) -> Pixels:
        """The picture at those places, at the level of each place's own scale."""
        ladder = self._ladder
        if ladder.steps == 0:
            return self._level(0).at(x, y)
        octaves = math.log2(ladder.high / ladder.low)
        rung = np.clip(
            np.log2(scale / np.float32(ladder.low)) * np.float32(ladder.steps / octaves),
            0.0, ladder.steps,
        )  # fmt: skip
        first, last = math.floor(float(rung.min())), math.ceil(float(rung.max()))
        if first == last:
            return self._level(first).at(x, y)
        mixed = self._level(first).at(x, y)
        for step in range(first + 1, last + 1):
            share = np.clip(rung - np.float32(step - 1), 0.0, 1.0)
            mixed = _blended(self._level(step).at(x, y), mixed, share)
        return mixed

    def _level(self, rung: int) -> Level:
        with self._building:
            if rung not in self._levels:
                self._levels[rung] = build_level(
                    self._picture, scale=self._ladder.scale(rung), users=[self._looked_at]
                )
            return self._levels[rung]


_HOWS: Final = (cv2.INTER_LINEAR, cv2.INTER_NEAREST)
_MOST_ROWS: Final = 30_000
"""OpenCV's places are told in 16 bits: no longer a line of places than this is asked for."""


def _sampled(values: Places, x: Places, y: Places, how: int) -> Places:
    shape = x.shape
    if max(shape) > _MOST_ROWS:
        rows = math.ceil(x.size / _MOST_ROWS)
        pad = rows * _MOST_ROWS - x.size
        x, y = (np.pad(each.ravel(), (0, pad)).reshape(rows, _MOST_ROWS) for each in (x, y))
    found = cv2.remap(values, x, y, how, borderMode=cv2.BORDER_REPLICATE)
    count = math.prod(shape)
    return np.asarray(found, dtype=np.float32).ravel()[:count].reshape(shape)


def _throw(
    seen: Places,
    x: npt.NDArray[np.int32],
    y: npt.NDArray[np.int32],
    r: Places,
    *,
    width: int,
    height: int,
) -> None:
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    np.maximum.at(seen, y[inside] * width + x[inside], r[inside])


def _without_pinholes(seen: Places) -> Places:
    """Holes that a 3x3 closing closes show the farther of what is around them."""
    known = (seen > 0.0).astype(np.uint8)
    around = np.ones((3, 3), dtype=np.uint8)
    padded = cv2.copyMakeBorder(known, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0.0,))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, around)[1:-1, 1:-1] > 0
    farther = cv2.erode(np.where(known > 0, seen, np.float32(np.inf)), around)
    pinhole = closed & (known == 0) & np.isfinite(farther)
    return np.where(pinhole, farther, seen).astype(np.float32)


def _large_enough(values: Places) -> Places:
    """A small map enlarged, so that a slope is no staircase."""
    height, width = values.shape
    larger = _LEAST_MAP_PX / max(height, width)
    if larger <= 1.0:
        return values
    size = (round(width * larger), round(height * larger))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _crisp(values: Places) -> Places:
    """The map with soft edges made hard: each value is drawn to the side it is nearer to."""
    around = np.ones((3, 3), dtype=np.uint8)
    for _ in range(_SOFT_PX):
        low, high = cv2.erode(values, around), cv2.dilate(values, around)
        nearest = np.where(values - low < high - values, low, high)
        wide = np.ones((2 * _SOFT_PX + 1,) * 2, dtype=np.uint8)
        edge = (cv2.dilate(values, wide) - cv2.erode(values, wide) > _EDGE * 2.0) & (
            high - low > _EDGE / 2.0
        )
        values = np.where(edge, nearest, values).astype(np.float32)
    return values


def _planes(m: Affine, output: Size) -> tuple[Places, Places]:
    """Where on the focal plane each pixel of the frame looks, in picture pixels."""
    columns, rows = np.arange(output.width), np.arange(output.height)[:, None]
    return (
        (m[0, 0] * columns + m[0, 1] * rows + m[0, 2]).astype(np.float32),
        (m[1, 0] * columns + m[1, 1] * rows + m[1, 2]).astype(np.float32),
    )


def _as_view(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> View:
    """A view of that part of the picture, for levels to be built as far as it looks."""
    size = Size(max(1, math.ceil(high[0] - low[0])), max(1, math.ceil(high[1] - low[1])))
    return View(np.array([[1.0, 0.0, low[0]], [0.0, 1.0, low[1]]]), size)


def _blended(over: Pixels, under: Pixels, share: Places) -> Pixels:
    return np.asarray(cv2.blendLinear(over, under, share, np.float32(1.0) - share), dtype=np.uint8)


def _fill(pixels: Pixels, invented: Mask, r: Places) -> None:
    """Put into ``pixels`` what may lie where they are invented: what is far around there."""
    height, width = invented.shape
    share = min(1.0, _FILL_SIDE / max(height, width))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    hole = (cv2.resize(invented, small, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    seen = np.asarray(cv2.resize(pixels[..., :3], small, interpolation=cv2.INTER_AREA))
    distance = cv2.resize(np.where(invented > 0, np.float32(0.0), r), small, interpolation=_NEAREST)
    behind = seen.copy()
    count, marks, boxes, _ = cv2.connectedComponentsWithStats(hole, connectivity=8)
    for mark in range(1, count):
        left, top, across, down = (int(each) for each in boxes[mark, :4])
        part = (
            slice(max(0, top - down - _MARGIN), top + 2 * down + _MARGIN),
            slice(max(0, left - across - _MARGIN), left + 2 * across + _MARGIN),
        )
        this, unknown = marks[part] == mark, hole[part] > 0
        # What is nearer than the farthest across the hole stood before it, and is not behind it;
        # nor does what lies farther away than the hole is wide have a say.
        thick = 2 * math.ceil(float(cv2.distanceTransform(hole[part], cv2.DIST_C, 3).max())) + 3
        known = np.where(unknown, np.float32(np.inf), distance[part])
        about = np.ones((2 * thick + 1,) * 2, dtype=np.uint8)
        beside_it = cv2.dilate(this.astype(np.uint8), about) > 0
        farthest = cv2.erode(known, about, iterations=2)  # seen across the hole from either side
        before = unknown | ~beside_it | (known > farthest + _FARTHER_BY)
        if before.all():
            continue
        made = cv2.inpaint(
            np.ascontiguousarray(seen[part]), before.astype(np.uint8), _FILL_REACH_PX,
            cv2.INPAINT_NS,
        )  # fmt: skip
        # And next to it: enlarging mixes the hole with what is beside it.
        beside = cv2.dilate(this.astype(np.uint8), np.ones((3, 3), dtype=np.uint8)) > 0
        behind[part][beside & before] = made[beside & before]
    whole = cv2.resize(behind, (width, height), interpolation=cv2.INTER_LINEAR)
    np.copyto(pixels[..., :3], whole.astype(np.uint8), where=invented[..., None] > 0)
