"""Large frames: how coarsely they are looked at, where their pieces lie, and how much each has to
say where they overlap.

Pure.  Pieces overlap by more than things move, so that what leaves one is still in it.  What a
piece says near its edge comes from beyond it and is not taken; further in, one fades into the
other, so that no seam is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

_LARGE: Final = 1920 * 1088
"""Pixels above which all blocks look twice as coarsely, as RIFE's authors advise for 4K: things
move further there than the network was trained to see."""
_HUGE: Final = 4096 * 2304
"""Likewise, four times."""
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one side: pixels ``start`` to ``end``, the latter not among them."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """In pixels."""
        return self.end - self.start


def spans(side: int, *, most: int, overlap: int) -> tuple[Span, ...]:
    """Pieces of at most ``most`` pixels, of almost one length, that cover ``side``.

    Each overlaps the next by at least ``overlap`` (< ``most``) pixels.
    """
    if side <= most:
        return (Span(0, side),)
    count = -(-(side - overlap) // (most - overlap))
    length = -(-(side + (count - 1) * overlap) // count)
    starts = [round(index * (side - length) / (count - 1)) for index in range(count)]
    return tuple(Span(start, start + length) for start in starts)


def shares(pieces: Sequence[Span]) -> tuple[Weights, ...]:
    """How much each piece counts at each of its pixels: together 1 everywhere.

    Across an overlap: nothing in the outer third, rising linearly in the middle one, all in the
    inner one; so a motion of up to a third of it is made as in a frame that is not cut.
    """
    side = pieces[-1].end
    raw = []
    for index, piece in enumerate(pieces):
        weight = np.ones(piece.length, dtype=np.float64)
        if index > 0:
            shared = pieces[index - 1].end - piece.start
            weight[:shared] = np.minimum(weight[:shared], _rise(shared))
        if index + 1 < len(pieces):
            shared = piece.end - pieces[index + 1].start
            weight[-shared:] = np.minimum(weight[-shared:], _rise(shared)[::-1])
        raw.append(weight)
    total = np.zeros(side, dtype=np.float64)
    for piece, weight in zip(pieces, raw, strict=True):
        total[piece.start : piece.end] += weight
    return tuple(
        (weight / total[piece.start : piece.end]).astype(np.float32)
        for piece, weight in zip(pieces, raw, strict=True)
    )


def _rise(length: int) -> npt.NDArray[np.float64]:
    return np.clip(3.0 * (np.arange(length) + 0.5) / length - 1.0, 0.0, 1.0)


def coarseness(*, width: int, height: int) -> int:
    """How many times more coarsely than trained the network should look at frames of that size.

    That of the whole frame, and not of its pieces: how far things move is a matter of the frame.
    """
    pixels = width * height
    return 4 if pixels > _HUGE else 2 if pixels > _LARGE else 1
