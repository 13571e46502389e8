"""How a clip that is longer than a model's window is cut into pieces that fit it.  Pure.

``overlapping``: each piece begins with the last frames of the one before, which it continues; one
after the other.  ``segments``: each piece goes from one frame of the reference to another and
needs no other piece, for models that take both ends; neighbours share one frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from companions.timing import FrameGrid


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames ``begin`` to ``end`` (not included) of a clip, made in one go.

    Attributes:
        begin, end: in frames of the clip; ``end - begin`` is on the model's grid.
        shared: how many of the first are the last of the piece before; 0 for the first piece.
    """

    begin: int
    end: int
    shared: int

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.end - self.begin


def overlapping(total: int, *, grid: FrameGrid, window: int, overlap: int) -> Sequence[Piece]:
    """Pieces of at most ``window`` frames, of nearly equal length, sharing ``overlap`` each.

    Args:
        total: frames of the clip, a count on the grid.
        grid: the counts the model can make.
        window: the most it makes at once, on the grid.
        overlap: on the grid, and less than ``window``.

    Raises:
        ValueError: one of them is not on the grid, or the window holds nothing new.
    """
    if total <= window:
        return _cut([total - overlap], total=total, grid=grid, shared=overlap)
    return _cut(
        _spread(total - overlap, most=window - overlap, step=grid.step),
        total=total, grid=grid, shared=overlap,
    )  # fmt: skip


def segments(total: int, *, grid: FrameGrid, window: int) -> Sequence[Piece]:
    """Pieces of at most ``window`` frames, of nearly equal length, each two sharing one frame.

    Raises:
        ValueError: as ``overlapping``.
    """
    return overlapping(total, grid=grid, window=window, overlap=1)


def _spread(new: int, *, most: int, step: int) -> Sequence[int]:
    """``new`` frames over as few pieces as take at most ``most``, in units of ``step``."""
    if most < step or new % step:
        raise ValueError(f"{new} new frames in steps of {step} do not go into pieces of {most}")
    units = new // step
    count = -(-units // (most // step))
    return [step * (units // count + (i < units % count)) for i in range(count)]


def _cut(new: Sequence[int], *, total: int, grid: FrameGrid, shared: int) -> Sequence[Piece]:
    pieces: list[Piece] = []
    for frames in new:
        begin = pieces[-1].end - shared if pieces else 0
        pieces.append(Piece(begin, begin + shared + frames, shared if pieces else 0))
    for piece in pieces:
        if (piece.frames - grid.offset) % grid.step:
            raise ValueError(f"{piece.frames} frames are not on the grid {grid}")
    if pieces[-1].end != total:
        raise ValueError(f"the pieces end at {pieces[-1].end}, not at {total}")
    return pieces
