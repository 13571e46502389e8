"""A ledger of layout 1, as the release before wrote it, is opened and goes on as it was.

``layout_1.sql`` is a dump of one that the code of that time wrote, with shots at every place of the
route.  It is data: it is never changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.errors import LedgerUnusable
from fleet.jobs.model import JobState, Stage
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.lanes import open_lanes
from fleet.ledger.layout import COUNT_ALL, LAYOUT
from fleet.ledger.ledger import Ledger
from fleet.ledger.recovery import recover
from fleet.ledger.summary import summarise
from tests.fleet.ledger.filling import next_job
from tests.fleet.ledger.test_ledger import states

OLD = Path(__file__).with_name("layout_1.sql")


def written(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text("utf-8"))
    connection.close()
    return path


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(written(tmp_path / "old.sqlite3"))
    yield opened
    opened.close()


def layout_of(path: Path) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
    columns = [
        (name, column[1], f"{column[2]} {column[3]} {column[4]} {column[5]}")
        for kind, name, _ in rows
        if kind == "table"
        for column in connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
    ]
    connection.close()
    return sorted([*rows, *columns])


def test_it_has_the_tables_the_columns_and_the_indexes_of_a_new_one(
    old: Ledger, tmp_path: Path
) -> None:
    Database(tmp_path / "new.sqlite3").close()

    assert layout_of(old.database.path) == layout_of(tmp_path / "new.sqlite3")
    assert old.database.rows("PRAGMA user_version")[0][0] == LAYOUT
    assert old.database.rows("PRAGMA foreign_key_check") == []
    assert old.database.rows("PRAGMA integrity_check")[0][0] == "ok"


def test_every_shot_is_where_it_was(old: Ledger) -> None:
    done, waiting, queued = JobState.SUCCEEDED, JobState.WAITING, JobState.QUEUED
    leased = JobState.LEASED
    expected = {
        "passed-0": [done, done, done],
        "failed-0": [JobState.DISCARDED, JobState.SKIPPED, done],
        "replaced-0": [JobState.CANCELLED] * 3,
        "queued-0": [queued, waiting, waiting],
        "generating-0": [leased, waiting, waiting],
        "generated-0": [done, queued, waiting],
        "finishing-0": [done, leased, waiting],
        "staged-0": [done, done, queued],
        "urgent-0": [done, done, leased],
    }
    assert {shot_id: states(old, shot_id) for shot_id in expected} == expected
    urgent = old.history("urgent-0")
    assert [attempt.outcome for attempt in urgent.attempts] == [
        "worker_lost", "succeeded", "succeeded", "running",
    ]  # fmt: skip
    assert urgent.attempts[1].duration_s == 0.0
    assert urgent.artifact is not None
    assert urgent.jobs[Stage.GENERATE].report == '{"made": 1}'


def test_its_tallies_are_right_at_once_and_stay_so(old: Ledger) -> None:
    def counted() -> set[tuple[str, str, str, int]]:
        rows = old.database.rows("SELECT * FROM tallies WHERE count <> 0")
        return {tuple(row) for row in rows}

    first = counted()
    next_job(old, Stage.GENERATE, now=60.0)
    moved = counted()
    with old.database.transaction(durable=False) as sql:
        for statement in COUNT_ALL:
            sql.execute(statement)

    assert counted() == moved != first
    summary = summarise(old.database, limit=9, now=60.0)
    assert {each.id: each.total for each in summary.manifests} == {"m1": 5, "m2": 8}
    assert dict(summary.counts)["quarantined"] == 1


def test_its_jobs_are_in_lanes_of_their_manifest_and_priority(old: Ledger) -> None:
    recover(old.database, now=50.0)

    urgent = open_lanes(old.database, Stage.PUBLISH, now=51.0)
    assert [(lane.manifest_id, lane.priority) for lane in urgent] == [("m2", 50)]
    lanes = open_lanes(old.database, Stage.GENERATE, now=51.0)
    assert [(lane.manifest_id, lane.priority, lane.model) for lane in lanes] == [
        ("m2", 0, "camera")
    ]


def test_recovery_and_the_route_to_the_end_work_on_it(old: Ledger) -> None:
    recovery = recover(old.database, now=50.0)

    assert sorted(recovery.leases_expired) == [
        "finishing-0/finish", "generating-0/generate", "urgent-0/publish",
    ]  # fmt: skip
    assert sorted(recovery.outputs_lost) == ["finishing-0", "generated-0"]
    lease = next_job(old, Stage.PUBLISH, now=51.0)
    assert lease.shot.id == "urgent-0"
    old.end(lease, verdict=Verdict.PASS, reasons=(), clip_sha256="4" * 64, curable=False, now=52.0)
    assert reading.shot(old.database, "urgent-0").verdict is Verdict.PASS
    order = [next_job(old, Stage.GENERATE, now=53.0).shot.id for _ in range(5)]
    assert order == [
        "finishing-0", "generated-0", "generating-0", "waiting_for_its_time-0", "queued-0",
    ]  # fmt: skip


def test_the_numbers_of_its_events_go_on_and_never_repeat(old: Ledger) -> None:
    last = reading.last_event(old.database)
    next_job(old, Stage.GENERATE, now=60.0)

    assert reading.events(old.database, after=last)[0].seq == last + 1


def test_a_ledger_of_a_layout_to_come_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    Database(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {LAYOUT + 1}")
    connection.close()

    with pytest.raises(LedgerUnusable) as refused:
        Database(path)

    assert f"layout {LAYOUT + 1}" in str(refused.value)
