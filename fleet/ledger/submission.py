"""What a submission does to the ledger: add, reopen, replace, or leave.

Everything here acts inside the submission's one transaction.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from companions.video_meta import Reason, Verdict
from fleet.jobs import machine
from fleet.jobs.model import Adopted, GivenUp, JobState, Ready, Reopened, Stage
from fleet.ledger.lanes import lane_for
from fleet.ledger.rows import NewManifest, NewShot
from fleet.ledger.steps import cancel_shot, end_shot, note, record_failure, step

_REPLACED: Final = Reason(
    code="replaced",
    message="A newer submission asks for another clip in the same place; that one counts.",
)

_STAGED: Final = "SELECT path FROM artifacts WHERE shot_id = ?"
_KEPT: Final = "SELECT path FROM checkpoints WHERE shot_id = ?"


def add_manifest(sql: sqlite3.Connection, manifest: NewManifest, *, now: float) -> None:
    """Add a manifest, if it is new; one that was changed is paused as it was before."""
    sql.execute(
        "INSERT OR IGNORE INTO manifests VALUES (?, ?, ?, ?, ?, ?)",
        (manifest.id, manifest.sha256, manifest.project_id, manifest.batch_id, manifest.path, now),
    )
    sql.execute(
        "INSERT OR IGNORE INTO pauses SELECT 'manifest', ?, ? FROM manifests m JOIN pauses p"
        " ON p.scope = 'manifest' AND p.name = m.id WHERE m.path = ?",
        (manifest.id, now, manifest.path),
    )


def add_shot(sql: sqlite3.Connection, manifest: NewManifest, shot: NewShot, *, now: float) -> None:
    """Add a shot and its three jobs, the first of them queued; or adopt what is in place."""
    cursor = sql.execute(
        "INSERT INTO shots (id, manifest_id, picture, image_path, target, fingerprint, recipe,"
        " priority, submitted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (shot.id, manifest.id, shot.picture, shot.image_path, shot.target, shot.fingerprint,
         shot.recipe.model_dump_json(), shot.priority, now),
    )  # fmt: skip
    lane = lane_for(
        sql,
        manifest_id=manifest.id,
        priority=shot.priority,
        generator=shot.recipe.generation_params.model,
        interpolator=shot.recipe.interpolation.interpolator,
    )
    for stage in Stage:
        state = JobState.QUEUED if stage is machine.FIRST else JobState.WAITING
        sql.execute(
            "INSERT INTO jobs (shot_id, stage, state, rank, lane, shot_seq)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (shot.id, stage, state, -shot.priority, lane, cursor.lastrowid),
        )
    note(sql, shot.id, None, "submitted", now=now)
    if shot.fault is not None:
        record_failure(sql, shot.id, machine.FIRST, shot.fault)
        step(sql, shot.id, machine.FIRST, GivenUp(), now=now, data={"code": shot.fault.code})
    elif shot.in_place is not None:
        for stage in Stage:
            step(sql, shot.id, stage, Adopted(), now=now)
        found = shot.in_place
        sql.execute(
            "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)",
            (shot.target, found.clip_sha256, shot.id, now),
        )
        end_shot(sql, shot.id, found.verdict, found.reasons, curable=False, now=now)


def replace_others(sql: sqlite3.Connection, shot: NewShot, *, now: float) -> list[str]:
    """Cancel unfinished shots that would publish where ``shot`` will; their ids.

    One that is being published at this moment is spared: its clip is there before the newer one.
    """
    others = sql.execute(
        # Crosswise keeps the order: by the target first, never by the stage of all jobs.
        "SELECT s.id FROM shots s CROSS JOIN jobs p ON p.shot_id = s.id AND p.stage = ?"
        " WHERE s.target = ? AND s.id <> ? AND s.verdict IS NULL AND p.state <> ?",
        (Stage.PUBLISH, shot.target, shot.id, JobState.LEASED),
    ).fetchall()
    for row in others:
        cancel_shot(sql, row["id"], _REPLACED, curable=True, now=now)
    return [row["id"] for row in others]


def worth_reopening(row: sqlite3.Row, shot: NewShot) -> bool:
    """Whether a shot that ended is made again: its files or the reason it failed are gone."""
    if row["verdict"] is None or (row["finished_at"] or 0.0) >= shot.looked_at:
        return False  # it ended while its place was being looked at: that was an old picture
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
        "UPDATE jobs SET tries = 0, losses = 0, memory_plan = 0, not_before = 0, avoid = '',"
        " failure_code = NULL, failure_message = NULL WHERE shot_id = ?",
        (shot_id,),
    )
    # What was paid for is not paid for again: a clip that waits in staging is only published,
    # frames that were kept are only finished.
    again: tuple[Stage, ...] = tuple(Stage)
    if _lies_there(sql, _STAGED, shot_id):
        again = (Stage.PUBLISH,)
    elif _lies_there(sql, _KEPT, shot_id):
        again = (Stage.FINISH, Stage.PUBLISH)
    if again != (Stage.PUBLISH,):
        sql.execute("DELETE FROM artifacts WHERE shot_id = ?", (shot_id,))
    for stage in again:
        step(sql, shot_id, stage, Reopened(), now=now)
    step(sql, shot_id, again[0], Ready(), now=now)


def _lies_there(sql: sqlite3.Connection, query: str, shot_id: str) -> bool:
    row = sql.execute(query, (shot_id,)).fetchone()
    return row is not None and Path(row["path"]).is_file()
