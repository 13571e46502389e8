"""Repeated frames: a generator that shows one picture twice while everything moves.

The clip would stutter there.  A frame is passed over when it stands still between two steps of
one motion, and only then: where a scene rests for longer, begins or ends, standing still is what
was meant.  Nothing here is asked of whole frames; each is reduced once, and four in a row are
compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from companions.picture import Pixels
from fleet.interpolate.cuts import cut_evidence

STANDS_BELOW: Final = 0.25
"""Part of either neighbouring step below which a step is none.  Measured over 5 photographs that
pan, zoom or carry a moving thing, 320 and 832 px wide: where all frames move evenly a step is at
least 0.64 of its neighbours.  Where one repeats it is 0 clean, and from 4 px a frame at most 0.07
after H.264 at crf 23 and 0.22 under noise of 4 levels.  Slower motion under noise (1 px: up to
0.5, 0.25 px: 0.9) stays as it is: there the noise hides the stutter as well."""
MOVES_ABOVE: Final = 1.0
"""Levels that a step must reach to be one: a quarter pixel a frame measured 0.6 to 5."""
GOES_ON: Final = 0.5
"""Part of the smaller step that must lie between what was before and what comes after.  Where
less does, the motion turned back: a pendulum shows one place twice as well."""
_LONG_SIDE: Final = 320
_PARTS: Final = (16, 9)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A frame reduced to at most 320 pixels, (height, width, 3) uint8."""

    small: Pixels

    @classmethod
    def of(cls, frame: Pixels) -> Sketch:
        """Reduce ``frame``, (height, width, 3) uint8; averaging takes most of the noise away."""
        height, width = frame.shape[:2]
        ratio = _LONG_SIDE / max(height, width)
        if ratio >= 1.0:
            # A copy: whoever keeps the sketch does not keep the frame.
            return cls(frame.copy())
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        return cls(np.asarray(small, dtype=np.uint8))


@dataclass(frozen=True, slots=True)
class StandstillEvidence:
    """Steps among four frames in a row, in levels (0..255): the mean difference in that part of
    the frame where it is largest, so that a small thing over a still ground moves too.

    Attributes:
        came: from the first to the second.
        stood: from the second to the third, of which is asked whether it repeats the second.
        went: from the third to the fourth.
        across: from the first to the fourth.
    """

    came: float
    stood: float
    went: float
    across: float

    @property
    def stands(self) -> bool:
        """Whether the third repeats the second while a motion goes on."""
        least = min(self.came, self.went)
        return (
            least >= MOVES_ABOVE
            and self.stood <= STANDS_BELOW * least
            and self.across >= GOES_ON * least
        )


def standstill(first: Sketch, second: Sketch, third: Sketch, fourth: Sketch) -> StandstillEvidence:
    """Compare four frames in a row, of equal size; a pure function of them."""
    return StandstillEvidence(
        came=step(first, second),
        stood=step(second, third),
        went=step(third, fourth),
        across=step(first, fourth),
    )


def repeats(first: Sketch, second: Sketch, third: Sketch, fourth: Sketch) -> bool:
    """Whether ``third`` repeats ``second`` amid one motion of one scene: it may be passed over.

    Never where a cut lies before or after the two.
    """
    if not standstill(first, second, third, fourth).stands:
        return False
    pairs = ((first, second), (second, fourth))
    return not any(cut_evidence(a.small, b.small).is_cut for a, b in pairs)


def step(a: Sketch, b: Sketch) -> float:
    """How far ``b`` is from ``a``, in levels: the largest mean difference of any part."""
    change = cv2.absdiff(a.small, b.small)
    columns, rows = _PARTS if change.shape[1] >= change.shape[0] else _PARTS[::-1]
    size = (min(columns, change.shape[1]), min(rows, change.shape[0]))
    parts = cv2.resize(change.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    # Of the colours together: one channel's noise is more than all three's.
    return float(parts.reshape(size[1], size[0], -1).mean(axis=2).max())
