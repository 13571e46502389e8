"""Tiles: every pixel in exactly one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fleet.upscale.tiles import Span, Tile

SIDES = st.integers(1, 70)


@given(height=SIDES, width=SIDES, side=st.integers(1, 40))
def test_every_pixel_is_in_exactly_one_tile(height: int, width: int, side: int) -> None:
    times = np.zeros((height, width), dtype=int)

    for tile in Tile(Span(0, height), Span(0, width)).cut(side):
        times[tile.rows.scaled(1), tile.columns.scaled(1)] += 1

    assert np.all(times == 1)


@given(start=st.integers(0, 9), length=SIDES, side=st.integers(1, 40))
def test_tiles_are_as_even_as_they_can_be_and_none_is_too_long(
    start: int, length: int, side: int
) -> None:
    span = Span(start, start + length)

    rows = [tile.rows for tile in Tile(span, Span(0, 1)).cut(side)]
    lengths = {r.stop - r.start for r in rows}

    assert max(lengths) <= side
    assert max(lengths) - min(lengths) <= 1
    assert len(rows) == -(-length // side)


@given(height=SIDES, width=SIDES, margin=st.integers(0, 50))
def test_a_margin_ends_where_the_frame_does(height: int, width: int, margin: int) -> None:
    for tile in Tile(Span(0, height), Span(0, width)).cut(16):
        wide = tile.widened(margin, height=height, width=width)

        assert wide.rows.start == max(0, tile.rows.start - margin)
        assert wide.columns.stop == min(width, tile.columns.stop + margin)


def test_a_tile_is_found_again_in_the_larger_one_around_it() -> None:
    grid = np.arange(300).reshape(10, 30)
    tile = Tile(Span(4, 7), Span(20, 25))
    around = tile.widened(3, height=10, width=30)

    seen = grid[around.rows.scaled(1), around.columns.scaled(1)]

    inner = seen[tile.rows.within(around.rows), tile.columns.within(around.columns)]
    assert np.array_equal(inner, grid[4:7, 20:25])
    assert tile.rows.within(around.rows, 4) == slice(12, 24)
