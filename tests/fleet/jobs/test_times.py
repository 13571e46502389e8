"""From what was measured to what to expect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import TimesUnknown
from fleet.jobs.model import Stage
from fleet.jobs.times import NEWEST, PUBLISH_S, Sample, Times

WORKS = st.integers(0, 1_000_000).map(lambda hundredths: hundredths / 100)


def took(*pairs: tuple[float, float], model: str = "wan", loaded: bool = False) -> list[Sample]:
    return [Sample(Stage.GENERATE, model, work, seconds, loaded) for work, seconds in pairs]


def test_a_larger_shot_takes_longer_in_proportion_where_little_was_measured() -> None:
    times = Times(took((10.0, 20.0), (10.0, 22.0), (10.0, 21.0)))

    assert times.seconds(Stage.GENERATE, "wan", 20.0) == pytest.approx(42.0)


@given(fixed=st.floats(0.0, 60.0), slope=st.floats(0.01, 10.0))
def test_a_fixed_cost_is_told_apart_from_the_cost_per_frame_once_enough_was_measured(
    fixed: float, slope: float
) -> None:
    works = [10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 80.0]
    times = Times(took(*((work, fixed + slope * work) for work in works)))

    assert times.seconds(Stage.GENERATE, "wan", 100.0) == pytest.approx(fixed + 100 * slope)


def test_a_shot_that_met_a_slow_disk_moves_nothing() -> None:
    usual = [(10.0 + i, 2.0 * (10.0 + i)) for i in range(20)]
    times = Times(took(*usual, (15.0, 4000.0), (11.0, 0.001)))

    assert times.seconds(Stage.GENERATE, "wan", 20.0) == pytest.approx(40.0, rel=0.02)


def test_shots_of_one_size_say_nothing_of_a_fixed_cost() -> None:
    times = Times(took(*[(10.0, 30.0 + 0.01 * i) for i in range(20)]))

    assert times.seconds(Stage.GENERATE, "wan", 20.0) == pytest.approx(60.0, rel=0.01)


def test_models_are_measured_apart() -> None:
    times = Times(took((1.0, 5.0)) + took((1.0, 50.0), model="ltx"))

    assert times.seconds(Stage.GENERATE, "ltx", 2.0) == pytest.approx(100.0)
    assert times.seconds(Stage.GENERATE, "wan", 2.0) == pytest.approx(10.0)


def test_the_newest_measurements_count() -> None:
    times = Times(took(*[(1.0, 5.0)] * NEWEST, *[(1.0, 500.0)] * 1000))

    assert times.seconds(Stage.GENERATE, "wan", 1.0) == pytest.approx(5.0)


def test_what_is_declared_counts_instead_of_what_was_measured() -> None:
    times = Times(took((1.0, 5.0)), declared_s={Stage.GENERATE: 30.0}, declared_load_s=7.0)

    assert times.seconds(Stage.GENERATE, "wan", 9.0) == 30.0
    assert times.load_s(Stage.GENERATE) == 7.0
    assert times.source(Stage.GENERATE, "wan") == "declared"


def test_loading_a_model_is_told_apart_from_working_with_it() -> None:
    times = Times(took((10.0, 95.0), (20.0, 112.0), loaded=True) + took(*[(10.0, 10.0)] * 5))

    assert times.seconds(Stage.GENERATE, "wan", 10.0) == pytest.approx(10.0)
    assert times.load_s(Stage.GENERATE) == pytest.approx((85.0 + 92.0) / 2)


def test_a_model_used_once_is_known_by_that_though_it_was_loaded_then() -> None:
    times = Times(took((10.0, 95.0), loaded=True))

    assert times.seconds(Stage.GENERATE, "wan", 10.0) == pytest.approx(95.0)
    assert times.load_s(Stage.GENERATE) == 0.0


def test_what_was_never_measured_is_asked_for_by_name() -> None:
    with pytest.raises(TimesUnknown) as caught:
        Times().seconds(Stage.GENERATE, "wan", 1.0)

    assert "'wan'" in str(caught.value)
    assert "--time generate=30" in str(caught.value)


def test_publishing_needs_no_measurement() -> None:
    assert Times().seconds(Stage.PUBLISH, "", 0.0) == PUBLISH_S
    assert Times().source(Stage.PUBLISH, "") == "assumed"


@given(
    samples=st.lists(st.tuples(WORKS, st.floats(0.0, 1e5), st.booleans()), min_size=1, max_size=40),
    work=WORKS,
)
def test_no_measurements_make_a_time_that_is_negative_or_endless(
    samples: list[tuple[float, float, bool]], work: float
) -> None:
    times = Times([Sample(Stage.FINISH, "flow", w, s, loaded) for w, s, loaded in samples])

    assert 0.0 <= times.seconds(Stage.FINISH, "flow", work) < float("inf")
    assert times.load_s(Stage.FINISH) >= 0.0


def test_publishing_costs_the_same_whatever_the_shot() -> None:
    published = [Sample(Stage.PUBLISH, "", 0.0, 0.01 * i) for i in range(21)]

    assert Times(published).seconds(Stage.PUBLISH, "", 0.0) == pytest.approx(0.1)
