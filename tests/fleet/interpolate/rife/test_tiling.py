"""How large frames are cut, and put together again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.interpolate.rife.tiling import Span, coarseness, shares, spans


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, int, int]:
    overlap = draw(st.integers(1, 64))
    return draw(st.integers(1, 2000)), draw(st.integers(2 * overlap, 400)), overlap


@given(cuts())
def test_pieces_cover_a_side_and_overlap_by_what_is_asked(cut: tuple[int, int, int]) -> None:
    side, most, overlap = cut

    pieces = spans(side, most=most, overlap=overlap)

    assert (pieces[0].start, pieces[-1].end) == (0, side)
    assert all(piece.length <= most for piece in pieces)
    assert all(a.end - b.start >= overlap for a, b in pairwise(pieces))


@given(cuts())
def test_the_shares_of_all_pieces_are_one_at_every_pixel(cut: tuple[int, int, int]) -> None:
    side, most, overlap = cut
    pieces = spans(side, most=most, overlap=overlap)

    total = np.zeros(side)
    for piece, share in zip(pieces, shares(pieces), strict=True):
        assert (share >= 0.0).all()
        total[piece.start : piece.end] += share

    assert np.abs(total - 1.0).max() < 1e-6


def test_a_piece_says_nothing_at_its_edge_and_fades_in_behind_it() -> None:
    left, right = shares((Span(0, 60), Span(30, 100)))

    assert left[:40].min() == right[20:].min() == 1.0
    assert left[50:].max() == right[:10].max() == 0.0
    assert np.allclose(np.diff(left[40:50]), -0.1)


@pytest.mark.parametrize(
    ("width", "height", "times"),
    [(832, 480, 1), (1920, 1080, 1), (1080, 1920, 1), (2560, 1440, 2), (3840, 2160, 2),
     (7680, 4320, 4)],
)  # fmt: skip
def test_large_frames_are_looked_at_more_coarsely(width: int, height: int, times: int) -> None:
    assert coarseness(width=width, height=height) == times
