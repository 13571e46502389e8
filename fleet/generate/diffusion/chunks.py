"""How a clip that is longer than a model's window is cut into pieces that fit it.  Pure.

``overlapping``: each piece begins with the last frames of the one before, which it continues; one
after the other.  ``segments``: each piece goes from one frame of the reference to another and
needs no other piece, for models that take both ends; neighbours share one frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from companions.generation_params import GenerationParams, Long
from companions.timing import FrameGrid
from fleet.generate.base import Piece
from fleet.generate.diffusion.family import Family


def long_way(family: Family, params: GenerationParams) -> Long | None:
    """How ``family`` makes a clip longer than its window: as the manifest says, else its own way;
    None: not at all.  Whether it can do what the manifest says is ``parameters.check``'s."""
    if params.long is not None:
        return params.long
    return family.longs[0] if family.longs else None


def plan(family: Family, params: GenerationParams, frames: int) -> Sequence[Piece]:
    """The pieces in which ``family`` makes ``frames`` frames, a count on its ``clip_grid``.

    Raises:
        ValueError: they do not fit its window, and it has no way to make more.
    """
    window = family.defaults.frames
    if frames <= window:
        return [Piece(0, frames)]
    match long_way(family, params):
        case Long.OVERLAP:
            return overlapping(frames, grid=family.grid, window=window, overlap=family.overlap)
        case Long.SEGMENTS:
            return segments(frames, grid=family.grid, window=window)
        case None:
            raise ValueError(f"{family.name} makes at most {window} frames, not {frames}")


def seed_of(shot: int, number: int) -> int:
    """The seed of piece ``number`` (from 0) of a shot whose own seed is ``shot``.

    One shot, one seed: the first piece has the shot's own, so that a short clip and the beginning
    of a long one are made of the same noise; the others' follow from it and from their number
    alone (the first 63 bits of SHA-256 of ``"<shot>/<number>"``), whoever makes them, whenever.
    """
    if number == 0:
        return shot
    digest = hashlib.sha256(f"{shot}/{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def overlapping(total: int, *, grid: FrameGrid, window: int, overlap: int) -> Sequence[Piece]:
    """Pieces of at most ``window`` frames, of nearly equal length, sharing ``overlap`` each.

    Args:
        total: frames of the clip.
        grid: the counts the model can make in one piece.
        window: the most it makes at once, on the grid.
        overlap: frames shared, less than ``window``.

    Raises:
        ValueError: the window holds nothing new, or ``total`` does not go into pieces on the grid.
    """
    return _cut(total, grid=grid, window=window, shared=overlap, continues=True)


def segments(total: int, *, grid: FrameGrid, window: int) -> Sequence[Piece]:
    """Pieces of at most ``window`` frames, of nearly equal length, each two sharing one frame.

    Raises:
        ValueError: as ``overlapping``.
    """
    return _cut(total, grid=grid, window=window, shared=1, continues=False)


def _spread(new: int, *, most: int, step: int) -> Sequence[int]:
    """``new`` frames over as few pieces as take at most ``most``, in units of ``step``."""
    if most < step or new % step:
        raise ValueError(f"{new} new frames in steps of {step} do not go into pieces of {most}")
    units = new // step
    count = -(-units // (most // step))
    return [step * (units // count + (i < units % count)) for i in range(count)]


def _cut(
    total: int, *, grid: FrameGrid, window: int, shared: int, continues: bool
) -> Sequence[Piece]:
    # Where every piece has one and the same length, none can be shorter to make them equal.
    step = grid.step if grid.least != grid.most else window - shared
    new = [total - shared]
    if total > window:
        new = list(_spread(total - shared, most=window - shared, step=step))
    ends = [shared + sum(new[: i + 1]) for i in range(len(new))]
    pieces = [Piece(0, ends[0])]
    for before, end in pairwise(ends):
        pieces.append(Piece(before - shared, end, shared=shared, continues=continues))
    for piece in pieces:
        if not grid.holds(piece.frames):
            raise ValueError(f"{piece.frames} frames are not on the grid {grid}")
    return pieces
