"""A shot that takes several goes: which pieces are there, which are to be made, what they fit.

Pieces are parts of one clip, so they are only put together if one and the same thing made them:
the same model, revision and weights, run in the same way (the memory plan that a machine chose,
say), in the same pieces, by the same version of this program.  Where a later attempt finds any of
it changed, it starts over: frames of another plan or of other weights differ a little, in the
middle of a clip, and a meta that names one of them would not be true.  It costs little: pieces
are nearly equal, so a plan that is too large for the memory fails at the first of them.  Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

from companions.picture import Pixels
from fleet.generate.base import ModelCard, Piece
from fleet.stages.base import KeptPieces, Pieces


@dataclass(frozen=True, slots=True)
class PieceWork:
    """One piece to make.

    Attributes:
        number: which one, from 0.
        piece: its place in the shot.
        final: how many of its frames are in the clip as it makes them; the piece after it has the
            others too, and those are the ones that count.
        tail: whether the piece after it is made from those others.
    """

    number: int
    piece: Piece
    final: int
    tail: bool


@dataclass(frozen=True, slots=True)
class PieceWorks:
    """A shot as pieces.

    Attributes:
        said: which there are, and which are there.
        to_make: those that are to be made now, in order.
        before: what the first of these continues, if it continues any.
    """

    said: Pieces
    to_make: Sequence[PieceWork]
    before: Sequence[Pixels] = field(default=())


def made_by(card: ModelCard, *, how: str, pieces: Sequence[Piece]) -> str:
    """What makes a shot, as a SHA-256: pieces of two attempts fit if these are equal.

    ``how`` is the generator's word on how its machine runs it.  The shot's own recipe is not in
    it: nobody offers one shot the pieces of another.
    """
    facts = [
        version("motionfleet"), card.name, card.revision, sorted(card.weights_sha256.items()),
        how, [(each.begin, each.end, each.shared, each.continues) for each in pieces],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def left_to_make(
    pieces: Sequence[Piece], *, maker: str, kept: KeptPieces | None, only: int | None
) -> PieceWorks:
    """What of ``pieces`` is left for ``maker`` to make; the first ``only`` of it.

    A kept piece counts if the same made it.  Of pieces that continue each other those from the
    first on count, as far as what the next one continues is there too.
    """
    if kept is None or kept.made_by != maker:
        kept = None
    there = _usable(pieces, kept) if kept is not None else ()
    works = [
        _work(number, piece, after)
        for number, (piece, after) in enumerate(zip(pieces, [*pieces[1:], None], strict=True))
        if number not in there
    ][:only]
    before: Sequence[Pixels] = ()
    if works and works[0].piece.continues and kept is not None and kept.tail is not None:
        before = list(kept.tail)
    independent = not any(piece.continues for piece in pieces)
    return PieceWorks(Pieces(len(pieces), maker, there, independent), works, before)


def _usable(pieces: Sequence[Piece], kept: KeptPieces) -> tuple[int, ...]:
    offered = sorted({number for number in kept.there if 0 <= number < len(pieces)})
    if not any(piece.continues for piece in pieces):
        return tuple(offered)
    first = [number for at, number in enumerate(offered) if number == at]
    if len(first) < len(pieces) and (
        kept.tail is None or not first or len(kept.tail) != pieces[len(first)].shared
    ):
        return ()
    return tuple(first)


def _work(number: int, piece: Piece, after: Piece | None) -> PieceWork:
    if after is None:
        return PieceWork(number, piece, piece.frames, tail=False)
    return PieceWork(number, piece, piece.frames - after.shared, tail=after.continues)
