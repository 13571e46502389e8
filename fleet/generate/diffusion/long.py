"""A shot longer than the model's window, as pieces that fit it; each is a shot of its own.

The frames that a piece shares with the one before are held, at every step, to that piece's last
frames, encoded anew: sliced latents would carry the first frame's special place in time into the
middle of a clip.  The rest is held to the reference as in any shot, and the reference is always
rendered from the keyframe itself, so that nothing drifts however many pieces there are.  Over the
shared frames the clip goes from the one piece's pixels to the other's in even steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from companions.picture import Pixels
from fleet.generate.base import GenerateRequest, Piece
from fleet.generate.diffusion.chunks import seed_of


def part(request: GenerateRequest, *, pieces: Sequence[Piece]) -> tuple[int, GenerateRequest]:
    """The number (from 0) of the piece that ``request`` asks for, and that piece as a request for
    a shot of its own: its instants of the move, its seed.

    Where only the whole is asked for, and that is one piece, it is the request itself.

    Raises:
        ValueError: the piece is none of ``pieces``, or what it continues is missing.
    """
    piece = request.piece if request.piece is not None else pieces[0]
    if len(request.before) != (piece.shared if piece.continues else 0):
        raise ValueError(f"{len(request.before)} frames to continue, where {piece} shares some")
    number = pieces.index(piece)
    params = request.params
    return number, replace(
        request,
        move_fractions=request.move_fractions[piece.begin : piece.end],
        params=params.model_copy(update={"seed": seed_of(params.seed, number)}),
        piece=piece,
    )


def whole(
    request: GenerateRequest,
    *,
    pieces: Sequence[Piece],
    frames: Callable[[GenerateRequest], Iterator[Pixels]],
) -> Iterator[Pixels]:
    """All of a shot, piece after piece by ``frames``; one piece is held in memory at a time."""
    before: list[Pixels] = []
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        wanted = replace(request, piece=piece, before=before if piece.continues else ())
        before = []
        for index, frame in enumerate(frames(wanted)):
            if after is not None and index >= piece.frames - after.shared:
                before.append(frame)
            else:
                yield frame


def faded(frames: Iterable[Pixels], *, before: Sequence[Pixels]) -> Iterator[Pixels]:
    """``frames`` with the first of them mixed from those of the piece before, in even steps.

    Of n shared frames, number k (from 0) has (k + 1) / (n + 1) of the new piece: neither end is
    there twice.  Computed in whole numbers, rounded half up: where both agree, nothing changes.
    """
    parts = len(before) + 1
    for index, frame in enumerate(frames):
        if index >= len(before):
            yield frame
            continue
        new = index + 1
        mixed = before[index].astype(np.uint32) * (parts - new) + frame.astype(np.uint32) * new
        yield ((mixed + parts // 2) // parts).astype(np.uint8)
