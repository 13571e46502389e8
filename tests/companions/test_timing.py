"""Duration is a promise: a clip has exactly its frames, whatever grid the generator has."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companions.timing import (
    FrameGrid,
    FramePlan,
    clip_frames,
    parse_rate,
    plan_frames,
    rate_value,
)
from tests.companions import documents

NTSC = Fraction(24000, 1001)
GRIDS = {
    "any": FrameGrid(),
    "4n+1": FrameGrid(step=4, offset=1),
    "8n+1": FrameGrid(step=8, offset=1),
    "16n+1": FrameGrid(step=16, offset=1),
    "4n+1, at most 81": FrameGrid(step=4, offset=1, most=81),
    "8n+1, at most 120": FrameGrid(step=8, offset=1, most=120),
    "any, at most 25": FrameGrid(most=25),
    "exactly 14": FrameGrid(step=14, offset=0, most=14, least=14),
}
RATES = [Fraction(8), Fraction(12), Fraction(16), NTSC, Fraction(24), Fraction(25), Fraction(60)]
DURATIONS = [0.07, 0.1, 1 / 3, 1.0, 2.04, 3.3, 5.0, 6.0]

cases = st.fixed_dictionaries(
    {
        "duration_s": st.sampled_from(DURATIONS) | st.floats(0.05, 8.0),
        "target_fps": st.sampled_from(RATES) | documents.rates().filter(lambda r: r <= 60),
        "generator_fps": st.sampled_from(RATES) | documents.rates().filter(lambda r: r <= 60),
        "grid": st.sampled_from(list(GRIDS.values())),
    }
)


def assert_keeps_the_promise(plan: FramePlan, *, duration_s: float, target_fps: Fraction) -> None:
    assert plan.clip == round(Fraction(repr(duration_s)) * target_fps)

    places = [plan.position(i) for i in range(plan.clip)]
    instants = plan.instants
    assert places[0] == (0, 0.0)
    assert places == sorted(places)
    for i, (j, f) in enumerate(places):
        at = Fraction(i) / target_fps
        assert 0 <= j < plan.generated
        assert 0.0 <= f < 1.0
        assert (f == 0.0) == (instants[j] == at)
        if f:
            shown = instants[j] + Fraction(f) * (instants[j + 1] - instants[j])
            assert float(shown) == pytest.approx(float(at))
        else:
            assert j == instants.index(at)

    last_j, last_f = places[-1]
    assert last_f == 0.0
    assert plan.move_fraction(last_j) == (1.0 if plan.clip > 1 else 0.0)
    assert [plan.move_fraction(j) for j in range(plan.generated)] == sorted(
        plan.move_fraction(j) for j in range(plan.generated)
    )


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("target_fps", RATES, ids=str)
def test_the_finished_clip_has_its_frames_on_every_grid(
    grid: FrameGrid, target_fps: Fraction
) -> None:
    for duration_s, generator_fps in itertools.product(DURATIONS, RATES):
        plan = plan_frames(
            duration_s=duration_s, target_fps=target_fps, generator_fps=generator_fps, grid=grid
        )

        assert grid.holds(plan.generated)
        assert_keeps_the_promise(plan, duration_s=duration_s, target_fps=target_fps)


@settings(max_examples=80)
@given(cases)
def test_the_promise_holds_for_any_duration_and_any_rates(case: documents.Plain) -> None:
    if clip_frames(duration_s=case["duration_s"], target_fps=case["target_fps"]) < 1:
        return

    plan = plan_frames(**case)

    assert case["grid"].holds(plan.generated)
    assert_keeps_the_promise(plan, duration_s=case["duration_s"], target_fps=case["target_fps"])


@given(case=cases, num_frames=st.integers(2, 200))
def test_a_stated_frame_count_is_made_exactly_or_refused(
    case: documents.Plain, num_frames: int
) -> None:
    if clip_frames(duration_s=case["duration_s"], target_fps=case["target_fps"]) < 1:
        return
    grid: FrameGrid = case["grid"]

    if grid.holds(num_frames):
        plan = plan_frames(**case, num_frames=num_frames)
        assert plan.generated == num_frames
        assert_keeps_the_promise(plan, duration_s=case["duration_s"], target_fps=case["target_fps"])
    else:
        with pytest.raises(ValueError, match="the nearest count is"):
            plan_frames(**case, num_frames=num_frames)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_every_factor_th_frame_of_a_clip_is_a_generated_frame(factor: int) -> None:
    plan = plan_frames(
        duration_s=2.0,
        target_fps=Fraction(12 * factor),
        generator_fps=Fraction(12),
        grid=FrameGrid(),
    )

    coinciding = [i for i in range(plan.clip) if plan.position(i)[1] == 0.0]

    assert coinciding[: 2 * 12 - 1] == [i * factor for i in range(2 * 12 - 1)]
    assert coinciding[-1] == plan.clip - 1


@pytest.mark.parametrize("target_fps", [Fraction(1), Fraction(10), Fraction(12), NTSC], ids=str)
def test_a_clip_slower_than_its_generator_shows_its_own_instants(target_fps: Fraction) -> None:
    plan = plan_frames(
        duration_s=4.0, target_fps=target_fps, generator_fps=Fraction(24), grid=FrameGrid()
    )

    assert_keeps_the_promise(plan, duration_s=4.0, target_fps=target_fps)
    assert plan.generated > plan.clip


def test_half_the_generators_rate_takes_every_second_frame_and_none_between() -> None:
    plan = plan_frames(
        duration_s=2.0, target_fps=Fraction(12), generator_fps=Fraction(24), grid=FrameGrid()
    )

    assert [plan.position(i) for i in range(plan.clip)] == [(2 * i, 0.0) for i in range(24)]


@settings(max_examples=60)
@given(cases, st.integers(0, 3))
def test_a_fraction_between_frames_further_apart_is_of_the_same_instant(
    case: documents.Plain, further: int
) -> None:
    if clip_frames(duration_s=case["duration_s"], target_fps=case["target_fps"]) < 1:
        return
    plan = plan_frames(**case)
    end = plan.instants.index(plan.last_instant)

    for i in range(plan.clip):
        j, f = plan.position(i)
        if j == end:
            continue
        assert plan.fraction(i, before=j, after=j + 1) == f
        before, after = max(j - further, 0), min(j + 1 + further, end)
        wide = plan.fraction(i, before=before, after=after)
        apart = plan.instants[after] - plan.instants[before]
        shown = plan.instants[before] + Fraction(wide) * apart
        assert 0.0 <= wide < 1.0
        assert float(shown) == pytest.approx(float(Fraction(i) / case["target_fps"]))


def test_enough_frames_are_not_stretched_and_too_few_are_spread_over_the_whole_move() -> None:
    enough = plan_frames(
        duration_s=5.0, target_fps=Fraction(24), generator_fps=Fraction(16), grid=GRIDS["4n+1"]
    )
    too_few = plan_frames(
        duration_s=10.0,
        target_fps=Fraction(24),
        generator_fps=Fraction(16),
        grid=GRIDS["4n+1, at most 81"],
    )

    assert (enough.generated, enough.stretch) == (81, Fraction(1))
    assert too_few.generated == 81
    assert too_few.stretch == Fraction(239, 24) * 16 / 80
    assert too_few.instants[-1] == too_few.last_instant
    gaps = {after - before for before, after in itertools.pairwise(too_few.instants)}
    assert len(gaps) == 1


def test_the_frame_refused_off_the_grid_comes_with_the_nearest_that_is_on_it() -> None:
    with pytest.raises(ValueError, match=r"makes 4n\+1, at most 81; the nearest count is 81"):
        plan_frames(
            duration_s=5.0,
            target_fps=Fraction(24),
            generator_fps=Fraction(16),
            grid=GRIDS["4n+1, at most 81"],
            num_frames=80,
        )


def test_a_clip_without_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="no frame"):
        plan_frames(
            duration_s=0.02, target_fps=Fraction(24), generator_fps=Fraction(24), grid=FrameGrid()
        )


def test_a_clip_of_one_frame_shows_the_start() -> None:
    plan = plan_frames(
        duration_s=0.04, target_fps=Fraction(24), generator_fps=Fraction(24), grid=FrameGrid()
    )

    assert (plan.clip, plan.position(0), plan.move_fraction(0)) == (1, (0, 0.0), 0.0)


def test_an_hour_of_ntsc_does_not_drift() -> None:
    assert clip_frames(duration_s=3600.0, target_fps=NTSC) == 86_314
    assert clip_frames(duration_s=0.1, target_fps=Fraction(25)) == 2  # 2.5: half to even
    assert clip_frames(duration_s=2.1, target_fps=Fraction(30)) == 63  # 62.99... in doubles


@pytest.mark.parametrize(
    ("spelled", "rate"),
    [
        (24, Fraction(24)),
        (24.0, Fraction(24)),
        (12.5, Fraction(25, 2)),
        (23.976, NTSC),
        (23.98, NTSC),
        (29.97, Fraction(30000, 1001)),
        (47.952, Fraction(48000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (119.88, Fraction(120000, 1001)),
        ("24000/1001", NTSC),
        ("48/2", Fraction(24)),
        (1, Fraction(1)),
        (240, Fraction(240)),
        (239.99999, Fraction(23999999, 100000)),
    ],
)
def test_a_rate_means_its_exact_rational(spelled: object, rate: Fraction) -> None:
    assert parse_rate(spelled) == rate


@given(documents.rates())
def test_a_rate_that_is_written_is_the_rate_that_is_read(rate: Fraction) -> None:
    assert parse_rate(rate_value(rate)) == rate


@pytest.mark.parametrize(
    "wrong",
    [0, -24, 0.5, 240.01, 241, True, None, [], "24", "24/0", "0/24", "-24/1", "24/1\n", "1e2/4"],
    ids=repr,
)
def test_what_is_no_rate_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="a rate"):
        parse_rate(wrong)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300, 10**400, 24.0000001])
def test_a_number_no_video_can_have_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="a rate"):
        parse_rate(wrong)
