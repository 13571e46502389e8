"""Manifests that are over, moved out of the ledger into files by month, so that it stays small.

An archive is a ledger of the same layout, ``archive/2026-03.sqlite3`` for what ended in March.
Shots go in groups of ``AT_ONCE``.  While the ledger is locked against other writers, a group is
written to its archive, durably, and only then leaves the ledger: killed in between, it is in both
and the next run goes on.  What was published where stays known to the ledger, or a clip of ours
would count as a stranger's.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fleet.ledger.database import Database
from fleet.ledger.layout import OPEN, SHOT_STAGE

AT_ONCE: Final = 1000
"""Shots of one transaction: the dispatcher waits for the file no longer than that takes."""
WORTH_IT: Final = 0.25
"""Share of the file that must be empty before it is worth being written anew."""

_OVER: Final = """
SELECT m.id, m.path, max(s.finished_at) AS ended, count(*) AS shots
FROM manifests m CROSS JOIN shots s ON s.manifest_id = m.id
WHERE NOT EXISTS (SELECT 1 FROM tallies t WHERE t.manifest_id = m.id AND t.stage = ?
    AND t.state = ? AND t.count > 0)
GROUP BY m.id HAVING ended < ?
    AND NOT EXISTS (SELECT 1 FROM artifacts a JOIN shots p ON p.id = a.shot_id
        WHERE p.manifest_id = m.id)
    AND NOT EXISTS (SELECT 1 FROM checkpoints c JOIN shots p ON p.id = c.shot_id
        WHERE p.manifest_id = m.id)
ORDER BY ended"""
_ENDED_OF: Final = (
    "SELECT id FROM shots WHERE manifest_id = ? AND verdict IS NOT NULL ORDER BY seq LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class OverManifest:
    """A manifest all of whose shots have ended; ``ended`` is when the last did."""

    id: str
    path: str
    shots: int
    ended: float

    @property
    def month(self) -> str:
        """The month it ended in, which names its archive."""
        return datetime.fromtimestamp(self.ended, UTC).strftime("%Y-%m")


def over(database: Database, *, before: float) -> list[OverManifest]:
    """Manifests whose last shot ended before that time, the longest past first.

    One with anything left that was paid for, a clip in staging or frames that were kept, is not
    over: a retry would go on with them.
    """
    rows = database.rows(_OVER, (SHOT_STAGE, OPEN, before))
    return [
        OverManifest(id=row["id"], path=row["path"], shots=row["shots"], ended=row["ended"])
        for row in rows
    ]


def move(
    database: Database,
    manifest: OverManifest,
    *,
    folder: Path,
    advance: Callable[[int], None] | None = None,
) -> int:
    """Move a manifest that is over with all its shots into its archive; how many shots went.

    A shot that was opened again meanwhile stays, and its manifest with it.

    Raises:
        LedgerUnusable: the disk is full or broken; what was not moved is still in the ledger.
    """
    moved = 0
    box = Database(folder / f"{manifest.month}.sqlite3")
    # A lane goes when none of its jobs is left: to have SQLite make sure of that again would
    # read all jobs for each lane.
    database.rows("PRAGMA foreign_keys = OFF")
    try:
        while True:
            with database.transaction(durable=True) as live:
                rows = live.execute(_ENDED_OF, (manifest.id, AT_ONCE)).fetchall()
                ids = json.dumps([row["id"] for row in rows])
                with box.transaction(durable=True) as stored:
                    _copy(live, stored, manifest.id, ids)
                _remove(live, ids)
                # With its last shots: a manifest without any would never be looked for again.
                _remove_manifest(live, manifest.id)
            moved += len(rows)
            if advance is not None:
                advance(len(rows))
            if len(rows) < AT_ONCE:
                return moved
    finally:
        database.rows("PRAGMA foreign_keys = ON")
        box.close()


def archives(folder: Path) -> list[Path]:
    """The archives in that folder, the newest first."""
    return sorted(folder.glob("????-??.sqlite3"), reverse=True)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Database]:
    """An archive, to be asked as one asks the ledger."""
    database = Database(path)
    try:
        yield database
    finally:
        database.close()


def emptiness(database: Database) -> float:
    """Which share of the ledger's file is empty, 0 to 1."""
    free = database.rows("PRAGMA freelist_count")[0][0]
    pages = database.rows("PRAGMA page_count")[0][0]
    return float(free) / max(1.0, float(pages))


def shrink(database: Database) -> int:
    """Write the ledger's file anew without what is empty in it; how many bytes that gave back.

    Nobody can write meanwhile, so only without a dispatcher at work.  Needs as much room again as
    is left in use; where the disk lacks it, nothing is done.

    Raises:
        LedgerUnusable: the disk is full or broken, or another process writes; nothing is lost.
    """
    before = _size_bytes(database)
    needed = 2.2 * before * (1.0 - emptiness(database))
    if shutil.disk_usage(database.path.parent).free < needed:
        return 0
    database.rows("VACUUM")
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(0, before - _size_bytes(database))


def _size_bytes(database: Database) -> int:
    """What the file holds or will, once what is in its journal is written to it."""
    pages = database.rows("PRAGMA page_count")[0][0]
    return int(pages) * int(database.rows("PRAGMA page_size")[0][0])


def _copy(live: sqlite3.Connection, stored: sqlite3.Connection, manifest: str, ids: str) -> None:
    stored.execute("PRAGMA defer_foreign_keys = ON")
    _take(live, stored, "manifests", "SELECT * FROM manifests WHERE id = ?", manifest)
    # By name: numbers of lanes and attempts are given again to others once these are gone.
    lanes = {
        row["id"]: _lane_in(stored, row)
        for row in live.execute("SELECT * FROM lanes WHERE manifest_id = ?", (manifest,)).fetchall()
    }
    those = "IN (SELECT value FROM json_each(?))"
    # Of a group that is here already, and of a shot that was archived once before.
    stored.execute(f"DELETE FROM jobs WHERE shot_id {those}", (ids,))
    stored.execute(f"DELETE FROM shots WHERE id {those}", (ids,))
    _take(live, stored, "shots", f"SELECT * FROM shots WHERE id {those}", ids)
    jobs = live.execute(f"SELECT * FROM jobs WHERE shot_id {those}", (ids,)).fetchall()
    _insert(stored, "jobs", [dict(row) | {"lane": lanes[row["lane"]]} for row in jobs])
    attempts = live.execute(
        f"SELECT * FROM attempts WHERE shot_id {those} ORDER BY id", (ids,)
    ).fetchall()
    _insert(stored, "attempts", [_without_id(row) for row in attempts])
    _take(live, stored, "events", f"SELECT * FROM events WHERE shot_id {those}", ids)
    _take(live, stored, "published", f"SELECT * FROM published WHERE shot_id {those}", ids)


def _lane_in(stored: sqlite3.Connection, row: sqlite3.Row) -> int:
    lane = _without_id(row)
    _insert(stored, "lanes", [lane])
    where = " AND ".join(f"{name} = :{name}" for name in lane)
    found = stored.execute(f"SELECT id FROM lanes WHERE {where}", lane).fetchone()
    return int(found["id"])


def _without_id(row: sqlite3.Row) -> dict[str, object]:
    return {name: value for name, value in dict(row).items() if name != "id"}


def _take(
    live: sqlite3.Connection, stored: sqlite3.Connection, table: str, query: str, value: str
) -> None:
    _insert(stored, table, [dict(row) for row in live.execute(query, (value,)).fetchall()])


def _insert(stored: sqlite3.Connection, table: str, rows: Sequence[dict[str, object]]) -> None:
    if not rows:
        return
    names = ", ".join(rows[0])
    marks = ", ".join(f":{name}" for name in rows[0])
    stored.executemany(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", rows)


def _remove(live: sqlite3.Connection, ids: str) -> None:
    for table, column in (
        ("jobs", "shot_id"), ("attempts", "shot_id"), ("events", "shot_id"), ("shots", "id")
    ):  # fmt: skip
        live.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))",
                     (ids,))  # fmt: skip


def _remove_manifest(live: sqlite3.Connection, manifest: str) -> None:
    left = live.execute("SELECT 1 FROM shots WHERE manifest_id = ? LIMIT 1", (manifest,)).fetchone()
    if left is not None:
        return
    for statement in (
        "DELETE FROM lanes WHERE manifest_id = ?",
        "DELETE FROM tallies WHERE manifest_id = ?",
        "DELETE FROM manifests WHERE id = ?",
    ):
        live.execute(statement, (manifest,))
