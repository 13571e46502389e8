"""Manifests that are over leave the ledger, whole, and nothing of them is forgotten."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.errors import LedgerUnusable
from fleet.jobs.model import Stage
from fleet.jobs.retry import Failure, GiveUp
from fleet.ledger import archive, control, reading
from fleet.ledger.archive import OverManifest
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import InPlace
from fleet.ledger.selection import Selection
from fleet.ledger.summary import summarise
from tests.fleet.ledger.filling import (
    break_one,
    finish,
    generate,
    make,
    manifest,
    next_job,
    submit,
)
from tests.fleet.ledger.test_ledger import new_shot

MARCH = datetime(2026, 3, 5, tzinfo=UTC).timestamp()
LATER = MARCH + 90 * 86_400.0
_COUNTED = ("manifests", "lanes", "shots", "jobs", "attempts", "events", "published")


def moved(ledger: Ledger, folder: Path) -> list[OverManifest]:
    found = archive.over(ledger.database, before=LATER)
    for each in found:
        archive.move(ledger.database, each, folder=folder)
    return found


def dumped(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    tables = {
        table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)  # noqa: S608
        for table in (*_COUNTED, "tallies", "artifacts", "checkpoints")
    }
    connection.close()
    return tables


@pytest.fixture
def over(ledger: Ledger, tmp_path: Path) -> Ledger:
    """day1 is over, with one clip and one failure; day2 is not."""
    submit(ledger, manifest("day1"), ["a", "b"], now=MARCH)
    make(ledger, tmp_path, now=MARCH)
    break_one(ledger, now=MARCH)
    submit(ledger, manifest("day2"), ["c", "d"], now=MARCH)
    make(ledger, tmp_path, now=MARCH)
    return ledger


def test_a_manifest_that_is_over_goes_whole_and_the_others_stay(
    over: Ledger, tmp_path: Path
) -> None:
    before = dumped(over.database.path)

    found = moved(over, tmp_path / "archive")

    assert [(each.id, each.shots, each.month) for each in found] == [("id-day1", 2, "2026-03")]
    assert [path.name for path in archive.archives(tmp_path / "archive")] == ["2026-03.sqlite3"]
    live = dumped(over.database.path)
    stored = dumped(tmp_path / "archive" / "2026-03.sqlite3")
    for table in _COUNTED[2:-1]:
        assert sorted([*live[table], *stored[table]], key=repr) == before[table], table
    assert {row[0] for row in live["manifests"]} == {"id-day2"}
    assert {row[0] for row in stored["manifests"]} == {"id-day1"}
    assert live["published"] == before["published"]
    assert over.database.rows("PRAGMA foreign_key_check") == []
    assert dict(summarise(over.database, limit=9, now=LATER).counts) == {"queued": 1, "pass": 1}


def test_an_archived_shot_is_told_of_as_before(over: Ledger, tmp_path: Path) -> None:
    before = [over.history("a-0"), over.history("b-0")]
    moved(over, tmp_path / "archive")

    with archive.opened(tmp_path / "archive" / "2026-03.sqlite3") as box:
        after = [reading.history(box, reading.find_shot(box, name).id) for name in ("a.png", "b-0")]
        counts = summarise(box, limit=9, now=LATER).counts

    assert after == before
    assert dict(counts) == {"failed": 1, "pass": 1}


def test_clips_of_archived_shots_are_still_known_to_be_ours(over: Ledger, tmp_path: Path) -> None:
    moved(over, tmp_path / "archive")

    assert reading.published_hashes(over.database, "/in/a.mp4") == {"2" * 64}


def test_what_ended_too_lately_or_has_something_left_stays(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("late"), ["a"], now=MARCH)
    make(ledger, tmp_path, now=LATER)
    submit(ledger, manifest("staged"), ["b"], now=MARCH)
    generate(ledger, now=MARCH)
    finish(ledger, tmp_path, now=MARCH)
    lease = next_job(ledger, Stage.PUBLISH, now=MARCH)
    full = Failure(code="file_unwritable", message="full", retryable=True, curable=True)
    ledger.fail(lease, full, GiveUp(full), now=MARCH)
    submit(ledger, manifest("open"), ["c"], now=MARCH)

    assert archive.over(ledger.database, before=LATER) == []


def test_the_same_manifest_made_again_later_is_archived_again(over: Ledger, tmp_path: Path) -> None:
    moved(over, tmp_path / "archive")
    over.submit(manifest("day1"), [new_shot("a")], now=MARCH)
    control.set_priority(over.database, Selection(shots=("a-0",)), priority=9, who="a", now=MARCH)
    make(over, tmp_path, now=MARCH)

    moved(over, tmp_path / "archive")

    with archive.opened(tmp_path / "archive" / "2026-03.sqlite3") as box:
        history = reading.history(box, "a-0")
        counts = summarise(box, limit=9, now=LATER).counts
        assert box.rows("PRAGMA foreign_key_check") == []
    assert [attempt.stage for attempt in history.attempts] == [*Stage, *Stage]
    assert history.shot.priority == 9
    assert dict(counts) == {"failed": 1, "pass": 1}


def test_a_shot_that_is_opened_again_meanwhile_stays_and_so_does_its_manifest(
    over: Ledger, tmp_path: Path
) -> None:
    (found,) = archive.over(over.database, before=LATER)
    control.retry(
        over.database, Selection(shots=("b-0",)), verdicts=control.UNSUCCESSFUL, who="a", now=MARCH
    )

    assert archive.move(over.database, found, folder=tmp_path / "archive") == 1

    assert reading.shot(over.database, "b-0").verdict is None
    assert next_job(over, Stage.GENERATE, now=MARCH).shot.id == "b-0"
    assert over.database.rows("PRAGMA foreign_key_check") == []


KILLED = """
import os, signal, sys
from pathlib import Path
from fleet.ledger import archive
from fleet.ledger.ledger import Ledger
from tests.fleet.ledger.test_archive import LATER

home, when = Path(sys.argv[1]), int(sys.argv[2])
statements = 0

def traced(statement):
    global statements
    statements += 1
    if statements == when:
        os.kill(os.getpid(), signal.SIGKILL)

ledger = Ledger(home / "ledger.sqlite3")
found = archive.over(ledger.database, before=LATER)
for connection in (ledger.database._connection,):
    connection.set_trace_callback(traced)
inner = archive.Database
class Traced(inner):
    def __init__(self, path):
        super().__init__(path)
        self._connection.set_trace_callback(traced)
archive.Database = Traced
archive.AT_ONCE = 1
for each in found:
    archive.move(ledger.database, each, folder=home / "archive")
print(statements)
"""


def ran(home: Path, when: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(home), str(when)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_killed_at_any_statement_each_shot_is_in_one_of_both_or_in_both_and_the_next_run_ends_it(
    over: Ledger, tmp_path: Path
) -> None:
    over.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    data = over.database.path.read_bytes()
    before = dumped(over.database.path)

    def home(name: str) -> Path:
        made = tmp_path / name
        made.mkdir()
        (made / "ledger.sqlite3").write_bytes(data)
        return made

    whole = ran(home("whole"), 0)
    assert whole.returncode == 0, whole.stderr
    last = int(whole.stdout)
    assert last > 40
    for when in range(1, last + 1, max(1, last // 12)):
        killed = home(f"killed-{when}")
        assert ran(killed, when).returncode == -signal.SIGKILL
        boxes = archive.archives(killed / "archive")
        files = (killed / "ledger.sqlite3", *boxes)
        ids = {row[1] for path in files for row in dumped(path)["shots"]}
        assert ids == {row[1] for row in before["shots"]}, when
        assert ran(killed, 0).returncode == 0
        for name in ("ledger.sqlite3", "archive/2026-03.sqlite3"):
            again, expected = dumped(killed / name), dumped(tmp_path / "whole" / name)
            assert _nameless(again) == _nameless(expected), (when, name)


def _nameless(tables: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """Without the numbers of attempts, which may be others."""
    attempts = sorted((row[1:] for row in tables["attempts"]), key=repr)
    return tables | {"attempts": attempts}


def test_a_full_disk_moves_nothing_and_loses_nothing(over: Ledger, tmp_path: Path) -> None:
    before = dumped(over.database.path)
    (tmp_path / "archive").write_text("in the way")
    (found,) = archive.over(over.database, before=LATER)

    with pytest.raises(LedgerUnusable):
        archive.move(over.database, found, folder=tmp_path / "archive")

    assert dumped(over.database.path) == before
    assert over.submit(manifest("day3"), [new_shot("z")], now=MARCH).new == ["z-0"]


def test_the_file_is_smaller_when_it_was_written_anew(ledger: Ledger, tmp_path: Path) -> None:
    ids: Sequence[str] = submit(ledger, manifest("day1"), [f"s{n}" for n in range(400)], now=MARCH)
    control.cancel(
        ledger.database, Selection(everything=True), who="a", spare_publishing=True, now=MARCH
    )
    assert archive.emptiness(ledger.database) < archive.WORTH_IT
    moved(ledger, tmp_path / "archive")

    assert len(ids) == 400
    assert archive.emptiness(ledger.database) > archive.WORTH_IT
    freed = archive.shrink(ledger.database)
    assert freed > 500_000
    assert ledger.database.path.stat().st_size < freed
    assert archive.emptiness(ledger.database) == 0.0


# -- adoption ----------------------------------------------------------------------------------


def test_a_shot_that_is_new_to_the_ledger_and_whose_clip_is_in_place_is_adopted(
    ledger: Ledger,
) -> None:
    found = InPlace(verdict=Verdict.PASS, reasons=(), clip_sha256="5" * 64)
    done = ledger.submit(
        manifest("day1"), [replace(new_shot("a"), in_place=found), new_shot("b")], now=1.0
    )

    assert (list(done.adopted), list(done.new)) == (["a-0"], ["b-0"])
    assert reading.shot(ledger.database, "a-0").verdict is Verdict.PASS
    assert reading.published_hashes(ledger.database, "/in/a.mp4") == {"5" * 64}
    assert next_job(ledger, Stage.GENERATE).shot.id == "b-0"
    again = ledger.submit(manifest("day1"), [new_shot("a", intact=False)], now=2.0)
    assert list(again.reopened) == ["a-0"]
