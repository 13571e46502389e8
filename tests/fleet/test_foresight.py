"""A plan counts what the ledger holds, and learns from what it measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fleet import client
from fleet.errors import TimesUnknown
from fleet.foresight import START_S, Asked, Assumed, Foresight, foresee
from fleet.jobs.model import Pool, Stage
from fleet.ledger.ledger import Ledger
from fleet.settings import Home, Settings
from tests.fleet.making import shot, small_picture, write_manifest

NOW = 1_000_000.0
ONE_EACH = Settings(generation_slots=1, interpolation_slots=1)
TOLD = Assumed(
    times_s={Stage.GENERATE: 30.0, Stage.FINISH: 4.0, Stage.PUBLISH: 0.0},
    load_s=None, workers={}, per_hour={},
)  # fmt: skip
NOTHING_TOLD = Assumed(times_s={}, load_s=None, workers={}, per_hour={})


class Desk:
    """A folder with pictures, and a fleet's home in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder / "home")

    def manifest(
        self, name: str, count: int, *, width: int = 128, height: int = 72
    ) -> client.Submission:
        pictures = [
            small_picture(self.folder / name / f"{i}.png", shade=hash_of(name) + i, size=(16, 12))
            for i in range(count)
        ]
        root = self.folder / name
        path = write_manifest(
            root / "m.video_manifest.json",
            [shot(picture, root, width=width, height=height) for picture in pictures],
            batch_id=name,
        )
        return client.read_submission(path, out=None, home=self.home)

    def queue(self, submission: client.Submission, *, at: float = NOW - 500) -> None:
        ledger = Ledger(self.home.ledger)
        rows = [planned.row for planned in submission.shots]
        ledger.submit(submission.manifest, rows, now=at)
        ledger.close()

    def measure(self, stage: Stage, seconds: float, *, worker: str = "", times: int = 1) -> None:
        """``times`` attempts at ``stage`` that took ``seconds``."""
        ledger = Ledger(self.home.ledger)
        for _ in range(times):
            lease = ledger.lease(stage, now=NOW - 400, node="n", worker=worker)
            assert lease is not None
            ledger.succeed(lease, now=NOW - 300, seconds=seconds)
        ledger.close()

    def begin(self, stage: Stage, *, at: float) -> None:
        ledger = Ledger(self.home.ledger)
        assert ledger.lease(stage, now=at, node="n") is not None
        ledger.close()

    def write(self, statement: str, *values: object) -> None:
        ledger = Ledger(self.home.ledger)
        with ledger.database.transaction(durable=False) as sql:
            sql.execute(statement, values)
        ledger.close()

    def foresee(
        self,
        *submissions: client.Submission,
        assumed: Assumed = TOLD,
        settings: Settings = ONE_EACH,
    ) -> Foresight:
        asked = [
            Asked(each.manifest.path, each.manifest.id, [planned.row for planned in each.shots])
            for each in submissions
        ]
        return foresee(asked, home=self.home, settings=settings, assumed=assumed, now=NOW)


def hash_of(name: str) -> int:
    return sum(name.encode()) * 100


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def span_s(found: Foresight) -> float:
    assert found.plan is not None
    return found.plan.forecast.makespan_s


def test_an_empty_fleet_works_through_the_manifest_alone(desk: Desk) -> None:
    found = desk.foresee(desk.manifest("a", 10))

    assert found.others == 0
    assert span_s(found) == pytest.approx(START_S + 10 * 30.0 + 4.0, abs=0.1)


def test_a_plan_queues_nothing(desk: Desk) -> None:
    desk.foresee(desk.manifest("a", 3))

    ledger = Ledger(desk.home.ledger)
    assert ledger.database.rows("SELECT 1 FROM shots") == []
    ledger.close()


def test_what_is_queued_already_competes(desk: Desk) -> None:
    desk.queue(desk.manifest("others", 10))

    found = desk.foresee(desk.manifest("mine", 10))

    assert found.others == 10
    assert span_s(found) == pytest.approx(START_S + 20 * 30.0 + 4.0, abs=31.0)


def test_a_manifest_that_was_submitted_already_is_counted_once(desk: Desk) -> None:
    mine = desk.manifest("mine", 10)
    before = desk.foresee(mine)
    desk.queue(mine)

    after = desk.foresee(mine)

    assert (after.others, span_s(after)) == (0, span_s(before))


def test_shots_that_are_generated_already_are_only_finished(desk: Desk) -> None:
    mine = desk.manifest("mine", 3)
    desk.queue(mine)
    desk.measure(Stage.GENERATE, 30.0, times=3)

    assert span_s(desk.foresee(mine)) == pytest.approx(START_S + 3 * 4.0, abs=0.1)


def test_what_a_worker_is_at_counts_for_what_is_left_of_it(desk: Desk) -> None:
    mine = desk.manifest("mine", 1)
    desk.queue(mine)
    desk.begin(Stage.GENERATE, at=NOW - 20.0)

    assert span_s(desk.foresee(mine)) == pytest.approx(START_S + 10.0 + 4.0, abs=0.1)


def test_times_are_learnt_from_what_the_ledger_measured(desk: Desk) -> None:
    desk.queue(desk.manifest("past", 5))
    for stage, seconds in ((Stage.GENERATE, 12.0), (Stage.FINISH, 3.0)):
        desk.measure(stage, seconds, times=5)
    desk.write("UPDATE shots SET verdict = 'pass'")
    small, large = desk.manifest("small", 4), desk.manifest("large", 4, width=256, height=144)

    same = desk.foresee(small, assumed=NOTHING_TOLD)
    four_times = desk.foresee(large, assumed=NOTHING_TOLD)

    assert same.sources["generate camera"] == "measured, 5 shots"
    assert same.sources["publish"] == "assumed"
    assert span_s(same) - START_S == pytest.approx(4 * 12.0 + 3.0, abs=0.2)
    assert span_s(four_times) - START_S == pytest.approx(4 * (4 * 12.0 + 3.0), abs=0.2)


def test_the_first_attempt_of_a_worker_tells_what_loading_costs(desk: Desk) -> None:
    desk.queue(desk.manifest("past", 6))
    desk.measure(Stage.GENERATE, 100.0, worker="w1")
    desk.measure(Stage.GENERATE, 10.0, worker="w1", times=3)
    desk.measure(Stage.GENERATE, 104.0, worker="w2")
    desk.measure(Stage.GENERATE, 10.0, worker="w2")
    desk.write("UPDATE shots SET verdict = 'pass'")

    found = desk.foresee(
        desk.manifest("mine", 2), assumed=replace(NOTHING_TOLD, times_s={Stage.FINISH: 0.0})
    )

    assert found.site.load_s[Pool.GENERATION] == pytest.approx(92.0)
    assert span_s(found) == pytest.approx(START_S + 92.0 + 2 * 10.0, abs=0.2)


def test_what_was_never_measured_is_asked_for(desk: Desk) -> None:
    with pytest.raises(TimesUnknown, match="generate"):
        desk.foresee(desk.manifest("mine", 1), assumed=NOTHING_TOLD)


def test_nothing_left_to_make_is_no_plan_and_needs_no_times(desk: Desk) -> None:
    mine = desk.manifest("mine", 2)
    desk.queue(mine)
    desk.write("UPDATE shots SET verdict = 'failed'")

    found = desk.foresee(mine, assumed=NOTHING_TOLD)

    assert found.plan is None
    assert set(found.ends_s.values()) == {0.0}


@pytest.mark.parametrize("scope", ["all", "project", "manifest"])
def test_what_others_have_paused_does_not_compete(desk: Desk, scope: str) -> None:
    others = desk.manifest("others", 7)
    desk.queue(others)
    names = {"all": "", "project": "tests", "manifest": others.manifest.id}
    desk.write("INSERT INTO pauses VALUES (?, ?, 0)", scope, names[scope])

    found = desk.foresee(desk.manifest("mine", 3))

    assert (found.others, found.paused) == (0, 7)
    assert span_s(found) == pytest.approx(START_S + 3 * 30.0 + 4.0, abs=0.1)


def test_each_manifest_has_its_own_end(desk: Desk) -> None:
    first, second = desk.manifest("first", 2), desk.manifest("second", 8)

    found = desk.foresee(first, second)

    assert found.ends_s[first.manifest.path] < found.ends_s[second.manifest.path]
    assert found.ends_s[second.manifest.path] == span_s(found)


NODE = (
    "INSERT INTO nodes (name, node_id, address, alive, draining, blocked, generation,"
    " interpolation, gpus, joined_at, seen_at) VALUES (?, ?, '', ?, ?, ?, ?, ?, 0, 0, 0)"
)


def test_the_pools_are_those_of_the_nodes_that_take_jobs_while_a_cluster_is_up(desk: Desk) -> None:
    mine = desk.manifest("mine", 12)
    for name, alive, draining, blocked in (
        ("good", 1, 0, ""), ("also", 1, 0, ""), ("dead", 0, 0, ""), ("leaving", 1, 1, ""),
        ("bad", 1, 0, "its disk is full"),
    ):  # fmt: skip
        desk.write(NODE, name, name, alive, draining, blocked, 2, 1)

    before = desk.foresee(mine)
    desk.home.cluster.write_text("{}")
    up = desk.foresee(mine)
    limited = desk.foresee(mine, settings=ONE_EACH.model_copy(update={"generation_limit": 3}))

    assert before.site.workers == {Pool.GENERATION: 1, Pool.INTERPOLATION: 1}
    assert up.site.workers == {Pool.GENERATION: 4, Pool.INTERPOLATION: 2}
    assert up.cluster
    assert span_s(up) == pytest.approx(3 * 30.0 + 2 * 4.0, abs=0.1)
    assert limited.site.workers[Pool.GENERATION] == 3


def test_pools_that_are_told_count_instead_of_those_there_are(desk: Desk) -> None:
    told: Mapping[Pool, int] = {Pool.GENERATION: 7}

    found = desk.foresee(desk.manifest("mine", 7), assumed=replace(TOLD, workers=told))

    assert found.site.workers == {Pool.GENERATION: 7, Pool.INTERPOLATION: 1}
    assert span_s(found) == pytest.approx(START_S + 30.0 + 7 * 4.0, abs=0.1)


def test_urgent_shots_of_the_manifest_are_planned_before_what_is_queued(desk: Desk) -> None:
    desk.queue(desk.manifest("others", 20))
    mine = desk.manifest("mine", 2)
    urgent = [replace(each, row=replace(each.row, priority=5)) for each in mine.shots]

    found = desk.foresee(replace(mine, shots=urgent))

    assert span_s(found) == pytest.approx(START_S + 2 * 30.0 + 4.0, abs=0.1)


def test_what_a_worker_holds_is_not_put_back_for_something_urgent(desk: Desk) -> None:
    desk.queue(desk.manifest("others", 1))
    desk.begin(Stage.GENERATE, at=NOW - 10.0)
    mine = desk.manifest("mine", 1)
    urgent = [replace(each, row=replace(each.row, priority=5)) for each in mine.shots]

    found = desk.foresee(replace(mine, shots=urgent))

    assert span_s(found) == pytest.approx(START_S + 20.0 + 30.0 + 4.0, abs=0.1)


def test_a_manifest_that_is_named_twice_is_made_once(desk: Desk) -> None:
    mine = desk.manifest("mine", 4)

    assert span_s(desk.foresee(mine, mine)) == span_s(desk.foresee(mine))
