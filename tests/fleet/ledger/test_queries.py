"""What is asked again and again is answered by indexes, however many shots there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fleet.jobs.model import Stage
from fleet.ledger import control, lanes, reading, selection, summary
from fleet.ledger.database import Database
from fleet.ledger.ledger import Ledger
from fleet.ledger.recovery import recover
from fleet.ledger.selection import Selection
from tests.fleet.ledger.filling import make, manifest, next_job, submit
from tests.fleet.ledger.test_ledger import new_shot

BIG = ("shots", "jobs", "attempts", "events", "artifacts", "checkpoints", "published")


def scans(ledger: Ledger, act: Callable[[], object]) -> list[str]:
    """Every step of the statements of ``act`` that reads a big table from end to end."""
    statements: list[str] = []
    connection = ledger.database._connection
    connection.set_trace_callback(statements.append)
    act()
    connection.set_trace_callback(None)
    assert statements
    names = {big: big for big in BIG} | {"s": "shots", "j": "jobs"}
    found = []
    for statement in statements:
        if not statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            continue
        try:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        except sqlite3.OperationalError:
            continue  # of a trigger: it is part of the statement's own plan
        sorted_in = {step["parent"] for step in plan if "TEMP B-TREE" in step["detail"]}
        for step in plan:
            words = step["detail"].split()
            # A reading that stops after a few is none from end to end, unless it sorts all first.
            stops = "LIMIT" in statement and step["parent"] not in sorted_in
            if words[0] == "SCAN" and words[1] in names and not stops:
                found.append(f"{step['detail']}: {statement}")
    return found


@pytest.fixture
def busy(ledger: Ledger, tmp_path: Path) -> Ledger:
    submit(ledger, manifest("day1"), list("abc"))
    submit(ledger, manifest("day2"), list("def"))
    make(ledger, tmp_path)
    return ledger


def steps(ledger: Ledger, act: Callable[[], object]) -> int:
    """How many tens of instructions SQLite carried out for ``act``."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    connection = ledger.database._connection
    connection.set_progress_handler(tick, 10)
    act()
    connection.set_progress_handler(None, 0)
    return count


def filled(path: Path, old: int) -> Ledger:
    """A ledger with so many shots that are over, and as many that wait, beside the few."""
    ledger = Ledger(path)
    submit(ledger, manifest("day1"), list("abc"), priority=2)
    submit(ledger, manifest("day2"), list("def"), priority=2)
    make(ledger, path.parent)
    submit(ledger, manifest("over", project="old"), [f"old{n}" for n in range(old)])
    control.cancel(
        ledger.database, Selection(projects=("old",)), who="a", spare_publishing=True, now=15.0
    )
    submit(ledger, manifest("waiting", project="new"), [f"new{n}" for n in range(old)])
    return ledger


def questions(ledger: Ledger) -> dict[str, Callable[[], object]]:
    database: Database = ledger.database
    some = Selection(shots=("c-0",))
    day1 = Selection(manifests=("id-day1",))
    return {
        "status": lambda: summary.summarise(database, limit=20, now=30.0),
        "at work": lambda: summary.at_work(database, limit=10),
        "ended last": lambda: summary.ended_last(database, limit=10),
        "shots": lambda: summary.shot_lines(database, limit=10),
        "shots of a manifest": lambda: summary.shot_lines(
            database, limit=10, unfinished=True, manifests=["id-day1"]
        ),
        "open lanes": lambda: lanes.open_lanes(database, Stage.GENERATE, now=20.0),
        "lease": lambda: ledger.succeed(next_job(ledger, Stage.GENERATE), now=20.0),
        "next due": lambda: reading.next_due(database, now=20.0),
        "leases": lambda: reading.leases(database),
        "ended": lambda: reading.ended(database, ["a-0"]),
        "submit": lambda: ledger.submit(manifest("day3"), [new_shot("new")], now=20.0),
        "submit again": lambda: ledger.submit(manifest("day1"), [new_shot("a")], now=20.0),
        "names": lambda: selection.select(database, ["a-0", "b.png", "/in/c.png", "day1", "p"]),
        "find": lambda: [reading.find_shot(database, name) for name in ("a-0", "b.png", "c")],
        "history": lambda: ledger.history("a-0"),
        "cancel": lambda: control.cancel(
            database, some, who="a", spare_publishing=True, now=20.0
        ),
        "retry": lambda: control.retry(
            database, day1, verdicts=control.UNSUCCESSFUL, who="a", now=20.0
        ),
        "hold": lambda: control.pause(database, some, who="a", now=20.0),
        "resume": lambda: control.resume(database, day1, who="a", now=20.0),
        "priority": lambda: control.set_priority(database, day1, priority=3, who="a", now=20.0),
        "recover": lambda: recover(database, now=20.0),
        "unfinished": lambda: reading.unfinished(database, ["a-0", "b-0"]),
        "ends": lambda: (reading.shots(database, ids=["a-0"]),
                         reading.job_states(database, ids=["a-0"])),
    }  # fmt: skip


def test_no_question_of_every_day_reads_a_big_table_from_end_to_end(busy: Ledger) -> None:
    found = {name: scans(busy, act) for name, act in questions(busy).items()}

    assert {name: lines for name, lines in found.items() if lines} == {}


def test_what_a_question_costs_does_not_grow_with_the_ledger(tmp_path: Path) -> None:
    costs = []
    for old in (250, 2000):  # the pace of the last 200 is part of the smaller one
        (tmp_path / str(old)).mkdir()
        ledger = filled(tmp_path / str(old) / "ledger.sqlite3", old)
        costs.append({name: steps(ledger, act) for name, act in questions(ledger).items()})
        ledger.close()
    small, large = costs

    grown = {name: (small[name], large[name]) for name in small
             if large[name] > 2 * small[name] + 20}  # fmt: skip
    assert grown == {}


def test_a_question_that_does_is_caught(busy: Ledger) -> None:
    def slow() -> object:
        return busy.database.rows("SELECT count(*) FROM jobs WHERE report = 'x'")

    def sorting() -> object:
        return busy.database.rows("SELECT seq FROM shots ORDER BY target, image_path LIMIT 1")

    assert len(scans(busy, slow)) == len(scans(busy, sorting)) == 1
