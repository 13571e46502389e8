"""What a plan says beyond the simulation: cost, bottleneck, a better split."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.jobs.model import Pool, Stage
from fleet.jobs.plan import TRY_ALL, best_split, plan
from fleet.jobs.scenario import Group, Seconds, Site
from fleet.jobs.simulate import jittered, simulate

PRICES = {Pool.GENERATION: 0.80, Pool.INTERPOLATION: 0.30}


def site(generation: int, interpolation: int) -> Site:
    return Site(workers={Pool.GENERATION: generation, Pool.INTERPOLATION: interpolation})


def group(count: int, generate: float, finish: float, *, manifest_id: str = "m") -> Group:
    return Group(
        manifest_id, count,
        {Stage.GENERATE: generate, Stage.FINISH: finish, Stage.PUBLISH: 0.0},
    )  # fmt: skip


def test_pools_are_paid_from_the_start_to_the_last_clip_idle_or_not() -> None:
    found = plan([group(100, 36.0, 1.0)], site(2, 1), per_hour=PRICES)

    hours = found.forecast.makespan_s / 3600
    assert found.cost == pytest.approx(hours * (2 * 0.80 + 0.30))
    assert found.cost_per_clip == pytest.approx(hours * (2 * 0.80 + 0.30) / 100)


def test_a_pool_without_a_price_costs_nothing_and_without_any_there_is_no_cost() -> None:
    free = plan([group(100, 36.0, 1.0)], site(2, 1))
    half = plan([group(100, 36.0, 1.0)], site(2, 1), per_hour={Pool.GENERATION: 1.0})

    assert free.cost is None
    assert free.cost_per_clip is None
    assert half.cost == pytest.approx(half.forecast.makespan_s / 3600 * 2)


def test_others_who_use_the_pools_meanwhile_bear_their_share() -> None:
    others = replace(group(50, 36.0, 1.0, manifest_id="others"), awaited=False)

    alone = plan([group(50, 36.0, 1.0)], site(1, 1), per_hour=PRICES)
    beside = plan([others, group(50, 36.0, 1.0)], site(1, 1), per_hour=PRICES)

    assert beside.forecast.makespan_s == pytest.approx(2 * alone.forecast.makespan_s, rel=0.03)
    assert beside.cost == pytest.approx(alone.cost, rel=0.03)
    assert beside.clips == 50


@pytest.mark.parametrize(
    ("shots", "pools", "publish", "expected"),
    [
        (group(100, 30.0, 4.0), (1, 1), 0.0, "generation"),
        (group(100, 30.0, 4.0), (20, 1), 0.0, "interpolation"),
        (group(100, 0.1, 0.1), (20, 20), 9.0, "publishing"),
    ],
)
def test_the_bottleneck_is_named(
    shots: Group, pools: tuple[int, int], publish: float, expected: str
) -> None:
    shots = replace(shots, times={**shots.times, Stage.PUBLISH: publish})

    assert plan([shots], site(*pools)).bottleneck == expected


def test_a_dispatcher_that_cannot_keep_up_is_the_bottleneck() -> None:
    assert plan([group(200, 0.1, 0.1)], replace(site(9, 9), handling_s=0.1)).bottleneck == (
        "dispatcher"
    )


def test_a_better_split_of_the_same_workers_is_found_and_is_true() -> None:
    shots, where = group(300, 30.0, 10.0), site(2, 6)

    found = plan([shots], where)

    assert found.better is not None
    assert found.better.workers == {Pool.GENERATION: 6, Pool.INTERPOLATION: 2}
    again = simulate([shots], replace(where, workers=found.better.workers))
    assert again.makespan_s == found.better.makespan_s < found.forecast.makespan_s


def test_the_best_split_is_left_as_it_is() -> None:
    assert plan([group(300, 30.0, 10.0)], site(6, 2)).better is None
    assert plan([group(300, 30.0, 10.0)], site(1, 1)).better is None


@settings(max_examples=8, deadline=None)
@given(
    total=st.integers(TRY_ALL + 1, 24), generate=st.floats(1.0, 60.0), finish=st.floats(1.0, 60.0)
)
def test_among_many_workers_the_split_is_as_good_as_trying_all(
    total: int, generate: float, finish: float
) -> None:
    shots = group(25 * total, generate, finish)

    def span_s(generation: int) -> float:
        return simulate([shots], site(generation, total - generation)).makespan_s

    guess = round(total * generate / (generate + finish))
    found = best_split(total, span_s, guess=guess)

    assert span_s(found) <= 1.01 * min(span_s(k) for k in range(1, total))


def test_for_many_workers_every_nth_shot_tells_the_best_split() -> None:
    shots = replace(
        group(20_000, 0.0, 4.0),
        times={Stage.GENERATE: jittered(30.0, spread=0.4, seed=1), Stage.FINISH: 4.0,
               Stage.PUBLISH: 0.0},
    )  # fmt: skip

    found = plan([shots], site(50, 50))

    assert found.better is not None
    assert found.better.workers[Pool.GENERATION] == pytest.approx(100 * 30 / 34, abs=2)
    assert found.better.makespan_s == pytest.approx(20_000 * 34 / 100, rel=0.03)


def test_shots_that_get_longer_and_longer_are_not_judged_by_the_first_of_them() -> None:
    growing: dict[Stage, Seconds] = {
        Stage.GENERATE: lambda index: index / 500, Stage.FINISH: 10.0, Stage.PUBLISH: 0.0,
    }  # fmt: skip

    found = plan([replace(group(10_000, 0.0, 0.0), times=growing)], site(4, 16))

    assert found.better is not None
    assert found.better.workers[Pool.GENERATION] == pytest.approx(10, abs=2)
