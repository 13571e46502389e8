"""The cull: verdicts follow decisions, and views show what fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.core.cull import Cull, Filter, Order, Verdict
from selector.core.decisions import Considered
from selector.core.groups import Group

GROUPS = (
    Group("gate", ("g1", "g2")),
    Group("tower", ("t1", "t2")),
    Group("bridge", ("b1",)),
    Group("well", ("w1", "w2", "w3")),
)
GATE, TOWER, BRIDGE, WELL = range(4)


def said(**pictures: bool) -> list[Considered]:
    return [Considered(name=name, picked=picked) for name, picked in pictures.items()]


def cull(**standing: bool) -> Cull:
    return Cull(GROUPS, {each.name: each for each in said(**standing)})


def test_a_verdict_is_what_the_journal_says_of_all_pictures_of_a_group() -> None:
    found = cull(g1=True, g2=False, t1=False, t2=False, w1=False)

    assert [found.verdict(group) for group in range(4)] == [
        Verdict.PICKED,
        Verdict.REJECTED,
        Verdict.OPEN,
        Verdict.OPEN,  # two of its pictures were not decided on
    ]
    assert found.picked(GATE) == ("g1",)
    assert found.all_picked() == ("g1",)


def test_decisions_change_verdicts_and_can_be_taken_back() -> None:
    found = cull()
    found.decide(said(t1=False, t2=True), open_again=False, now=0.0)
    assert found.verdict(TOWER) is Verdict.PICKED
    assert found.is_picked("t2")

    found.decide(said(t1=False, t2=False), open_again=True, now=1.0)

    assert found.verdict(TOWER) is Verdict.OPEN
    assert not found.is_picked("t2")


def test_a_decision_on_pictures_that_are_gone_changes_no_group() -> None:
    found = cull()

    found.decide(said(elsewhere=True), open_again=False, now=0.0)

    assert found.progress(0.0).decided == 0
    assert found.group_of("elsewhere") is None


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(["g1", "g2", "t1", "b1", "w1"]), st.booleans()),
            st.booleans(),
        ),
        max_size=20,
    )
)
def test_progress_counts_the_verdicts(steps: list[tuple[dict[str, bool], bool]]) -> None:
    found = cull(g1=True)
    for pictures, open_again in steps:
        found.decide(said(**pictures), open_again=open_again, now=0.0)

    verdicts = [found.verdict(group) for group in range(4)]
    progress = found.progress(0.0)
    assert progress.total == 4
    assert progress.picked == verdicts.count(Verdict.PICKED)
    assert progress.rejected == verdicts.count(Verdict.REJECTED)
    assert progress.decided == 4 - verdicts.count(Verdict.OPEN)


def test_the_pace_is_that_of_the_last_minute() -> None:
    found = cull()
    assert found.progress(0.0).per_minute == 0.0
    for second in range(0, 200, 2):
        found.decide(said(g1=True), open_again=False, now=float(second))

    assert found.progress(198.0).per_minute == pytest.approx(30.0)
    assert found.progress(218.0).per_minute == pytest.approx(60.0 * 20 / 60.0)  # it sinks
    assert found.progress(1000.0).per_minute == 0.0


def test_two_quick_keys_are_no_pace_yet() -> None:
    found = Cull((Group("a", ("a/1.jpg",)), Group("b", ("b/1.jpg",))), {})
    for index, name in enumerate(("a/1.jpg", "b/1.jpg")):
        each = Considered(name=name, picked=True)
        found.decide([each], open_again=False, now=10.0 + 0.1 * index)

    assert found.progress(10.2).per_minute == 0.0
    assert found.progress(16.0).per_minute == pytest.approx(10.0)


def test_what_is_taken_back_does_not_count_for_the_pace() -> None:
    found = cull()
    for second in range(10):
        found.decide(said(g1=True), open_again=False, now=float(second))
        found.decide(said(g1=False), open_again=True, now=float(second))

    assert found.progress(10.0).per_minute == 0.0


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (Filter.ALL, (GATE, TOWER, BRIDGE, WELL)),
        (Filter.OPEN, (BRIDGE, WELL)),
        (Filter.PICKED, (GATE,)),
        (Filter.REJECTED, (TOWER,)),
        (Filter.VIABLE, (TOWER, WELL)),
        (Filter.BLOCKED, (BRIDGE,)),
    ],
)
def test_a_filter_shows_the_groups_that_fit(wanted: Filter, shown: tuple[int, ...]) -> None:
    found = cull(g1=True, g2=False, t1=False, t2=False)
    scores = {"g1": 0.4, "t1": 0.1, "t2": 0.6, "w3": 0.9}

    assert found.shown(wanted, scores=scores, threshold=0.6, blocked=frozenset({"b1"})) == shown


def test_by_viability_the_most_promising_come_first_and_the_unknown_last() -> None:
    scores = {"g1": 0.4, "t1": 0.1, "t2": 0.6, "w3": 0.6}

    found = cull().shown(Filter.ALL, order=Order.VIABILITY, scores=scores)

    assert found == (TOWER, WELL, GATE, BRIDGE)


def test_after_a_group_comes_the_next_open_one_that_is_shown_and_then_the_first() -> None:
    found = cull(t1=False, t2=False)

    assert found.next_open(GATE, (GATE, TOWER, BRIDGE, WELL)) == BRIDGE
    assert found.next_open(GATE, (GATE, TOWER, WELL)) == WELL
    assert found.next_open(WELL, (GATE, TOWER, WELL)) == GATE
    assert found.next_open(TOWER, (TOWER,)) is None
    assert found.next_open(WELL, (WELL,)) == WELL  # itself, where it is the only one left
