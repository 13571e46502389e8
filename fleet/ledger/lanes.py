"""Lanes: how queued jobs are grouped for the scheduling policy, and which of them may go now.

A lane is what the policy cannot tell apart: one manifest, one priority, one pair of models.  It
reads the first job of each lane by walking the index from lane to lane, so that a look at the
queue costs what there are lanes, not what there are jobs.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from fleet.jobs.model import JobState, Stage
from fleet.jobs.policy import Lane
from fleet.jobs.retry import LONGEST_DELAY_S
from fleet.ledger.database import Database, Value

MOST: Final = 256
"""Lanes of one priority that are looked at; of more, those of the earliest manifests."""

_DUE: Final = "(not_before <= :now OR not_before > :now + :longest)"
"""A wait longer than any backoff comes from a clock that was set back: the job is due."""

_WALK: Final = f"""
WITH RECURSIVE walk(lane) AS (
    SELECT min(lane) FROM jobs WHERE stage = :stage AND state = :state AND rank = :rank
    UNION ALL
    SELECT (SELECT min(lane) FROM jobs
            WHERE stage = :stage AND state = :state AND rank = :rank AND lane > walk.lane)
    FROM walk WHERE walk.lane IS NOT NULL
)
SELECT l.*, (
    SELECT shot_seq FROM jobs WHERE stage = :stage AND state = :state AND rank = :rank
    AND lane = walk.lane AND {_DUE} ORDER BY shot_seq LIMIT 1) AS oldest
FROM walk CROSS JOIN lanes l ON l.id = walk.lane CROSS JOIN manifests m ON m.id = l.manifest_id
WHERE oldest IS NOT NULL AND (:free OR (l.held = 0 AND NOT EXISTS (
    SELECT 1 FROM pauses p WHERE (p.scope = 'manifest' AND p.name = m.id)
    OR (p.scope = 'project' AND p.name = m.project_id))))
LIMIT {MOST}
"""
# The limit is the last word: lanes that may not go now must not hide those behind them.

_FIRST: Final = (
    "SELECT * FROM jobs WHERE stage = :stage AND state = :state AND lane = :lane"
    " AND rank = (SELECT -priority FROM lanes WHERE id = :lane)"
    f" AND {_DUE} AND (:not_on = '' OR avoid <> :not_on) ORDER BY shot_seq LIMIT 1"
)


def open_lanes(database: Database, stage: Stage, *, now: float) -> list[Lane]:
    """The lanes of the highest priority that has any job of ``stage`` to give out at ``now``.

    What is paused has none, except to publish: that work is done and paid for.
    """
    free = stage is Stage.PUBLISH
    if not free and ("all", "") in pauses(database):
        return []
    rank = _next_rank(database, stage, above=None)
    while rank is not None:
        values: dict[str, Value] = {
            "stage": stage, "state": JobState.QUEUED, "rank": rank, "now": now,
            "longest": LONGEST_DELAY_S, "free": int(free),
        }  # fmt: skip
        found = [_lane(row, stage) for row in database.rows(_WALK, values)]
        if found:
            return found
        rank = _next_rank(database, stage, above=rank)
    return []


def pauses(database: Database) -> set[tuple[str, str]]:
    """What is paused, as scope (``all``, ``project``, ``manifest``) and name."""
    return {(row["scope"], row["name"]) for row in database.rows("SELECT * FROM pauses")}


def first_job(
    sql: sqlite3.Connection, stage: Stage, lane: int, *, now: float, not_on: str = ""
) -> sqlite3.Row | None:
    """The job of ``lane`` to lease next, or None; not one that failed on the node ``not_on``."""
    row: sqlite3.Row | None = sql.execute(
        _FIRST, _first_values(stage, lane, now=now, not_on=not_on)
    ).fetchone()
    return row


def peek(database: Database, stage: Stage, lane: int, *, now: float) -> str | None:
    """The shot whose job of ``stage`` is first in ``lane``, or None."""
    row = database.row(_FIRST, _first_values(stage, lane, now=now, not_on=""))
    return str(row["shot_id"]) if row is not None else None


def lane_for(
    sql: sqlite3.Connection,
    *,
    manifest_id: str,
    priority: int,
    generator: str,
    interpolator: str,
    held: bool = False,
) -> int:
    """The number of that lane, which is added if there is none yet."""
    values = (manifest_id, priority, generator, interpolator, int(held))
    sql.execute(
        "INSERT OR IGNORE INTO lanes (manifest_id, priority, generator, interpolator, held)"
        " VALUES (?, ?, ?, ?, ?)",
        values,
    )
    row = sql.execute(
        "SELECT id FROM lanes WHERE manifest_id = ? AND priority = ? AND generator = ?"
        " AND interpolator = ? AND held = ?",
        values,
    ).fetchone()
    return int(row["id"])


def move_shot(
    sql: sqlite3.Connection,
    shot_id: str,
    *,
    priority: int | None = None,
    held: bool | None = None,
) -> None:
    """Put a shot's jobs in the lane of another priority, or hold them, or let them go."""
    move_shots(sql, [shot_id], priority=priority, held=held)


def move_shots(
    sql: sqlite3.Connection,
    shot_ids: Sequence[str],
    *,
    priority: int | None = None,
    held: bool | None = None,
) -> list[str]:
    """As ``move_shot``, for many at once; the ids of those whose lane is another now."""
    by_lane: dict[int, list[str]] = {}
    for row in sql.execute(
        "SELECT j.shot_id, j.lane FROM json_each(?) i"
        " CROSS JOIN jobs j ON j.shot_id = i.value AND j.stage = ?",
        (json.dumps(list(shot_ids)), Stage.PUBLISH),
    ).fetchall():
        by_lane.setdefault(row["lane"], []).append(row["shot_id"])
    moved: list[str] = []
    for old, ids in by_lane.items():
        row = sql.execute("SELECT * FROM lanes WHERE id = ?", (old,)).fetchone()
        wanted = row["priority"] if priority is None else priority
        lane = lane_for(
            sql,
            manifest_id=row["manifest_id"],
            priority=wanted,
            generator=row["generator"],
            interpolator=row["interpolator"],
            held=bool(row["held"]) if held is None else held,
        )
        if lane == old:
            continue
        those = "IN (SELECT value FROM json_each(?))"
        listed = json.dumps(ids)
        sql.execute(
            f"UPDATE jobs SET lane = ?, rank = ? WHERE shot_id {those}", (lane, -wanted, listed)
        )
        if wanted != row["priority"]:
            sql.execute(f"UPDATE shots SET priority = ? WHERE id {those}", (wanted, listed))
        moved += ids
    return moved


def _next_rank(database: Database, stage: Stage, *, above: int | None) -> int | None:
    rows = database.rows(
        "SELECT min(rank) AS rank FROM jobs WHERE stage = :stage AND state = :state"
        " AND rank > :above",
        {"stage": stage, "state": JobState.QUEUED, "above": -(2**62) if above is None else above},
    )
    found: int | None = rows[0]["rank"]
    return found


def _lane(row: sqlite3.Row, stage: Stage) -> Lane:
    return Lane(
        id=row["id"],
        manifest_id=row["manifest_id"],
        priority=row["priority"],
        model={Stage.GENERATE: row["generator"], Stage.FINISH: row["interpolator"]}.get(stage, ""),
        oldest=row["oldest"],
    )


def _first_values(stage: Stage, lane: int, *, now: float, not_on: str) -> dict[str, Value]:
    return {
        "stage": stage, "state": JobState.QUEUED, "lane": lane, "now": now,
        "longest": LONGEST_DELAY_S, "not_on": not_on,
    }  # fmt: skip
