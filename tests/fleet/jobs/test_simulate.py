"""The simulation does what the route and the policy say, and its clock is right."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.jobs.model import POOL_OF, Pool, Stage
from fleet.jobs.scenario import Began, Group, Site
from fleet.jobs.simulate import jittered, simulate

ROUTE = list(Stage)


def times(generate: float, finish: float, publish: float = 0.0) -> dict[Stage, float]:
    return {Stage.GENERATE: generate, Stage.FINISH: finish, Stage.PUBLISH: publish}


def site(generation: int, interpolation: int, *, load_s: float = 0.0) -> Site:
    return Site(
        workers={Pool.GENERATION: generation, Pool.INTERPOLATION: interpolation},
        load_s={Pool.GENERATION: load_s},
    )


def constant(group: Group, stage: Stage) -> float:
    seconds = group.times[stage]
    assert isinstance(seconds, float)
    return seconds


def began(groups: Sequence[Group], where: Site) -> list[Began]:
    """Every job, in the order given out; all groups are simulated to their end."""
    seen: list[Began] = []
    simulate([replace(group, awaited=True) for group in groups], where, watch=seen.append)
    return seen


# -- closed forms -----------------------------------------------------------------------------


@given(
    count=st.integers(1, 60), generate=st.integers(0, 50), finish=st.integers(0, 50),
    publish=st.integers(0, 3),
)  # fmt: skip
def test_a_pipeline_of_one_worker_each_takes_its_slowest_stage_times_the_shots(
    count: int, generate: int, finish: int, publish: int
) -> None:
    stages = [generate, finish, publish]
    done = simulate(
        [Group("m", count, times(generate, finish, publish))],
        replace(site(1, 1), publishers=1),
    )

    assert done.makespan_s == pytest.approx(sum(stages) + (count - 1) * max(stages))


@given(count=st.integers(1, 200), workers=st.integers(1, 20))
def test_a_pool_of_many_works_in_rounds(count: int, workers: int) -> None:
    done = simulate([Group("m", count, times(30.0, 0.0))], site(workers, workers))

    assert done.makespan_s == pytest.approx(30.0 * math.ceil(count / workers))


def test_each_worker_loads_its_model_once() -> None:
    done = simulate([Group("m", 100, times(10.0, 1.0))], site(4, 1, load_s=90.0))

    assert done.loads[Stage.GENERATE] == 4
    assert done.makespan_s == pytest.approx(90.0 + 25 * 10.0 + 4.0)


def test_the_start_of_a_cluster_delays_everything() -> None:
    where = replace(site(1, 1), start_s=5.0)

    assert simulate([Group("m", 1, times(3.0, 2.0, 1.0))], where).makespan_s == 11.0


def test_a_dispatcher_that_is_too_slow_is_what_everything_waits_for() -> None:
    where = replace(site(100, 100), handling_s=0.1)

    done = simulate([Group("m", 100, times(1.0, 1.0))], where)

    assert done.makespan_s >= 300 * 0.1
    assert done.handling_share == pytest.approx(30.0 / done.makespan_s)


def test_a_shot_that_is_generated_already_is_only_finished() -> None:
    done = simulate([Group("m", 10, times(1e6, 2.0), begins=Stage.FINISH)], site(1, 1))

    assert done.makespan_s == pytest.approx(20.0)
    assert done.busy_s[Stage.GENERATE] == 0.0


def test_what_arrives_later_begins_later() -> None:
    done = simulate([Group("m", 2, times(1.0, 1.0), arrives_s=50.0)], site(1, 1))

    assert done.makespan_s == pytest.approx(53.0)


def test_the_end_of_each_manifest_is_told() -> None:
    quick = Group("quick", 1, times(1.0, 1.0), priority=1)
    slow = Group("slow", 10, times(1.0, 1.0))

    done = simulate([slow, quick], site(1, 1))

    assert done.ends_s == {"quick": 2.0, "slow": 12.0}
    assert done.group_ends_s == (12.0, 2.0)


def test_the_simulation_ends_with_what_is_awaited_and_counts_no_work_after_it() -> None:
    mine = Group("mine", 1, times(10.0, 1.0), priority=1)
    others = Group("others", 10**9, times(100.0, 1.0), awaited=False)

    done = simulate([others, mine], site(2, 1))

    assert done.makespan_s == pytest.approx(11.0)
    assert done.busy_s[Stage.GENERATE] == pytest.approx(10.0 + 11.0 + 1.0)
    assert done.awaited_busy_s[Stage.GENERATE] == pytest.approx(10.0)


def test_utilisation_and_bottleneck_follow_from_who_was_at_work() -> None:
    done = simulate([Group("m", 100, times(10.0, 4.0))], site(1, 2))

    assert done.bottleneck is Stage.GENERATE
    assert done.utilisation(Stage.GENERATE) == pytest.approx(1000 / done.makespan_s)
    assert done.utilisation(Stage.FINISH) == pytest.approx(400 / 2 / done.makespan_s)


@pytest.mark.parametrize("pools", [(0, 1), (1, 0)])
def test_a_pool_that_is_needed_and_empty_is_refused(pools: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no worker"):
        simulate([Group("m", 1, times(1.0, 1.0))], site(*pools))


def test_a_simulation_that_nobody_awaits_is_refused() -> None:
    with pytest.raises(ValueError, match="awaited"):
        simulate([Group("m", 1, times(1.0, 1.0), awaited=False)], site(1, 1))


# -- the policy at work -------------------------------------------------------------------------


def test_a_rush_of_five_is_not_behind_five_thousand() -> None:
    done = simulate(
        [Group("long", 5000, times(30.0, 4.0)), Group("rush", 5, times(30.0, 4.0), arrives_s=1e4)],
        site(2, 1),
    )

    # A turn of its own for every other worker that falls free, so four rounds and a bit.
    assert done.ends_s["rush"] - 1e4 < 7 * 30.0
    assert done.ends_s["long"] > 70_000


def test_two_manifests_that_come_together_end_together() -> None:
    done = simulate(
        [Group("a", 400, times(10.0, 1.0)), Group("b", 400, times(10.0, 1.0))], site(4, 2)
    )

    assert done.ends_s["a"] == pytest.approx(done.ends_s["b"], abs=20.0)


def test_affinity_loads_fewer_models_than_taking_turns() -> None:
    groups = [Group(name, 100, times(10.0, 1.0), generator=name) for name in "abc"]

    patient = simulate(groups, replace(site(2, 1, load_s=60.0), patience_s=600.0))
    hasty = simulate(groups, replace(site(2, 1, load_s=60.0), patience_s=0.0))

    assert patient.loads[Stage.GENERATE] < hasty.loads[Stage.GENERATE] / 4
    assert patient.makespan_s < hasty.makespan_s / 2


def test_a_worker_with_room_for_two_models_does_not_load_them_in_turns() -> None:
    groups = [Group(name, 100, times(10.0, 1.0), generator=name) for name in "ab"]

    done = simulate(groups, replace(site(1, 1, load_s=60.0), models_kept=2, patience_s=0.0))

    assert done.loads[Stage.GENERATE] == 2


def test_a_manifest_with_a_cold_model_waits_for_the_patience_and_one_shot_at_most() -> None:
    done = simulate(
        [
            Group("warm", 2000, times(20.0, 1.0), generator="x"),
            Group("cold", 50, times(20.0, 1.0), generator="y", arrives_s=500.0),
        ],
        replace(site(4, 4, load_s=60.0), patience_s=300.0),
    )

    assert done.longest_wait_s["cold"] <= 300.0 + 20.0 + 60.0


def test_a_manifest_with_another_model_has_its_share_of_the_workers() -> None:
    groups = [
        Group("early", 2000, times(30.0, 1.0), generator="x"),
        Group("late", 500, times(30.0, 1.0), generator="y", arrives_s=1000.0),
    ]

    done = simulate(groups, replace(site(10, 10, load_s=90.0), patience_s=600.0))

    fair_s = 500 * 30.0 / 5
    assert done.ends_s["late"] - 1000.0 <= 1.25 * fair_s


def test_every_model_loaded_is_paid_for_by_as_much_work_as_the_patience() -> None:
    groups = [Group(name, 300, times(30.0, 1.0), generator=name) for name in "ab"]

    done = simulate(groups, replace(site(1, 1, load_s=90.0), patience_s=120.0))

    assert done.loads[Stage.GENERATE] <= 600 * 30.0 / 120.0


def test_frames_in_memory_stay_within_the_budget() -> None:
    group = Group("m", 50, times(1.0, 10.0), frames_bytes=100)
    where = replace(site(8, 2), frames_budget=450)

    seen = began([group], where)

    held = sorted(
        [(each.begin_s, 1) for each in seen if each.stage is Stage.GENERATE]
        + [(each.end_s, -1) for each in seen if each.stage is Stage.FINISH],
        key=lambda event: (event[0], event[1]),
    )
    level, most = 0, 0
    for _, change in held:
        level += change
        most = max(most, level)
    assert level == 0
    assert most == 4


def test_a_shot_larger_than_the_budget_is_made_alone() -> None:
    big = Group("big", 3, times(5.0, 5.0), frames_bytes=1000)

    done = simulate([big], replace(site(3, 3), frames_budget=10))

    assert done.makespan_s == pytest.approx(30.0)


# -- whatever is queued --------------------------------------------------------------------------

GROUPS = st.lists(
    st.builds(
        Group,
        manifest_id=st.sampled_from("abcd"),
        count=st.integers(0, 12),
        times=st.builds(
            times, st.floats(0.0, 50.0), st.floats(0.0, 50.0), st.floats(0.0, 1.0)
        ),
        priority=st.integers(-1, 1),
        generator=st.sampled_from("xy"),
        interpolator=st.sampled_from("pq"),
        frames_bytes=st.integers(0, 300),
        arrives_s=st.sampled_from([0.0, 0.0, 17.5, 400.0]),
        begins=st.sampled_from(ROUTE),
    ),
    min_size=1,
    max_size=6,
).filter(lambda groups: any(group.count for group in groups))  # fmt: skip
SITES = st.builds(
    Site,
    workers=st.fixed_dictionaries({pool: st.integers(1, 4) for pool in Pool}),
    load_s=st.just({Pool.GENERATION: 60.0, Pool.INTERPOLATION: 5.0}),
    models_kept=st.integers(1, 2),
    frames_budget=st.one_of(st.none(), st.integers(1, 1000)),
    patience_s=st.sampled_from([0.0, 100.0, 1e9]),
    handling_s=st.sampled_from([0.0, 0.01]),
    start_s=st.sampled_from([0.0, 3.0]),
)


@settings(max_examples=200)
@given(groups=GROUPS, where=SITES)
def test_every_shot_passes_every_stage_that_is_ahead_of_it_once_and_in_order(
    groups: list[Group], where: Site
) -> None:
    seen = began(groups, where)

    passed: dict[int, list[Began]] = defaultdict(list)
    for each in seen:
        passed[each.shot].append(each)
    assert len(passed) == sum(group.count for group in groups)
    for jobs in passed.values():
        group = groups[jobs[0].group]
        assert [job.stage for job in jobs] == ROUTE[ROUTE.index(group.begins) :]
        assert jobs[0].begin_s >= max(group.arrives_s, where.start_s)
        assert all(a.end_s <= b.begin_s for a, b in pairwise(jobs))
    assert Counter(jobs[0].group for jobs in passed.values()) == Counter(
        {place: group.count for place, group in enumerate(groups) if group.count}
    )


@settings(max_examples=200)
@given(groups=GROUPS, where=SITES)
def test_no_worker_does_two_things_at_once(groups: list[Group], where: Site) -> None:
    by_worker: dict[str, list[Began]] = defaultdict(list)
    for each in began(groups, where):
        by_worker[each.worker].append(each)

    for jobs in by_worker.values():
        assert all(a.end_s <= b.begin_s for a, b in pairwise(jobs))
    for stage in POOL_OF:
        names = {name for name in by_worker if name.startswith(stage.value)}
        assert len(names) <= where.seats(stage)


@settings(max_examples=200)
@given(groups=GROUPS, where=SITES)
def test_nothing_begins_while_something_more_urgent_is_queued_for_the_same_stage(
    groups: list[Group], where: Site
) -> None:
    where = replace(where, handling_s=0.0)  # so that a job begins when it is given out
    seen = began(groups, where)

    queued_at: dict[tuple[int, Stage], float] = {}
    for each in seen:
        group = groups[each.group]
        if each.stage is group.begins:
            queued_at[each.shot, each.stage] = max(group.arrives_s, where.start_s)
        if each.stage is not Stage.PUBLISH:
            queued_at[each.shot, ROUTE[ROUTE.index(each.stage) + 1]] = each.end_s
    for stage in Stage:
        jobs = [each for each in seen if each.stage is stage]
        for first in jobs:
            urgent = [
                other
                for other in jobs
                if groups[other.group].priority > groups[first.group].priority
                and queued_at[other.shot, stage] < first.begin_s < other.begin_s
            ]
            assert urgent == []


@settings(max_examples=50)
@given(groups=GROUPS, where=SITES)
def test_a_simulation_repeats_itself_exactly(groups: list[Group], where: Site) -> None:
    assert began(groups, where) == began(groups, where)


@settings(max_examples=100)
@given(groups=GROUPS, where=SITES)
def test_the_work_done_is_the_work_there_was(groups: list[Group], where: Site) -> None:
    done = simulate(groups, where)

    for stage, pool in POOL_OF.items():
        ahead = [g for g in groups if ROUTE.index(g.begins) <= ROUTE.index(stage)]
        work_s = sum(group.count * constant(group, stage) for group in ahead)
        loading_s = done.loads[stage] * where.load_s[pool]
        assert done.busy_s[stage] == pytest.approx(work_s + loading_s)
        assert done.utilisation(stage) <= 1.0 + 1e-9


def test_times_may_differ_from_shot_to_shot() -> None:
    group = Group("m", 4, {**times(0.0, 0.0), Stage.GENERATE: float})

    assert simulate([group], site(1, 1)).makespan_s == pytest.approx(0 + 1 + 2 + 3)


def test_jitter_keeps_its_mean_and_its_bounds_and_is_the_same_for_the_same_seed() -> None:
    drawn = [jittered(10.0, spread=0.3, seed=7)(index) for index in range(20_000)]

    assert min(drawn) >= 7.0
    assert max(drawn) <= 13.0
    assert sum(drawn) / len(drawn) == pytest.approx(10.0, rel=0.01)
    assert drawn[:50] == [jittered(10.0, spread=0.3, seed=7)(index) for index in range(50)]
    assert drawn[:50] != [jittered(10.0, spread=0.3, seed=8)(index) for index in range(50)]
    assert len(set(drawn)) > 19_990
