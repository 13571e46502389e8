"""Which lanes may go now: by priority, pauses, time, and the node to keep away from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.jobs.model import Stage
from fleet.jobs.retry import LONGEST_DELAY_S, Failure, GiveUp, TryAgain
from fleet.ledger import control
from fleet.ledger.lanes import MOST, open_lanes
from fleet.ledger.ledger import Ledger
from fleet.ledger.selection import Selection
from tests.fleet.ledger.filling import finish, generate, manifest, next_job, submit
from tests.fleet.ledger.test_ledger import FLAKY, new_shot


def seen(ledger: Ledger, stage: Stage = Stage.GENERATE, *, now: float = 10.0) -> list[str]:
    return [lane.manifest_id for lane in open_lanes(ledger.database, stage, now=now)]


def test_each_manifest_is_a_lane_and_only_the_highest_priority_is_seen(ledger: Ledger) -> None:
    submit(ledger, manifest("slow"), ["a", "b"])
    submit(ledger, manifest("other"), ["c"])
    submit(ledger, manifest("rush"), ["d"], priority=5)

    assert seen(ledger) == ["id-rush"]
    next_job(ledger, Stage.GENERATE)
    assert seen(ledger) == ["id-slow", "id-other"]


def test_shots_of_two_models_are_two_lanes(ledger: Ledger) -> None:
    wan = new_shot("a", seed=3)
    params = wan.recipe.generation_params.model_copy(update={"model": "wan"})
    wan = replace(wan, recipe=wan.recipe.model_copy(update={"generation_params": params}))
    ledger.submit(manifest("day1"), [new_shot("b"), wan, new_shot("c")], now=1.0)

    lanes = open_lanes(ledger.database, Stage.GENERATE, now=2.0)

    assert [(lane.model, lane.oldest) for lane in lanes] == [("camera", 1), ("wan", 2)]


def test_urgent_work_that_is_paused_does_not_hold_up_the_rest(ledger: Ledger) -> None:
    submit(ledger, manifest("rush"), ["a"], priority=5)
    submit(ledger, manifest("slow"), ["b"])
    control.pause(ledger.database, Selection(manifests=("id-rush",)), who="ada", now=2.0)

    assert seen(ledger) == ["id-slow"]


def test_work_that_waits_for_its_time_does_not_hold_up_the_rest(ledger: Ledger) -> None:
    submit(ledger, manifest("rush"), ["a"], priority=5)
    submit(ledger, manifest("slow"), ["b"])
    ledger.fail(next_job(ledger, Stage.GENERATE), FLAKY, TryAgain(5.0), now=10.0)

    assert seen(ledger, now=14.9) == ["id-slow"]
    assert seen(ledger, now=15.0) == ["id-rush"]


def test_many_paused_lanes_do_not_hide_the_one_behind_them(ledger: Ledger) -> None:
    for number in range(MOST + 5):
        submit(ledger, manifest(f"m{number}", project="paused"), [f"s{number}"])
    submit(ledger, manifest("last", project="open"), ["last"])
    control.pause(ledger.database, Selection(projects=("paused",)), who="ada", now=2.0)

    assert seen(ledger) == ["id-last"]


def test_publishing_goes_on_whatever_is_paused(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("day1"), ["a"])
    generate(ledger)
    finish(ledger, tmp_path)
    for chosen in (Selection(everything=True), Selection(shots=("a-0",))):
        control.pause(ledger.database, chosen, who="ada", now=2.0)

    assert seen(ledger, Stage.PUBLISH) == ["id-day1"]


@pytest.mark.parametrize("back_s", [LONGEST_DELAY_S + 1.0, 86_400.0], ids=["a bit", "a day"])
def test_a_clock_that_is_set_back_makes_no_job_wait(ledger: Ledger, back_s: float) -> None:
    submit(ledger, manifest("day1"), ["a"])
    now = 1_000_000.0
    ledger.fail(next_job(ledger, Stage.GENERATE, now=now), FLAKY, TryAgain(5.0), now=now)

    assert seen(ledger, now=now + 1.0) == []
    assert next_job(ledger, Stage.GENERATE, now=now - back_s).shot.id == "a-0"


def test_a_job_that_failed_on_a_node_goes_elsewhere_first(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])
    lease = ledger.lease(Stage.GENERATE, now=10.0, node="bad")
    assert lease is not None
    ledger.fail(lease, FLAKY, TryAgain(0.0), now=11.0, avoid="bad")

    there = ledger.lease(Stage.GENERATE, now=12.0, node="bad", elsewhere=True)
    other = ledger.lease(Stage.GENERATE, now=12.0, node="good", elsewhere=True)

    assert there is not None
    assert other is not None
    assert (there.shot.id, other.shot.id) == ("b-0", "a-0")


def test_where_there_is_no_other_node_it_goes_to_the_same_again(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    lease = ledger.lease(Stage.GENERATE, now=10.0, node="only")
    assert lease is not None
    ledger.fail(lease, FLAKY, TryAgain(0.0), now=11.0, avoid="only")

    assert ledger.lease(Stage.GENERATE, now=12.0, node="only", elsewhere=True) is None
    assert ledger.lease(Stage.GENERATE, now=12.0, node="only") is not None


def test_a_shot_that_was_given_up_is_published_even_if_held(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    control.pause(ledger.database, Selection(shots=("a-0",)), who="ada", now=2.0)
    assert seen(ledger) == []
    control.resume(ledger.database, Selection(shots=("a-0",)), who="ada", now=3.0)
    lease = next_job(ledger, Stage.GENERATE)
    control.pause(ledger.database, Selection(shots=("a-0",)), who="ada", now=4.0)
    broken = Failure(code="x", message="x", retryable=False, curable=False)
    ledger.fail(lease, broken, GiveUp(broken), now=5.0)

    assert seen(ledger, Stage.PUBLISH) == ["id-day1"]
