"""The reference a video model is conditioned on: the move rendered, with objects on their ways.

Objects are cut out of the picture, what they leave behind is filled in from around it, the camera
moves over the rest, and the objects are laid over the frame in their order, carried as
``objects`` says.  Two masks go with every frame (after Time-to-Move, arXiv 2511.08633): where the
objects are, and what is made up, which a model must be free to repaint.

With a depth map the camera moves through space (``through_space``).

Everything is seen through ``levels``: without objects a frame is, bit for bit, ``rendition``'s.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt

from companions.camera import Affine, CameraPath
from companions.depth_map import Depth
from companions.geometry import Size
from companions.levels import Levels, View
from companions.masks import Box, Mask, mask_box, polygon_mask
from companions.objects import picture_to_moved, polygon_box, pose_at
from companions.picture import Pixels
from companions.preset import Preset
from companions.rendition import DEFAULT_BUDGET_BYTES, scales_of, size_of, views_of
from companions.through_space import ThroughSpace
from companions.trajectory import MaskRegion, ObjectTrajectory

_FILL_SIDE: Final = 320
"""What is left behind is filled in at this size: it is a hint, and a model paints over it."""
_FILL_REACH_PX: Final = 3.0
_SURROUNDINGS: Final = 0.5
"""How much around a region its filling is made from, in its own sizes."""
_BUILD_AHEAD: Final = 8
"""A level is built so many frames before the first that needs it: else all threads would wait for
the one that builds it."""
_REACH_PX: Final = 4
"""A region's edge may show this many frame pixels beyond it: the reach of the levels' filter."""


@dataclass(frozen=True, slots=True)
class ReferenceFrame:
    """One frame of the reference; masks are (height, width) uint8, 255 for all of the pixel.

    Attributes:
        pixels: the frame, sRGB.
        moved: where objects are: what the model is to hold on to in a move of objects.
        invented: what the picture does not show: the areas that objects left, where none of them
            is now, and what lies outside the picture.
    """

    pixels: Pixels
    moved: Mask
    invented: Mask

    @property
    def known(self) -> Mask:
        """What the picture does show: what the model is to hold on to in a move of the camera."""
        return np.asarray(255 - self.invented, dtype=np.uint8)


class Reference:
    """A clip of reference frames over one picture, in any order, from any thread."""

    def __init__(
        self,
        picture: Pixels,
        path: CameraPath,
        objects: Sequence[ObjectTrajectory],
        *,
        output: Size,
        at: Sequence[float],
        masks: Mapping[str, Mask] | None = None,
        depth: Depth | None = None,
        preset: Preset | None = None,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
    ) -> None:
        """The filling is made here; a tenth of a second for a region of a quarter of the picture.

        ``at`` is the fraction (0..1) of the move that each frame shows.
        ``masks`` are those of the objects whose region is a mask, by the object's name, as
        ``read_mask`` gives them.
        With ``depth`` the camera moves through space, as ``parallax`` says of the move that
        ``preset`` is, and each object at the distance of what it was cut from.

        Raises:
            ValueError: an object's mask is missing, or holds nothing.
        """
        whole = size_of(picture)
        self.output, self.count, self._whole = output, len(at), whole
        self._views = views_of(path, at, picture=whole, output=output)
        regions = [_Region.of(each, picture=whole, masks=masks or {}) for each in objects]
        shares = budget_bytes // (1 + len(regions))
        ground = _ground(picture, regions)
        self._space: ThroughSpace | None = None
        if depth is not None:
            behind = _behind(depth, regions, picture=whole)
            self._space = ThroughSpace(ground, behind, path, output=output, at=at, preset=preset)
        self._carried = [
            _Carried(
                picture,
                region,
                camera=self._views,
                ways=self._ways(each, region, at, depth=depth),
                budget_bytes=shares,
            )
            for each, region in zip(objects, regions, strict=True)
        ]
        self._ground = Levels(
            ground,
            self._views,
            scales=scales_of(path, picture=whole, output=output),
            budget_bytes=shares,
        )

    def frame(self, index: int) -> ReferenceFrame:
        """Reference frame ``index`` (0 .. count - 1)."""
        if self._space is not None and not self._space.standpoints[index].at_start:
            deep = self._space.frame(index)
            pixels, invented = deep.pixels, deep.invented
        else:
            pixels, invented = self._ground.frame(index), self._outside(index)
        if self._carried:
            pixels, left = _parted(pixels)
            np.maximum(invented, left, out=invented)
        moved = np.zeros(pixels.shape[:2], dtype=np.uint8)
        for carried in self._carried:
            if (seen := carried.seen(index)) is None:
                continue
            share = seen.share.astype(np.float32) / 255.0
            under = np.ascontiguousarray(pixels[seen.where])
            pixels[seen.where] = cv2.blendLinear(seen.colours, under, share, 1.0 - share)
            np.maximum(moved[seen.where], seen.share, out=moved[seen.where])
        return ReferenceFrame(pixels, moved, np.minimum(invented, 255 - moved))

    def frames(self, *, threads: int | None = None) -> Iterator[ReferenceFrame]:
        """Every frame, in order, bit for bit as ``frame`` gives it; the next are under way.

        By as many ``threads`` as there are processors, unless a number is given; so many frames,
        and one more, are held at a time.
        """
        hands = threads or os.cpu_count() or 1
        with ThreadPoolExecutor(max_workers=hands, thread_name_prefix="reference") as pool:
            coming: deque[Future[ReferenceFrame]] = deque()
            builds = self._builds()
            try:
                for index in range(self.count):
                    while builds and builds[0][0] <= index + _BUILD_AHEAD:
                        pool.submit(builds.popleft()[1])
                    coming.append(pool.submit(self.frame, index))
                    if len(coming) > hands:
                        yield coming.popleft().result()
                while coming:
                    yield coming.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _builds(self) -> deque[tuple[int, Callable[[], None]]]:
        """What builds each level, by the first frame that needs it, in the order of frames."""
        builds = [each for carried in self._carried for each in carried.builds()]
        if self._space is None:
            builds += self._ground.builds()
        return deque(sorted(builds, key=itemgetter(0)))

    def _ways(
        self, moving: ObjectTrajectory, region: _Region, at: Sequence[float], *, depth: Depth | None
    ) -> list[Affine]:
        ways = [_way(moving, region, u, picture=self._whole) for u in at]
        if self._space is None or depth is None:
            return ways
        there = self._space.distance_in(depth, region.share, region.x0, region.y0)
        return [
            _after(stand.affine(there), way)
            for stand, way in zip(self._space.standpoints, ways, strict=True)
        ]

    def _outside(self, index: int) -> Mask:
        """Which pixels look past the picture's border, as a turned window may."""
        m, size, whole = self._views[index].output_to_picture, self.output, self._whole
        left, top, right, bottom = self._views[index].bounds
        mask = np.zeros((size.height, size.width), dtype=np.uint8)
        if min(left, top, whole.width - right, whole.height - bottom) < -1e-3:
            columns, rows = np.arange(size.width), np.arange(size.height)[:, None]
            x = m[0, 0] * columns + m[0, 1] * rows + m[0, 2] + 0.5
            y = m[1, 0] * columns + m[1, 1] * rows + m[1, 2] + 0.5
            mask[(x < 0.0) | (y < 0.0) | (x > whole.width) | (y > whole.height)] = 255
        return mask


Where = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class _Region:
    """A part of the picture: how much of each pixel belongs, around (x0, y0) in picture pixels."""

    share: Mask
    x0: int
    y0: int
    box: Box
    """Its bounding box in picture fractions."""

    @classmethod
    def of(cls, trajectory: ObjectTrajectory, *, picture: Size, masks: Mapping[str, Mask]) -> Self:
        region = trajectory.region
        if isinstance(region, MaskRegion):
            mask = masks.get(trajectory.name)
            box = mask_box(mask) if mask is not None else None
            if mask is None or box is None:
                raise ValueError(f"object {trajectory.name!r}: its mask is missing or empty")
            whole = (picture.width, picture.height)
            share = np.asarray(cv2.resize(mask, whole), dtype=np.uint8)
        else:
            box = polygon_box(region)
            share = polygon_mask(region, size=picture)
        columns, rows = np.flatnonzero(share.any(axis=0)), np.flatnonzero(share.any(axis=1))
        if not columns.size:
            raise ValueError(f"object {trajectory.name!r}: its region holds no pixel")
        x0, y0, x1, y1 = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return cls(share[y0:y1, x0:x1].copy(), int(x0), int(y0), box)

    def padded(self, margin: int) -> _Region:
        """The same with nothing around it."""
        share = np.pad(self.share, margin)
        return replace(self, share=share, x0=self.x0 - margin, y0=self.y0 - margin)

    @property
    def corners(self) -> npt.NDArray[np.float64]:
        """The corners of ``share``, as picture pixel centres, (4, 2)."""
        x, y = self.x0 - 0.5, self.y0 - 0.5
        height, width = self.share.shape
        return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])

    def inside(self, picture: Size) -> tuple[Where, Where]:
        """Where it lies in the picture, and which part of ``share`` that is."""
        height, width = self.share.shape
        left, top = max(0, -self.x0), max(0, -self.y0)
        right = min(width, picture.width - self.x0)
        bottom = min(height, picture.height - self.y0)
        there = (
            slice(self.y0 + top, self.y0 + bottom),
            slice(self.x0 + left, self.x0 + right),
        )
        return there, (slice(top, bottom), slice(left, right))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a frame shows of a region: in which part, how much of each pixel, in which colours."""

    where: Where
    share: Mask
    colours: Pixels


class _Carried:
    """A region on its way, as the moving camera sees it; without a picture, its shape alone."""

    def __init__(
        self,
        picture: Pixels,
        region: _Region,
        *,
        camera: Sequence[View],
        ways: Sequence[Affine],
        budget_bytes: int,
    ) -> None:
        widest = max(_scale(view, way) for view, way in zip(camera, ways, strict=True))
        region = region.padded(math.ceil(_REACH_PX * max(1.0, widest)))
        self._where: list[Where | None] = []
        self._at: list[int] = []
        views: list[View] = []
        for view, way in zip(camera, ways, strict=True):
            where = _seen_at(region, view, way)
            self._where.append(where)
            self._at.append(len(views))
            if where is not None:
                views.append(_looking_at(region, view, way, where))
        self._levels = None
        if views:
            scales = [view.scale for view in views]
            self._levels = Levels(
                _around(picture, region),
                views,
                scales=(min(scales), max(scales)),
                budget_bytes=budget_bytes,
            )

    def builds(self) -> list[tuple[int, Callable[[], None]]]:
        """What builds each level, with the first frame that needs it."""
        if self._levels is None:
            return []
        frames = [index for index, where in enumerate(self._where) if where is not None]
        return [(frames[view], build) for view, build in self._levels.builds()]

    def seen(self, index: int) -> _Seen | None:
        """What frame ``index`` shows of it; None if it is out of the frame."""
        where = self._where[index]
        if where is None or self._levels is None:
            return None
        colours, share = _parted(self._levels.frame(self._at[index]))
        return _Seen(where, share, colours)


def _way(trajectory: ObjectTrajectory, region: _Region, u: float, *, picture: Size) -> Affine:
    return picture_to_moved(pose_at(trajectory, u), region.box, picture=picture)


def _after(second: Affine, first: Affine) -> Affine:
    """The map that is ``first`` and then ``second``."""
    turn = second[:, :2] @ first[:, :2]
    return np.column_stack([turn, second[:, :2] @ first[:, 2] + second[:, 2]])


def _behind(depth: Depth, regions: Sequence[_Region], *, picture: Size) -> Depth:
    """The depth map without what the regions hold: filled in from around them."""
    if not regions:
        return depth
    height, width = depth.inverse.shape
    cut = _cut(regions, whole=picture)
    taken = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA) > 0
    share = min(1.0, _FILL_SIDE / max(height, width))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    hole = cv2.dilate(
        (cv2.resize(cut, small, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8),
        np.ones((3, 3), dtype=np.uint8),
    )
    if hole.all():
        return depth
    seen = cv2.resize(depth.inverse, small, interpolation=cv2.INTER_AREA)
    filled = cv2.inpaint(seen, hole, _FILL_REACH_PX, cv2.INPAINT_NS)
    filled = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
    return replace(depth, inverse=np.where(taken, filled, depth.inverse).astype(np.float32))


def _scale(view: View, way: Affine) -> float:
    """Pixels of the region, where it was cut out, per frame pixel."""
    return view.scale / math.sqrt(abs(float(np.linalg.det(way[:, :2]))))


def _seen_at(region: _Region, view: View, way: Affine) -> Where | None:
    """The part of the frame that the region may show in; None if it is out of sight."""
    m = view.output_to_picture
    moved = region.corners @ way[:, :2].T + way[:, 2]
    frame = np.linalg.solve(m[:, :2], (moved - m[:, 2]).T)
    low = np.floor(frame.min(axis=1)).astype(int)
    high = np.ceil(frame.max(axis=1)).astype(int) + 1
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(view.output.width, int(high[0])), min(view.output.height, int(high[1]))
    return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None


def _looking_at(region: _Region, view: View, way: Affine, where: Where) -> View:
    """That part of the frame, as a view of the region's own pixels where they were cut out."""
    m = view.output_to_picture
    rows, columns = where
    shift = m[:, :2] @ (columns.start, rows.start) + m[:, 2]
    back = np.linalg.inv(way[:, :2])
    turn = back @ m[:, :2]
    origin = back @ (shift - way[:, 2]) - (region.x0, region.y0)
    size = Size(columns.stop - columns.start, rows.stop - rows.start)
    return View(np.column_stack([turn, origin]), size)


def _around(picture: Pixels, region: _Region) -> Pixels:
    """The picture where the region is, continued past its border, with the region's share."""
    there, within = region.inside(size_of(picture))
    height, width = region.share.shape
    rows, columns = within
    colours = np.pad(
        picture[there],
        ((rows.start, height - rows.stop), (columns.start, width - columns.stop), (0, 0)),
        mode="edge",
    )
    return _with_share(colours, region.share)


def _with_share(colours: Pixels, share: Mask) -> Pixels:
    """A picture with the share of each pixel as a fourth channel."""
    both = np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA), dtype=np.uint8)
    cv2.insertChannel(share, both, 3)
    return both


def _parted(pixels: Pixels) -> tuple[Pixels, Mask]:
    """Colours and share of a picture that has both: it is sampled faster than colours alone."""
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB)
    return np.asarray(colours, dtype=np.uint8), np.asarray(cv2.extractChannel(pixels, 3))


def _ground(picture: Pixels, regions: Sequence[_Region]) -> Pixels:
    """The picture without what the regions hold: filled in, smoothly, from around them.

    With the share of each pixel that is; without regions, the picture itself.
    """
    if not regions:
        return picture
    whole = size_of(picture)
    cut = _cut(regions, whole=whole)
    filled = picture.copy()
    for region in regions:
        (rows, columns), _ = region.inside(whole)
        reach_y = round(_SURROUNDINGS * (rows.stop - rows.start)) + 8
        reach_x = round(_SURROUNDINGS * (columns.stop - columns.start)) + 8
        around = (
            slice(max(0, rows.start - reach_y), rows.stop + reach_y),
            slice(max(0, columns.start - reach_x), columns.stop + reach_x),
        )
        _fill(filled[around], picture[around], cut[around])
    return _with_share(filled, cut)


def _cut(regions: Sequence[_Region], *, whole: Size) -> Mask:
    """How much of each pixel of the picture the regions hold."""
    cut = np.zeros((whole.height, whole.width), dtype=np.uint8)
    for region in regions:
        there, within = region.inside(whole)
        np.maximum(cut[there], region.share[within], out=cut[there])
    return cut


def _fill(into: Pixels, picture: Pixels, cut: Mask) -> None:
    """Put into ``into`` what may lie behind ``cut``."""
    height, width = cut.shape
    share = min(1.0, _FILL_SIDE / max(height, width))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    # All that a cut pixel has a part in is unknown, and what is next to it: edges are soft.
    hole = cv2.dilate(
        (cv2.resize(cut, small, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8) * 255,
        np.ones((3, 3), dtype=np.uint8),
    )
    seen = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    if hole.all():
        behind = np.full_like(seen, np.rint(seen.mean(axis=(0, 1))))
    else:
        behind = cv2.inpaint(seen, hole, _FILL_REACH_PX, cv2.INPAINT_NS)
    behind = cv2.resize(behind, (width, height), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.flatnonzero(cut.any(axis=1)), np.flatnonzero(cut.any(axis=0))
    if not rows.size:
        return
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    made_up = cut[box].astype(np.float32) / 255.0
    into[box] = cv2.blendLinear(
        np.ascontiguousarray(behind[box]), np.ascontiguousarray(picture[box]), made_up,
        1.0 - made_up,
    )  # fmt: skip
