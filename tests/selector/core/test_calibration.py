"""The threshold that fits decisions: checked against trying every one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.core.calibration import FEWEST, calibrate
from selector.core.decisions import Considered


def decided(*pairs: tuple[float | None, bool]) -> list[Considered]:
    return [
        Considered(name=f"{index}.jpg", picked=picked, score=score)
        for index, (score, picked) in enumerate(pairs)
    ]


CLEAR = [(0.2, False)] * 12 + [(0.7, True)] * 8


def test_where_scores_tell_picks_apart_the_threshold_lies_between() -> None:
    found = calibrate(decided(*CLEAR))

    assert found is not None
    assert (found.best.threshold, found.best.f1) == (0.7, 1.0)
    assert (found.best.precision, found.best.recall) == (1.0, 1.0)
    assert found.best.accept_rate == pytest.approx(0.4)
    assert (found.pictures, found.picked) == (20, 8)


def test_the_table_goes_from_all_to_none() -> None:
    found = calibrate(decided(*CLEAR))
    assert found is not None

    assert [each.threshold for each in found.table] == pytest.approx([i / 20 for i in range(21)])
    first, last = found.table[0], found.table[-1]
    assert (first.viable, first.precision, first.recall, first.accept_rate) == (20, 0.4, 1.0, 1.0)
    assert (last.viable, last.precision, last.recall, last.accept_rate) == (0, 1.0, 0.0, 0.0)


def test_of_equals_the_lowest_threshold_is_taken() -> None:
    # From 0.3 on: 6 right of 12; from 0.8 on: 4 right of 6, and 2 missed... both give F1 2/3.
    pairs = [(0.1, False)] * 10 + [(0.3, True)] * 2 + [(0.3, False)] * 4 + [(0.8, True)] * 4
    pairs += [(0.8, False)] * 2
    found = calibrate(decided(*pairs))

    assert found is not None
    assert found.best.threshold == 0.3
    assert found.best.f1 == pytest.approx(2 / 3)


@given(
    st.lists(
        st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()),
        min_size=FEWEST,
        max_size=80,
    )
)
def test_no_other_threshold_agrees_better(pairs: list[tuple[float, bool]]) -> None:
    found = calibrate(decided(*pairs))
    if found is None:
        assert len({picked for _, picked in pairs}) == 1
        return

    def f1(threshold: float) -> float:
        right = sum(picked for score, picked in pairs if score >= threshold)
        wrong = sum(not picked for score, picked in pairs if score >= threshold)
        missed = sum(picked for score, picked in pairs if score < threshold)
        return 2 * right / (2 * right + wrong + missed)

    assert found.best.f1 == pytest.approx(f1(found.best.threshold))
    assert found.best.f1 >= max(f1(step / 20) for step in range(21)) - 1e-9
    for each in found.table:
        assert each.f1 == pytest.approx(f1(each.threshold))


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param(CLEAR[: FEWEST - 1], id="too few"),
        pytest.param([(0.4, False)] * 40, id="none picked"),
        pytest.param([(0.4, True)] * 40, id="all picked"),
        pytest.param([(None, True), (None, False)] * 40, id="not looked at"),
    ],
)
def test_no_threshold_is_made_of_chance(pairs: list[tuple[float | None, bool]]) -> None:
    assert calibrate(decided(*pairs)) is None


def test_pictures_that_were_not_looked_at_are_counted_apart() -> None:
    found = calibrate(decided(*CLEAR, (None, True), (None, False)))

    assert found is not None
    assert (found.pictures, found.unscored) == (20, 2)
