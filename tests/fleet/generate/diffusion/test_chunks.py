"""How long clips are cut: whatever their length, the pieces are all of it, and fit the model."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from companions.generation_params import GenerationParams, Long
from companions.timing import FrameGrid, clip_frames, parse_rate, plan_frames
from fleet.generate.base import Piece
from fleet.generate.diffusion.chunks import long_way, overlapping, plan, seed_of, segments
from fleet.generate.diffusion.families import FAMILIES

GRIDS = st.builds(FrameGrid, step=st.integers(1, 16), offset=st.just(1), least=st.just(2))
LONG = [family for family in FAMILIES.values() if family.longs]


@given(grid=GRIDS, window=st.integers(3, 40), over=st.integers(0, 30), units=st.integers(1, 400))
def test_overlapping_pieces_are_the_whole_clip_on_the_grid_and_nearly_equal(
    grid: FrameGrid, window: int, over: int, units: int
) -> None:
    window, overlap = 1 + window * grid.step, 1 + over * grid.step
    assume(overlap + grid.step <= window)
    total = overlap + units * grid.step
    assume(total >= window)

    pieces = overlapping(total, grid=grid, window=window, overlap=overlap)

    assert (pieces[0].begin, pieces[-1].end) == (0, total)
    assert all(piece.frames <= window and grid.holds(piece.frames) for piece in pieces)
    assert all(
        later.begin == earlier.end - overlap and later.shared == overlap and later.continues
        for earlier, later in pairwise(pieces)
    )
    lengths = [piece.frames for piece in pieces]
    assert max(lengths) - min(lengths) <= grid.step
    most_new = (window - overlap) // grid.step * grid.step
    assert len(pieces) == max(1, -(-(total - overlap) // most_new)), "as few as there can be"


@given(step=st.integers(1, 16), units=st.integers(1, 500), in_window=st.integers(1, 30))
def test_segments_share_one_frame_and_need_no_other(step: int, units: int, in_window: int) -> None:
    grid = FrameGrid(step=step, offset=1, least=2)

    pieces = segments(1 + units * step, grid=grid, window=1 + in_window * step)

    assert [piece.begin for piece in pieces[1:]] == [piece.end - 1 for piece in pieces[:-1]]
    assert pieces[-1].end == 1 + units * step
    assert not any(piece.continues for piece in pieces)


def test_a_model_that_makes_one_length_only_gets_pieces_of_that_length() -> None:
    grid = FrameGrid(step=4, offset=1, least=49, most=49)

    pieces = overlapping(17 + 3 * 32, grid=grid, window=49, overlap=17)

    assert [(piece.begin, piece.end) for piece in pieces] == [(0, 49), (32, 81), (64, 113)]


def test_a_window_without_room_for_anything_new_is_refused() -> None:
    with pytest.raises(ValueError, match="do not go into pieces of 0"):
        overlapping(33, grid=FrameGrid(step=4, offset=1), window=17, overlap=17)


@pytest.mark.parametrize("family", LONG, ids=lambda family: family.name)
@pytest.mark.parametrize("seconds", [10.0, 60.0])
def test_every_family_with_a_long_way_makes_clips_of_a_minute(
    family: object, seconds: float
) -> None:
    declared = next(each for each in LONG if each is family)
    rate = parse_rate(declared.defaults.fps)
    wanted = clip_frames(duration_s=seconds, target_fps=rate)

    frames = plan_frames(
        duration_s=seconds, target_fps=rate, generator_fps=rate, grid=declared.clip_grid
    ).generated
    pieces = plan(declared, GenerationParams(model=declared.name), frames)

    assert frames >= wanted
    assert pieces[-1].end == frames
    assert all(declared.grid.holds(piece.frames) for piece in pieces)
    assert max(piece.frames for piece in pieces) <= declared.defaults.frames


def test_a_manifest_chooses_between_the_ways_of_a_model_that_has_both() -> None:
    family = FAMILIES["wan-2.1-flf2v-14b"]

    chosen = {way: plan(family, GenerationParams(long=way), 161) for way in Long}

    assert [piece.shared for piece in chosen[Long.OVERLAP][1:]] == [17, 17]
    assert [piece.shared for piece in chosen[Long.SEGMENTS][1:]] == [1]
    assert long_way(family, GenerationParams()) is Long.SEGMENTS


def test_a_clip_that_fits_the_window_is_one_piece() -> None:
    family = FAMILIES["wan-2.2-i2v-a14b"]

    assert plan(family, GenerationParams(), 81) == [Piece(0, 81)]


@given(shot=st.integers(0, 2**63 - 1))
def test_each_piece_has_a_seed_of_its_own_that_follows_from_the_shots(shot: int) -> None:
    seeds = [seed_of(shot, number) for number in range(20)]

    assert seeds[0] == shot
    assert len(set(seeds)) == 20
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seeds == [seed_of(shot, number) for number in range(20)]


def test_the_rule_of_seeds_never_changes() -> None:
    """Clips that were made in pieces once are made anew with the same noise."""
    assert seed_of(42, 1) == 1_668_292_710_437_184_747
