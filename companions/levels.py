"""Sub-pixel views of one picture through prefiltered copies of it, *levels*.

A frame pixel may cover many picture pixels (a wide view of a large photograph) or a part of one
(a close view).  Averaging what each frame pixel covers anew for every frame is slow; sampling a
bare copy of the picture bilinearly is fast, but shimmers.  So the work is split: a level is a
copy of the part of the picture that some frames look at, on a grid two to three times finer
than the frame's, low-passed once to what a frame of its scale can show (Lanczos, three lobes).
On a signal that smooth one bilinear sample per frame pixel is nearly exact, whatever its
sub-pixel phase, and the 1/32-pixel steps of OpenCV's coefficients shrink to less than 1/64 of a
frame pixel.

Levels stand a third of an octave apart between the move's smallest and largest scale, and a
frame between two of them is a blend of both, so that sharpness glides during a zoom.  (Blending
only half-way between two was a quarter faster, and its sharpness stepped twice as far.)

The filter is square in the picture, not in the frame: a frame turned by 45 degrees shows a little
detail that is too fine for it.  It is as true as an upright one up to about 5 degrees, and 10 dB
less so at 45 (38 dB to exact resampling).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from threading import Lock
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.camera import Affine
from companions.geometry import Size
from companions.picture import Pixels

LEVELS_PER_OCTAVE: Final = 3
"""Half-way between two of three levels gradients are 1 % weaker than at a level; of two 2 %."""
LEAST_OVERSAMPLING: Final = 2.1
"""Level pixels per frame pixel at a level's own scale; its finest user has 2^(1/3) times less."""
MOST_OVERSAMPLING: Final = 3.0
"""Above, sampling a level costs up to three times as much for the memory it walks through."""
_REGRIDDED_OVERSAMPLING: Final = 2.75
"""Fine enough that what regridding folds down lands where the filter cuts.  2.2 (and 2.4 above)
rendered about a fifth faster, and turned detail finer than a frame pixel into patterns."""
_LOBES: Final = 3
_SAME_SCALE: Final = 1.01
"""Scales nearer than this share one level: no eye sees one per cent of sharpness."""
_FINEST: Final = 8
"""Grids are eighths of a pixel; a picture enlarged further than eightfold is smooth enough."""


@dataclass(frozen=True, slots=True)
class View:
    """One frame to render.

    Attributes:
        output_to_picture: maps frame pixel centres to picture pixel centres (scale, turn and
            shift), as ``CameraPath.output_to_picture`` gives it.
        output: frame size in pixels.
    """

    output_to_picture: Affine
    output: Size

    @property
    def scale(self) -> float:
        """Picture pixels per frame pixel (geometric mean of both axes)."""
        m = self.output_to_picture
        return math.sqrt(abs(float(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0])))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the box around the frame's four corners.

        In picture pixels, the picture's corner being (0, 0).
        """
        m = self.output_to_picture
        x = float(m[0, 2] + 0.5 - 0.5 * m[0, 0] - 0.5 * m[0, 1])
        y = float(m[1, 2] + 0.5 - 0.5 * m[1, 0] - 0.5 * m[1, 1])
        across = [float(d) * self.output.width for d in m[:, 0]]
        down = [float(d) * self.output.height for d in m[:, 1]]
        return (
            x + min(0.0, across[0]) + min(0.0, down[0]),
            y + min(0.0, across[1]) + min(0.0, down[1]),
            x + max(0.0, across[0]) + max(0.0, down[0]),
            y + max(0.0, across[1]) + max(0.0, down[1]),
        )


def render(
    picture: Pixels, views: Sequence[View], *, scales: tuple[float, float]
) -> Iterator[Pixels]:
    """Yield the frame of each view, (height, width, 3) uint8, in order.

    ``scales`` are the smallest and the largest of the move; what a view looks like depends on
    them and on the picture only, not on which other views are asked for.  A level is built when
    the first frame needs it and dropped after the last, so memory is bounded by a few dozen times
    the frame size, not by the number of frames.  Beyond the picture's border its edge is repeated.
    """
    levels = Levels(picture, views, scales=scales)
    for at in range(len(views)):
        yield levels.frame(at)
        levels.pass_by(at)


class Levels:
    """The same frames in any order: levels are built when first needed and kept within a budget.

    A frame's bytes do not depend on the order, nor on the budget: they are those of ``render``
    with equal arguments.  Several threads may ask for frames at once: each level is built by one of
    them, while others build others, and each frame of another thread may hold two more than the
    budget says.
    """

    def __init__(
        self,
        picture: Pixels,
        views: Sequence[View],
        *,
        scales: tuple[float, float],
        budget_bytes: int | None = None,
    ) -> None:
        """Nothing is built yet.

        ``picture`` may also have one channel, (height, width), or four.  ``budget_bytes`` is how
        much the levels may take together, None for no limit; those of the frame at hand are always
        kept.
        """
        self._picture, self._views, self._budget = picture, views, budget_bytes
        self._ladder = Ladder.over(scales)
        self._needs = [self._ladder.weights(view.scale) for view in views]
        uses = [(at, rung) for at, need in enumerate(self._needs) for rung in need]
        self._last_use = {rung: at for at, rung in uses}
        self._first_use = {rung: at for at, rung in reversed(uses)}
        self._held: OrderedDict[int, Level] = OrderedDict()
        self._holding = Lock()
        self._building = [Lock() for _ in range(self._ladder.steps + 1)]

    @property
    def held_bytes(self) -> int:
        """What the levels that are held take."""
        with self._holding:
            return self._bytes_held()

    def builds(self) -> list[tuple[int, Callable[[], None]]]:
        """What builds each level, with the first view that needs it: for whoever has threads to
        build levels with before frames ask for them, which would wait."""
        return [(view, partial(self._build, rung)) for rung, view in self._first_use.items()]

    def frame(self, index: int) -> Pixels:
        """The frame of view ``index``; an array of its own."""
        view, need = self._views[index], self._needs[index]
        levels = {rung: self._level(rung) for rung in need}
        with self._holding:
            self._keep_budget(need)
        return _mixed([(levels[rung].sample(view), weight) for rung, weight in need.items()])

    def pass_by(self, index: int) -> None:
        """Drop the levels that no view after ``index`` needs."""
        with self._holding:
            for rung in self._needs[index]:
                if self._last_use[rung] == index:
                    self._held.pop(rung, None)

    def _build(self, rung: int) -> None:
        self._level(rung)

    def _level(self, rung: int) -> Level:
        with self._building[rung]:
            with self._holding:
                level = self._held.get(rung)
            if level is None:
                users = [v for v, n in zip(self._views, self._needs, strict=True) if rung in n]
                level = build_level(self._picture, scale=self._ladder.scale(rung), users=users)
            with self._holding:
                self._held[rung] = level
                self._held.move_to_end(rung)
            return level

    def _keep_budget(self, in_use: Collection[int]) -> None:
        if self._budget is None:
            return
        while self._bytes_held() > self._budget and len(self._held) > len(in_use):
            self._held.popitem(last=False)  # those in use are the last

    def _bytes_held(self) -> int:
        return sum(level.pixels.nbytes for level in self._held.values())


@dataclass(frozen=True, slots=True)
class Ladder:
    """The scales of the levels: equal ratios between the move's smallest and its largest."""

    low: float
    high: float
    steps: int

    @classmethod
    def over(cls, scales: tuple[float, float]) -> Ladder:
        """The levels of a move between those two scales."""
        low, high = min(scales), max(scales)
        if high / low < _SAME_SCALE:
            mean = math.sqrt(low * high)
            return cls(mean, mean, 0)
        return cls(low, high, max(1, math.ceil(LEVELS_PER_OCTAVE * math.log2(high / low) - 1e-6)))

    def scale(self, rung: int) -> float:
        """Picture pixels per frame pixel at a level, counted from the finest."""
        return float(self.low * (self.high / self.low) ** (rung / max(1, self.steps)))

    def weights(self, scale: float) -> dict[int, float]:
        """Which levels a frame of that scale is a blend of, with their shares."""
        if self.steps == 0:
            return {0: 1.0}
        at = self.steps * math.log(scale / self.low) / math.log(self.high / self.low)
        at = min(max(at, 0.0), float(self.steps))
        below = min(math.floor(at), self.steps - 1)
        shares = {below: 1.0 - (at - below), below + 1: at - below}
        # Neighbouring levels differ by a few grey levels; less than a hundredth of that is nothing.
        return {rung: share for rung, share in shares.items() if share > 1.0 / 128.0}


@dataclass(frozen=True, slots=True)
class Level:
    """A part of the picture on its own grid; (x0, y0) is its corner in picture pixels."""

    pixels: Pixels
    x0: int
    y0: int
    pitch: Fraction

    def sample(self, view: View) -> Pixels:
        """What ``view`` shows, as far as this level has it."""
        width, height = view.output.width, view.output.height
        m, pitch = view.output_to_picture, float(self.pitch)
        matrix = np.array(
            [
                [m[0, 0] / pitch, m[0, 1] / pitch, (m[0, 2] + 0.5 - self.x0) / pitch - 0.5],
                [m[1, 0] / pitch, m[1, 1] / pitch, (m[1, 2] + 0.5 - self.y0) / pitch - 0.5],
            ]
        )
        # OpenCV rounds positions to 1/32 pixel.  Where the scale is a round number, all pixels
        # round the same way and the frame jumps by up to 1/64.  Leaning rows and columns by one
        # such step over the frame spreads the rounding evenly: it cancels, and stands still.
        lean_x, lean_y = 1.0 / 32.0 / height, 1.0 / 32.0 / width
        matrix[0, 1] += lean_x
        matrix[1, 0] += lean_y
        matrix[0, 2] -= lean_x * (height - 1) / 2.0
        matrix[1, 2] -= lean_y * (width - 1) / 2.0
        return _bytes(
            cv2.warpAffine(
                self.pixels,
                matrix,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
        )

    def at(self, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> Pixels:
        """What the picture shows at each of those places (picture pixel centres), (height, width).

        Beyond the picture's border its edge is repeated.
        """
        pitch = float(self.pitch)
        across = (x + np.float32(0.5 - self.x0)) / np.float32(pitch) - np.float32(0.5)
        down = (y + np.float32(0.5 - self.y0)) / np.float32(pitch) - np.float32(0.5)
        return _bytes(
            cv2.remap(self.pixels, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )


def _mixed(parts: Sequence[tuple[Pixels, float]]) -> Pixels:
    if len(parts) == 1:
        return parts[0][0]
    (a, share_a), (b, _) = parts
    return _bytes(cv2.addWeighted(a, share_a, b, 1.0 - share_a, 0.0))


def build_level(picture: Pixels, *, scale: float, users: Sequence[View]) -> Level:
    """The level of ``scale`` picture pixels per frame pixel, as far as ``users`` look.

    Whole blocks are averaged first (exact and fast), then the grid is made, then filtered: what
    regridding adds lies above what a frame can show, and the filter takes it away.
    """
    block = max(1, math.floor(scale / LEAST_OVERSAMPLING))
    regrid = _regrid(scale / block)
    pitch = block * regrid
    kernel = _low_pass(max(scale, 1.0) / float(pitch), block=block)
    reach = math.ceil((len(kernel) // 2 + 4) * max(float(pitch), 1.0))
    height, width = picture.shape[:2]
    bounds = np.array([view.bounds for view in users])
    unit = pitch.numerator
    x0, x1 = _span(bounds[:, 0].min() - reach, bounds[:, 2].max() + reach, length=width, unit=unit)
    y0, y1 = _span(bounds[:, 1].min() - reach, bounds[:, 3].max() + reach, length=height, unit=unit)
    pixels = _whole_units(picture[y0:y1, x0:x1], unit=unit)
    pixels = _scaled(pixels, Fraction(block), cv2.INTER_AREA)
    pixels = _scaled(pixels, regrid, cv2.INTER_CUBIC)
    filtered = cv2.sepFilter2D(pixels, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return Level(_bytes(filtered), x0, y0, pitch)


def _span(low: float, high: float, *, length: int, unit: int) -> tuple[int, int]:
    """Which pixels of one side of the picture a level holds, for looks from ``low`` to ``high``.

    Aligned to whole level pixels, so that a level's pixels do not depend on who uses it; one at
    least, since who looks past the border sees the border repeated.
    """
    first = min(max(0, math.floor(low)), length - 1) // unit * unit
    last = -(-math.ceil(high) // unit) * unit
    return first, min(length, max(last, first + unit))


def _regrid(oversampling: float) -> Fraction:
    """Pixels per level pixel: 1 where the grid is right already, else some eighths.

    A coarser grid steps visibly under bilinear sampling; a finer one costs more to filter, and
    more memory to walk through for every frame, than making a coarser one costs once.
    """
    if LEAST_OVERSAMPLING <= oversampling <= MOST_OVERSAMPLING:
        return Fraction(1)
    finer = oversampling < LEAST_OVERSAMPLING
    wanted = LEAST_OVERSAMPLING if finer else _REGRIDDED_OVERSAMPLING
    return Fraction(max(1, round(_FINEST * oversampling / wanted)), _FINEST)


def _low_pass(oversampling: float, *, block: int) -> npt.NDArray[np.float32]:
    """Lanczos taps for ``oversampling`` level pixels per frame pixel, with a slight lift.

    The lift undoes, to second order, how averaging blocks (variance (1 - 1/block^2) / 12) and
    bilinear sampling (1/6 on average over the phases) soften.
    """
    reach = math.ceil(_LOBES * oversampling)
    x = np.arange(-reach, reach + 1) / oversampling
    taps = np.where(np.abs(x) < _LOBES, np.sinc(x) * np.sinc(x / _LOBES), 0.0)
    softening = 1.0 / 6.0 + (1.0 - 1.0 / block**2) / 12.0
    taps = np.convolve(taps / taps.sum(), [-softening / 2.0, 1.0 + softening, -softening / 2.0])
    return taps.astype(np.float32)


def _whole_units(crop: Pixels, *, unit: int) -> Pixels:
    """``crop`` with its right and bottom edges repeated to a multiple of ``unit`` pixels."""
    height, width = crop.shape[:2]
    if width % unit == 0 and height % unit == 0:
        return crop
    return _bytes(
        cv2.copyMakeBorder(
            crop, 0, -height % unit, 0, -width % unit, borderType=cv2.BORDER_REPLICATE
        )
    )


def _scaled(pixels: Pixels, pitch: Fraction, how: int) -> Pixels:
    if pitch == 1:
        return pixels
    height, width = pixels.shape[:2]
    return _bytes(cv2.resize(pixels, (int(width / pitch), int(height / pitch)), interpolation=how))


def _bytes(pixels: npt.NDArray[np.generic]) -> Pixels:
    """``pixels`` as the bytes OpenCV gave them, with the type its stubs do not promise."""
    return np.asarray(pixels, dtype=np.uint8)
