"""What could be shown at an instant: both frames, carried there along each motion that was found.

Between two frames there are a few motions (``Motion``): the flow, and the planes in it.  Along
each, the place that a pixel shows can be looked up in either frame, so every pixel has two
candidates for every motion.  Which of them to believe is what the network says (``network``); what
it goes by is gathered here: whether both frames agree along the motion, whether the place is in
view, and whether the motion there is the one that was followed (it is not where something else
covers it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from companions.picture import Pixels
from fleet.interpolate.flow import followed, grid_of, in_view, look, moved_along, optical_flow
from fleet.interpolate.refine.planes import (
    MOST,
    Matrix,
    displacement,
    halfway,
    inverse,
    planes_of,
)

Field = npt.NDArray[np.float32]
_V = TypeVar("_V", np.uint8, np.float32)

MOTIONS: Final = 1 + MOST
"""The flow, then the planes; those that were not found are there, and never believed."""
SOURCES: Final = 2 * MOTIONS
"""Candidates of a pixel: from the earlier frame along each motion, then from the later one."""
CHANNELS: Final = 2 * MOTIONS + 4 * SOURCES + 1
"""What the network is told of a pixel."""
_SAME_PX: Final = 1.0
_ALIKE_LEVELS: Final = 3.0
_WIDE_PATCH: Final = 7
_PATCH: Final = 5
_UNLIKELY: Final = 1e-3
_UNSURE: Final = 0.02
_COST_LEVELS: Final = 12.0
_UNKNOWN_LEVELS: Final = (32.0, 16.0, 16.0, 16.0)
"""What two looks are taken to differ by where only one of them is in view; of the flow more,
which follows nothing beyond the border."""
_RATHER_PLANES: Final = 0.75
_NEVER: Final = -1e4
_LEVEL: Final = np.float32(1.0 / 16.0)
_MOST_COST: Final = np.float32(4.0)
_LEAST_SEEN: Final = 0.02
_DOUBT_LEVELS: Final = (3.0, 8.0)
"""Where both frames agree along some motion up to the first, nothing learned is needed, and from
the second on it counts in full.  On slow camera moves, which the network saw few of, that is
worth 1.8 dB; on layers it costs 0.1 to 0.2 (sequences 100 to 103 of ``benchmarks.triples``, by
which it was chosen)."""
_LUMA: Final = np.array([[0.299, 0.587, 0.114]], dtype=np.float32)
_MEAN: Final = np.full((1, 3), 1.0 / 3.0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Motion:
    """What moves between two frames, on a grid that may be coarser than theirs.

    Attributes:
        forward, backward: displacement in grid pixels, (height, width, 2).
        planes: motions that large parts share, largest first; grid places, earlier to later.
        sure: for each frame and each motion, how surely a place of that frame follows it, 0..1,
            (height, width, 2): judged by the flow, and by what the other frame shows there.
    """

    forward: Field
    backward: Field
    planes: tuple[Matrix, ...]
    sure: tuple[tuple[Field, ...], tuple[Field, ...]]

    @classmethod
    def of(cls, before: Pixels, after: Pixels) -> Motion:
        """The motion between two small frames of equal size."""
        forward = optical_flow(before, after, fine=True)
        backward = optical_flow(after, before, fine=True)
        planes = tuple(planes_of(forward, backward))
        returning = tuple(inverse(plane) for plane in planes)
        return cls(
            forward,
            backward,
            planes,
            (
                _sure(before, after, forward, backward, planes),
                _sure(after, before, backward, forward, returning),
            ),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of candidates before anything learned is asked.

    Attributes:
        channels: what the network is told, (CHANNELS, height, width) or somewhat larger.
        believed: logarithms of the weights it corrects: what one would believe without having
            learned anything, (SOURCES, height, width).
        doubt: how far its corrections count, (height, width), 0..1.
    """

    channels: Field
    believed: Field
    doubt: Field


@dataclass(frozen=True, slots=True)
class Candidates:
    """All candidates at one instant, on the grid.

    Attributes:
        looks: what each shows, (SOURCES, height, width, 3) uint8.
        here, alike: as of ``Motion``, at the place each was taken from, (SOURCES, ...), 0..1.
        view: whether that place is in the frame, 0..1.
        found: motions there are; candidates of the others are black, and never shown.
        at: the instant, 0..1.
    """

    looks: npt.NDArray[np.uint8]
    here: Field
    alike: Field
    view: Field
    found: int
    at: float

    @classmethod
    def of(cls, motion: Motion, before: Pixels, after: Pixels, at: float) -> Candidates:
        """Those of two small frames, on the grid of ``motion``, at the instant ``at``."""
        height, width = before.shape[:2]
        looks = np.zeros((SOURCES, height, width, 3), dtype=np.uint8)
        here, alike, view = (np.zeros((SOURCES, height, width), dtype=np.float32) for _ in "hav")
        ways = followed(motion.forward, at), followed(motion.backward, 1.0 - at)
        for side, (frame, way) in enumerate(zip((before, after), ways, strict=True)):
            index, place = side * MOTIONS, way + grid_of(way)
            looks[index] = moved_along(frame, way)
            here[index], alike[index] = cv2.split(look(motion.sure[side][0], place))
            view[index] = in_view(way)
            for k, plane in enumerate(motion.planes, start=1):
                there = places(plane, at)[side]
                looks[index + k] = seen(frame, there, cv2.INTER_CUBIC)
                sure = seen(motion.sure[side][k], there, cv2.INTER_LINEAR)
                here[index + k], alike[index + k] = cv2.split(sure)
                view[index + k] = in_view(displacement(there, height=height, width=width))
        return cls(looks, here, alike, view, 1 + len(motion.planes), at)

    def told(self, *, step: int = 1) -> Told:
        """What the network is told of these candidates.

        ``step``: the sides of its channels are the next multiples of it, filled from the edges.
        """
        height, width = self.view.shape[1:]
        whole = (CHANNELS, height + -height % step, width + -width % step)
        channels = np.zeros(whole, dtype=np.float32)
        inner = channels[:, :height, :width]
        parts = np.split(inner, np.cumsum([SOURCES] * 3 + [MOTIONS] * 2 + [SOURCES]))
        parts[0][:], parts[1][:], parts[2][:] = self.here, self.alike, self.view
        patch = np.empty((MOTIONS, height, width), dtype=np.float32)
        for k, unknown in enumerate(_UNKNOWN_LEVELS):
            if k >= self.found:
                patch[k] = unknown
                continue
            one, other = self.looks[k], self.looks[MOTIONS + k]
            both = cv2.min(self.view[k], self.view[MOTIONS + k])
            # Where only one frame sees the place, that they differ there says nothing.
            cost = _apart(one, other) * both
            seen_by_both = np.maximum(cv2.blur(both, (_PATCH, _PATCH)), _LEAST_SEEN)
            around = cv2.blur(cost, (_PATCH, _PATCH)) / seen_by_both
            patch[k] = around * both + np.float32(unknown) * (1.0 - both)
            parts[3][k] = cost * _LEVEL
            for source, shown in ((k, one), (MOTIONS + k, other)):
                parts[5][source] = cv2.transform(shown, _LUMA)
        np.minimum(parts[3], _MOST_COST, out=parts[3])
        np.minimum(patch * _LEVEL, _MOST_COST, out=parts[4])
        parts[5] *= np.float32(1.0 / 128.0)
        parts[5] -= np.float32(1.0)
        parts[6][:] = self.at
        channels[:, :height, width:] = inner[:, :, -1:]
        channels[:, height:] = channels[:, height - 1 : height]
        near = np.repeat(np.array([1.0 - self.at, self.at], dtype=np.float32), MOTIONS)
        near *= np.tile(np.exp([-_RATHER_PLANES, *[0.0] * MOST]).astype(np.float32), 2)
        half = np.float32(0.5)
        believed = (
            np.log(near)[:, None, None]
            + _log(self.view + np.float32(_UNLIKELY))
            + _log((self.here + np.float32(_UNSURE)) * (self.alike + np.float32(_UNSURE))) * half
            - np.tile(patch, (2, 1, 1)) * np.float32(1.0 / _COST_LEVELS)
        )
        for side in (0, MOTIONS):
            believed[side + self.found : side + MOTIONS] = _NEVER
        agreed, doubtful = _DOUBT_LEVELS
        doubt = (patch[: self.found].min(axis=0) - agreed) / (doubtful - agreed)
        return Told(
            channels,
            believed.astype(np.float32, copy=False),
            np.clip(doubt, 0.0, 1.0).astype(np.float32, copy=False),
        )


def places(plane: Matrix, at: float) -> tuple[Matrix, Matrix]:
    """The maps from the grid at the instant to the earlier and to the later frame."""
    back = inverse(halfway(plane, at))
    return back, plane @ back


def seen(values: npt.NDArray[_V], place: Matrix, how: int) -> npt.NDArray[_V]:
    """``values`` looked up where ``place`` takes each pixel; beyond the border, its edge."""
    height, width = values.shape[:2]
    made = cv2.warpPerspective(
        values,
        place,
        (width, height),
        flags=how | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(made, dtype=values.dtype)


def _follows(flow: Field, plane: Matrix) -> Field:
    """How surely each place follows ``plane`` rather than another motion, 0..1."""
    height, width = flow.shape[:2]
    return _nearly(displacement(plane, height=height, width=width) - flow)


def _returns(flow: Field, back: Field) -> Field:
    """How surely the flow there and the flow back agree, 0..1."""
    return _nearly(flow + look(back, flow + grid_of(flow)))


def _nearly(off: Field) -> Field:
    """1 where two motions are the same, falling to almost 0 where they are pixels apart."""
    squares = np.square(off[..., 0]) + np.square(off[..., 1])
    return np.asarray(cv2.exp(squares * np.float32(-1.0 / _SAME_PX**2)), dtype=np.float32)


def _sure(
    frame: Pixels, other: Pixels, flow: Field, back: Field, planes: tuple[Matrix, ...]
) -> tuple[Field, ...]:
    """For each motion, how surely the places of ``frame`` follow it, by flow and by look."""
    by_flow = (_returns(flow, back), *(_follows(flow, plane) for plane in planes))
    by_look = _alike(frame, other, flow, planes)
    pairs = zip(by_flow, by_look, strict=True)
    return tuple(np.asarray(cv2.merge(pair), dtype=np.float32) for pair in pairs)


def _alike(
    frame: Pixels, other: Pixels, flow: Field, planes: tuple[Matrix, ...]
) -> tuple[Field, ...]:
    """How well each motion explains each place of ``frame``, against the best of them, 0..1."""
    along = moved_along(other, flow)
    shown = [along, *(seen(other, plane, cv2.INTER_LINEAR) for plane in planes)]
    size = (_WIDE_PATCH, _WIDE_PATCH)
    costs = np.stack([cv2.blur(_apart(frame, each), size) for each in shown])
    excess = costs.min(axis=0) - costs
    return tuple(np.exp(excess * np.float32(1.0 / _ALIKE_LEVELS)))


def _apart(one: Pixels, other: Pixels) -> Field:
    """Difference of two pictures, mean over the colours, in levels."""
    difference = cv2.absdiff(one, other).astype(np.float32)
    return np.asarray(cv2.transform(difference, _MEAN), dtype=np.float32).reshape(one.shape[:2])


def _log(values: Field) -> Field:
    # Three times as fast as numpy's.
    flat = cv2.log(values.reshape(len(values), -1))
    return np.asarray(flat, dtype=np.float32).reshape(values.shape)
