"""Which pieces of a long shot are made: none twice, and none that would not fit the others."""

from __future__ import annotations

import numpy as np
import pytest

from fleet.generate.base import ModelCard, Piece
from fleet.stages.base import Chunk, KeptPieces
from fleet.stages.pieces import left_to_make, made_by

CONTINUED = [Piece(0, 17)] + [
    Piece(12 * i, 12 * i + 17, shared=5, continues=True) for i in range(1, 4)
]
APART = [Piece(0, 17)] + [Piece(16 * i, 16 * i + 17, shared=1) for i in range(1, 4)]
CARD = ModelCard("wan", "abc", "Apache-2.0", {"model.safetensors": "0" * 64})


def tail(frames: int = 5) -> Chunk:
    return np.full((frames, 2, 2, 3), 9, np.uint8)


def kept(*there: int, by: str = "me", with_tail: bool = True) -> KeptPieces:
    return KeptPieces(by, there, tail=tail() if with_tail else None)


@pytest.mark.parametrize(
    ("offered", "made"),
    [
        (None, [0, 1, 2, 3]),
        (kept(0, 1), [2, 3]),
        (kept(0, 1, 2, 3, with_tail=False), []),
        (kept(0, 2), [1, 2, 3]),
        (kept(1, 2), [0, 1, 2, 3]),
        (kept(0, 1, with_tail=False), [0, 1, 2, 3]),
        (kept(0, 1, by="another"), [0, 1, 2, 3]),
    ],
    ids=[
        "nothing is there", "the first two", "all of it", "one after a gap",
        "none to begin with", "without what the next continues", "of another model",
    ],
)  # fmt: skip
def test_of_pieces_that_continue_each_other_the_first_ones_count(
    offered: KeptPieces | None, made: list[int]
) -> None:
    works = left_to_make(CONTINUED, maker="me", kept=offered, only=None)

    assert [work.number for work in works.to_make] == made
    assert works.said.there == tuple(n for n in range(4) if n not in made)
    assert not works.said.independent
    assert len(works.before) == (5 if made and made[0] else 0)


def test_pieces_that_need_no_other_count_wherever_they_are_and_are_made_one_at_a_time() -> None:
    works = left_to_make(APART, maker="me", kept=kept(0, 2, with_tail=False), only=1)

    assert [work.number for work in works.to_make] == [1]
    assert works.said.there == (0, 2)
    assert works.said.independent


@pytest.mark.parametrize("pieces", [CONTINUED, APART], ids=["continued", "apart"])
def test_what_is_final_of_all_pieces_is_every_frame_once(pieces: list[Piece]) -> None:
    works = left_to_make(pieces, maker="me", kept=None, only=None)

    shown = [f for w in works.to_make for f in range(w.piece.begin, w.piece.begin + w.final)]
    assert shown == list(range(pieces[-1].end))


@pytest.mark.parametrize(
    "other",
    [
        made_by(ModelCard("wan", "abd", "Apache-2.0", CARD.weights_sha256), how="", pieces=APART),
        made_by(ModelCard("wan", "abc", "Apache-2.0", {"m": "1" * 64}), how="", pieces=APART),
        made_by(CARD, how="fast", pieces=APART),
        made_by(CARD, how="", pieces=CONTINUED),
    ],
    ids=["revision", "weights", "memory plan", "pieces"],
)
def test_pieces_fit_only_if_the_same_made_them_in_the_same_way(other: str) -> None:
    own = made_by(CARD, how="", pieces=APART)

    assert own == made_by(CARD, how="", pieces=list(APART))
    assert other != own
