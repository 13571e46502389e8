"""What a submission does to the ledger: add, reopen, replace, or leave.

Everything here acts inside the submission's one transaction.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from companions import codec
from companions.video_meta import Reason, Verdict
from fleet.jobs import machine
from fleet.jobs.model import Cancelled, GivenUp, JobState, Ready, Reopened, Stage
from fleet.ledger import reading
from fleet.ledger.rows import NewManifest, NewShot
from fleet.ledger.steps import end_shot, note, record_failure, step

_REPLACED: Final = Reason(
    code="replaced",
    message="A newer submission asks for another clip in the same place; that one counts.",
)


def add_shot(sql: sqlite3.Connection, manifest: NewManifest, shot: NewShot, *, now: float) -> None:
    """Add a shot and its three jobs, the first of them queued."""
    cursor = sql.execute(
        "INSERT INTO shots (id, manifest_id, picture, image_path, target, fingerprint, recipe,"
        " priority, submitted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (shot.id, manifest.id, shot.picture, shot.image_path, shot.target, shot.fingerprint,
         codec.encode(shot.recipe).decode(), shot.priority, now),
    )  # fmt: skip
    for stage in Stage:
        state = JobState.QUEUED if stage is machine.FIRST else JobState.WAITING
        sql.execute(
            "INSERT INTO jobs (shot_id, stage, state, rank, shot_seq) VALUES (?, ?, ?, ?, ?)",
            (shot.id, stage, state, -shot.priority, cursor.lastrowid),
        )
    note(sql, shot.id, None, "submitted", now=now)
    if shot.fault is not None:
        record_failure(sql, shot.id, machine.FIRST, shot.fault)
        step(sql, shot.id, machine.FIRST, GivenUp(), now=now, data={"code": shot.fault.code})


def replace_others(sql: sqlite3.Connection, shot: NewShot, *, now: float) -> list[str]:
    """Cancel unfinished shots that would publish where ``shot`` will; their ids."""
    others = sql.execute(
        "SELECT id FROM shots WHERE target = ? AND id <> ? AND verdict IS NULL",
        (shot.target, shot.id),
    ).fetchall()
    for row in others:
        for stage in Stage:
            step(sql, row["id"], stage, Cancelled(), now=now)
        end_shot(sql, row["id"], Verdict.CANCELLED, (_REPLACED,), curable=True, now=now)
    return [row["id"] for row in others]


def worth_reopening(row: sqlite3.Row, shot: NewShot) -> bool:
    """Whether a shot that ended is made again: its files or the reason it failed are gone."""
    if row["verdict"] is None:
        return False
    if Verdict(row["verdict"]) in {Verdict.PASS, Verdict.FLAGGED}:
        return not shot.intact
    return bool(row["curable"]) and shot.fault is None


def reopen(sql: sqlite3.Connection, shot_id: str, *, now: float) -> None:
    """Make a shot that ended again, but nothing that is paid for and still there."""
    sql.execute(
        "UPDATE shots SET verdict = NULL, finished_at = NULL, reasons = '[]', curable = 0"
        " WHERE id = ?",
        (shot_id,),
    )
    sql.execute(
        "UPDATE jobs SET tries = 0, not_before = 0, failure_code = NULL,"
        " failure_message = NULL WHERE shot_id = ?",
        (shot_id,),
    )
    artifact = reading.artifact(sql, shot_id)
    staged = artifact is not None and Path(artifact.path).is_file()
    # A clip that waits in staging was paid for: only its publishing is repeated.
    again = (Stage.PUBLISH,) if staged else tuple(Stage)
    for stage in again:
        step(sql, shot_id, stage, Reopened(), now=now)
    step(sql, shot_id, again[0], Ready(), now=now)
