"""Flashes that can trigger seizures: WCAG 2.3.1 and ITU-R BT.1702, over the clip's own time.

A *transition* of a cell (about 1/36 of the frame's long side) is a change of relative luminance
by 0.10 or more from its last extremum, the darker state being below 0.80; for saturated red a
change of (R - G - B) * 320 by more than 20 where either state has R / (R + G + B) >= 0.8.  It
counts for a window (a third of the frame each way) when it happens in more than a quarter of the
window's cells within 80 ms: a camera move brightens cells too, but one after the other.  A
*flash* is a pair of opposing transitions, and more than three in any second fail.
"""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.geometry import Size
from companions.video_meta import Check, CheckVerdict
from fleet.qc.glance import Glance
from fleet.qc.profile import Limits

_Grid = npt.NDArray[np.float32]
_Mask = npt.NDArray[np.bool_]

_CELLS: Final = 36
"""Cells along the long side; a third of it is a whole number of cells."""
_CONCURRENT_S: Final = Fraction(80, 1000)
_AREA: Final = 0.25
_LUMINANCE_CHANGE: Final = 0.10
_DARKER_BELOW: Final = 0.80
_RED_CHANGE: Final = 20.0
_RED_SCALE: Final = 320.0
_RED_SHARE: Final = 0.8


def _linear_light() -> npt.NDArray[np.float32]:
    """sRGB level (0..255) to linear light (0..1), IEC 61966-2-1."""
    level = np.arange(256) / 255.0
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


_LINEAR: Final = _linear_light()
_WEIGHTS: Final = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


class Flashes:
    """Counts general and red flashes.  Keeps one second of transitions."""

    def __init__(self, *, output: Size, rate: Fraction, limits: Limits) -> None:
        self._limits = limits
        self._grid = _grid(output)
        self._general = _Counter(grid=self._grid, rate=rate)
        self._red = _Counter(grid=self._grid, rate=rate)
        self._luminance = _Zigzag(self._grid, change=_LUMINANCE_CHANGE)
        self._redness = _Zigzag(self._grid, change=_RED_CHANGE)

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        columns, rows = self._grid.width, self._grid.height
        light = cv2.LUT(glance.small, _LINEAR)
        rgb = np.asarray(cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA))
        luminance = rgb @ _WEIGHTS
        dark = luminance < _DARKER_BELOW
        up, down = self._luminance.step(luminance, state=dark, darker=True)
        self._general.count(glance.index, up=up, down=down)

        red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
        redness = np.maximum(red - green - blue, 0.0) * np.float32(_RED_SCALE)
        saturated = red >= _RED_SHARE * np.maximum(red + green + blue, np.float32(1e-6))
        up, down = self._redness.step(redness, state=saturated, darker=False)
        self._red.count(glance.index, up=up, down=down)

    def checks(self) -> tuple[Check, ...]:
        """``flashes`` and ``red_flashes``: the most in any second, in any window."""
        limit = self._limits.flashes_per_second
        return tuple(
            Check(
                name=name,
                value=float(counter.most),
                threshold=float(limit),
                verdict=CheckVerdict.FAIL if counter.most > limit else CheckVerdict.PASS,
                detail=f"{counter.most} in the second that ends with frame {counter.at}"
                if counter.most
                else "none",
            )
            for name, counter in (("flashes", self._general), ("red_flashes", self._red))
        )


class _Zigzag:
    """Turning points of every cell's value: where it has changed enough since the last extremum."""

    def __init__(self, grid: Size, *, change: float) -> None:
        shape = (grid.height, grid.width)
        # "10 % or more": a hair less, for the rounding of 32-bit sums over a cell.
        self._change = np.float32(change - 1e-6)
        self._direction = np.zeros(shape, dtype=np.int8)
        self._low = np.full(shape, np.inf, dtype=np.float32)
        self._high = np.full(shape, -np.inf, dtype=np.float32)
        self._low_state = np.zeros(shape, dtype=bool)
        self._high_state = np.zeros(shape, dtype=bool)

    def step(self, value: _Grid, *, state: _Mask, darker: bool) -> tuple[_Mask, _Mask]:
        """Which cells have just turned upwards, and which downwards.

        ``state`` must hold in the darker (lower) of the two states if ``darker``, else in either.
        """
        lower, higher = value < self._low, value > self._high
        self._low = np.where(lower, value, self._low)
        self._low_state = np.where(lower, state, self._low_state)
        self._high = np.where(higher, value, self._high)
        self._high_state = np.where(higher, state, self._high_state)
        rises = self._low_state if darker else (self._low_state | state)
        falls = state if darker else (self._high_state | state)
        far_up = value - self._low >= self._change
        far_down = self._high - value >= self._change
        up = (self._direction != 1) & far_up & rises
        down = (self._direction != -1) & far_down & falls & ~up
        turned = up | down
        self._direction = np.where(up, 1, np.where(down, -1, self._direction)).astype(np.int8)
        # The extremum behind a turn is spent; the search for the next begins here.
        self._low = np.where(turned, value, self._low)
        self._high = np.where(turned, value, self._high)
        self._low_state = np.where(turned, state, self._low_state)
        self._high_state = np.where(turned, state, self._high_state)
        return up, down


class _Counter:
    """Flashes per second of every window of the frame."""

    def __init__(self, *, grid: Size, rate: Fraction) -> None:
        self._window = Size(grid.width // 3, grid.height // 3)
        shape = (grid.height, grid.width)
        self._together = math.floor(_CONCURRENT_S * rate)
        self._second = math.ceil(rate)
        self._turned_at = np.full(shape, -(10**6))
        self._upwards = np.zeros(shape, dtype=bool)
        places = (grid.height - self._window.height + 1, grid.width - self._window.width + 1)
        self._last = np.zeros(places, dtype=np.int8)
        self._crowded = (np.zeros(places, dtype=bool), np.zeros(places, dtype=bool))
        self._turns: deque[_Mask] = deque()
        self._in_second = np.zeros(places, dtype=np.int16)
        self.most = 0
        self.at = 0

    def count(self, index: int, *, up: _Mask, down: _Mask) -> None:
        """Take in the cells that turned in frame ``index``."""
        turned = up | down
        self._turned_at[turned] = index
        self._upwards[turned] = up[turned]
        recent = index - self._turned_at <= self._together
        rising = self._share(recent & self._upwards) > _AREA
        falling = self._share(recent & ~self._upwards) > _AREA
        # Only the frame in which the quarter is first passed counts, and only a turn against the
        # last one: the other cells of the same turn may still be following.
        new_up = rising & ~self._crowded[0] & (self._last != 1)
        new_down = falling & ~self._crowded[1] & (self._last != -1) & ~new_up
        self._crowded = (rising, falling)
        self._last = np.where(new_up, 1, np.where(new_down, -1, self._last)).astype(np.int8)
        turns = new_up | new_down
        self._turns.append(turns)
        self._in_second += turns
        if len(self._turns) > self._second:
            self._in_second -= self._turns.popleft()
        flashes = int(self._in_second.max()) // 2
        if flashes > self.most:
            self.most, self.at = flashes, index

    def _share(self, cells: _Mask) -> npt.NDArray[np.float64]:
        """Share of set cells in the window at every place."""
        w, h = self._window.width, self._window.height
        total = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), dtype=np.int32)
        np.cumsum(np.cumsum(cells, axis=0, dtype=np.int32), axis=1, out=total[1:, 1:])
        inside = total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w]
        return np.asarray(inside / (w * h), dtype=np.float64)


def _grid(output: Size) -> Size:
    longest = max(output.width, output.height)
    return Size(
        *(3 * max(1, round(_CELLS * s / longest / 3)) for s in (output.width, output.height))
    )
