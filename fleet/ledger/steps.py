"""How a job moves: one step along the table, with what follows for the shot's other jobs.

Everything here acts inside a transaction that the caller has open.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from companions.video_meta import Reason, Verdict
from fleet.jobs import machine
from fleet.jobs.model import Cancelled, Event, JobState, Stage
from fleet.jobs.retry import Failure

_CAMEL: Final = re.compile(r"(?<!^)(?=[A-Z])")


def step(
    sql: sqlite3.Connection,
    shot_id: str,
    stage: Stage,
    event: Event,
    *,
    now: float,
    data: Mapping[str, str] | None = None,
) -> None:
    """Move one job by ``event``, tell it, and move the shot's other jobs as it follows.

    Raises:
        IllegalTransition: the job's state has no such edge.
    """
    row = sql.execute(
        "SELECT state FROM jobs WHERE shot_id = ? AND stage = ?", (shot_id, stage)
    ).fetchone()
    state = machine.advance(JobState(row["state"]), event, job=f"{shot_id}/{stage}")
    sql.execute(
        "UPDATE jobs SET state = ?, lease_token = NULL WHERE shot_id = ? AND stage = ?",
        (state, shot_id, stage),
    )
    note(sql, shot_id, stage, _CAMEL.sub("_", type(event).__name__).lower(), now=now, data=data)
    for other, consequence in machine.consequences(stage, event):
        step(sql, shot_id, other, consequence, now=now)


def note(
    sql: sqlite3.Connection,
    shot_id: str,
    stage: Stage | None,
    kind: str,
    *,
    now: float,
    data: Mapping[str, str] | None = None,
) -> None:
    """Add an event to the record."""
    sql.execute(
        "INSERT INTO events (at, shot_id, stage, kind, data) VALUES (?, ?, ?, ?, ?)",
        (now, shot_id, stage.value if stage else "", kind, json.dumps(dict(data or {}))),
    )


def close_attempts(
    sql: sqlite3.Connection, shot_id: str, stage: Stage, *, outcome: str, now: float
) -> None:
    """End the attempt that holds the job, if one does: whoever made it can no longer say so."""
    sql.execute(
        "UPDATE attempts SET ended_at = ?, outcome = ? WHERE outcome = 'running' AND token ="
        " (SELECT lease_token FROM jobs WHERE shot_id = ? AND stage = ?)",
        (now, outcome, shot_id, stage),
    )


def cancel_shot(
    sql: sqlite3.Connection, shot_id: str, reason: Reason, *, curable: bool, now: float
) -> None:
    """Withdraw a shot that has not ended; attempts under way lose their right to it."""
    for stage in Stage:
        close_attempts(sql, shot_id, stage, outcome="cancelled", now=now)
        step(sql, shot_id, stage, Cancelled(), now=now)
    sql.execute("DELETE FROM artifacts WHERE shot_id = ?", (shot_id,))
    sql.execute("DELETE FROM checkpoints WHERE shot_id = ?", (shot_id,))
    end_shot(sql, shot_id, Verdict.CANCELLED, (reason,), curable=curable, now=now)


def record_failure(sql: sqlite3.Connection, shot_id: str, stage: Stage, failure: Failure) -> None:
    """Keep with a job why its last attempt failed."""
    sql.execute(
        "UPDATE jobs SET failure_code = ?, failure_message = ?, failure_curable = ?"
        " WHERE shot_id = ? AND stage = ?",
        (failure.code, failure.message, int(failure.curable), shot_id, stage),
    )


def end_shot(
    sql: sqlite3.Connection,
    shot_id: str,
    verdict: Verdict,
    reasons: Sequence[Reason],
    *,
    curable: bool,
    now: float,
) -> None:
    """Record how a shot ended; ``curable`` says whether submitting it again may help."""
    text = json.dumps([reason.model_dump() for reason in reasons])
    sql.execute(
        "UPDATE shots SET verdict = ?, reasons = ?, curable = ?, finished_at = ? WHERE id = ?",
        (verdict, text, int(curable), now, shot_id),
    )
    note(sql, shot_id, None, "ended", now=now, data={"verdict": verdict.value})
