"""What can be asked of the ledger.  Readers never wait for the writer (WAL)."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import TypeAdapter

from companions.video_manifest import Recipe
from companions.video_meta import Reason, Verdict
from fleet.errors import UnknownShot
from fleet.jobs.model import JobState, Stage
from fleet.jobs.retry import Failure
from fleet.ledger.database import Database
from fleet.ledger.rows import (
    Artifact,
    AttemptRow,
    Checkpoint,
    EventRow,
    History,
    JobRow,
    NewManifest,
    ShotRow,
)

_REASONS: Final = TypeAdapter(tuple[Reason, ...])
_SHOT: Final = (
    "SELECT s.*, m.sha256 AS manifest_sha256, m.project_id, m.batch_id, m.path AS manifest_path"
    " FROM shots s JOIN manifests m ON m.id = s.manifest_id"
)
_AMONG: Final = " WHERE s.id IN (SELECT value FROM json_each(?)) ORDER BY s.seq"


def next_due(database: Database, *, now: float) -> float | None:
    """When the next job that waits for its time is due, in seconds since the epoch, if any does."""
    rows = database.rows(
        "SELECT min(not_before) AS due FROM jobs"
        " WHERE state = ? AND not_before > ? AND not_before > 0",
        (JobState.QUEUED, now),
    )
    due: float | None = rows[0]["due"]
    return due


def shot(database: Database, shot_id: str) -> ShotRow:
    """One shot.

    Raises:
        UnknownShot: the ledger has no such id.
    """
    rows = database.rows(f"{_SHOT} WHERE s.id = ?", (shot_id,))
    if not rows:
        raise UnknownShot(name=shot_id)
    return _shot_row(rows[0])


def find_shot(database: Database, name: str) -> ShotRow:
    """The newest shot with that id, or whose picture has that name or path.

    Raises:
        UnknownShot: nothing fits; near misses are suggested.
    """
    # One question after the other: each is answered by its own index.
    for where in ("s.id = ?", "s.image_path = ?", "s.picture = ?", "s.target = ?"):
        rows = database.rows(f"{_SHOT} WHERE {where} ORDER BY s.seq DESC LIMIT 1", (name,))
        if rows:
            return _shot_row(rows[0])
    rows = database.rows(
        f"{_SHOT} WHERE s.id >= ? AND s.id < ? ORDER BY s.seq DESC LIMIT 1",
        (name, name + "\U0010ffff"),
    )
    if rows:
        return _shot_row(rows[0])
    near = database.rows(
        "SELECT id FROM shots WHERE instr(lower(id), lower(?)) > 0 LIMIT 3", (name,)
    )
    raise UnknownShot(name=name, near=[row["id"] for row in near])


def shots(database: Database, *, ids: Sequence[str] | None = None) -> list[ShotRow]:
    """Shots in the order submitted; all of them, or those of ``ids``."""
    if ids is None:
        return [_shot_row(row) for row in database.rows(f"{_SHOT} ORDER BY s.seq")]
    those = (json.dumps(list(ids)),)
    return [_shot_row(row) for row in database.rows(_SHOT + _AMONG, those)]


def unfinished(database: Database, ids: Sequence[str] | None = None) -> int:
    """How many shots have not ended, of all or of ``ids``."""
    if ids is None:
        return len(database.rows("SELECT seq FROM shots WHERE verdict IS NULL"))
    rows = database.rows(
        "SELECT count(*) FROM shots"
        " WHERE verdict IS NULL AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return int(rows[0][0])


def job_states(
    database: Database, *, ids: Sequence[str] | None = None
) -> Mapping[str, Mapping[Stage, JobState]]:
    """The state of every job, or of those of the shots ``ids``, by shot id."""
    if ids is None:
        rows = database.rows("SELECT shot_id, stage, state FROM jobs")
    else:
        rows = database.rows(
            "SELECT shot_id, stage, state FROM jobs"
            " WHERE shot_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
    states: dict[str, dict[Stage, JobState]] = {}
    for row in rows:
        states.setdefault(row["shot_id"], {})[Stage(row["stage"])] = JobState(row["state"])
    return states


def published_hashes(database: Database, target: str) -> frozenset[str]:
    """Hashes of every clip this fleet ever published at ``target``."""
    rows = database.rows("SELECT sha256 FROM published WHERE target = ?", (target,))
    return frozenset(row["sha256"] for row in rows)


def staged(database: Database) -> list[tuple[str, Artifact]]:
    """Every finished clip that waits to be published, with its shot."""
    return [
        (row["shot_id"], _artifact_row(row)) for row in database.rows("SELECT * FROM artifacts")
    ]


def checkpoint(database: Database, shot_id: str) -> Checkpoint | None:
    """The shot's kept frames, if there are any on record."""
    rows = database.rows("SELECT * FROM checkpoints WHERE shot_id = ?", (shot_id,))
    return _checkpoint_row(rows[0]) if rows else None


def checkpoints(database: Database) -> Mapping[str, Checkpoint]:
    """All kept frames on record, by shot id."""
    rows = database.rows("SELECT * FROM checkpoints")
    return {row["shot_id"]: _checkpoint_row(row) for row in rows}


def ended(database: Database, ids: Sequence[str]) -> list[str]:
    """Those of ``ids``, a few, that have ended."""
    marks = ", ".join("?" * len(ids))
    query = f"SELECT id FROM shots WHERE id IN ({marks}) AND verdict IS NOT NULL"  # noqa: S608
    return [row["id"] for row in database.rows(query, ids)]


def open_shots(database: Database, ids: Sequence[str]) -> list[str]:
    """Those of ``ids``, a few, that have not ended."""
    marks = ", ".join("?" * len(ids))
    query = f"SELECT id FROM shots WHERE id IN ({marks}) AND verdict IS NULL"  # noqa: S608
    return [row["id"] for row in database.rows(query, ids)]


def leases(database: Database) -> frozenset[str]:
    """The tokens of all leases that are in force."""
    # By stage as well, or a million jobs are looked through for a handful.
    rows = database.rows(
        "SELECT lease_token FROM jobs WHERE stage IN (?, ?, ?) AND state = ?",
        (*Stage, JobState.LEASED),
    )
    return frozenset(row["lease_token"] for row in rows)


def events(
    database: Database, *, after: int = 0, shot_id: str | None = None, limit: int = 1000
) -> list[EventRow]:
    """Events with a sequence number above ``after``, oldest first."""
    rows = database.rows(
        "SELECT * FROM events WHERE seq > ? AND (? = '' OR shot_id = ?) ORDER BY seq LIMIT ?",
        (after, shot_id or "", shot_id or "", limit),
    )
    return [
        EventRow(
            seq=row["seq"],
            at=row["at"],
            shot_id=row["shot_id"],
            stage=row["stage"],
            kind=row["kind"],
            data=json.loads(row["data"]),
        )
        for row in rows
    ]


def last_event(database: Database) -> int:
    """The highest event number so far; 0 if nothing has happened."""
    return int(database.rows("SELECT coalesce(max(seq), 0) AS seq FROM events")[0]["seq"])


def history(database: Database, shot_id: str) -> History:
    """All the ledger knows of one shot.

    Raises:
        UnknownShot: the ledger has no such id.
    """
    found = shot(database, shot_id)
    jobs = database.rows("SELECT * FROM jobs WHERE shot_id = ?", (shot_id,))
    tries = database.rows("SELECT * FROM attempts WHERE shot_id = ? ORDER BY id", (shot_id,))
    clips = database.rows("SELECT * FROM artifacts WHERE shot_id = ?", (shot_id,))
    by_stage = {row.stage: row for row in map(_job_row, jobs)}
    return History(
        shot=found,
        jobs={stage: by_stage[stage] for stage in Stage},
        attempts=[_attempt_row(row) for row in tries],
        artifact=_artifact_row(clips[0]) if clips else None,
    )


@functools.lru_cache(maxsize=1024)
def _recipe(text: str) -> Recipe:
    # A shot's row is read at each of its stages, and its recipe never changes.
    return Recipe.model_validate_json(text)


def _shot_row(row: sqlite3.Row) -> ShotRow:
    return ShotRow(
        id=row["id"],
        manifest=NewManifest(
            id=row["manifest_id"],
            sha256=row["manifest_sha256"],
            project_id=row["project_id"],
            batch_id=row["batch_id"],
            path=row["manifest_path"],
        ),
        picture=row["picture"],
        image_path=row["image_path"],
        target=row["target"],
        fingerprint=row["fingerprint"],
        recipe=_recipe(row["recipe"]),
        priority=row["priority"],
        submitted_at=row["submitted_at"],
        finished_at=row["finished_at"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        reasons=_REASONS.validate_json(row["reasons"]),
    )


def _job_row(row: sqlite3.Row) -> JobRow:
    failure = None
    if row["failure_code"]:
        failure = Failure(
            code=row["failure_code"],
            message=row["failure_message"],
            retryable=False,
            curable=bool(row["failure_curable"]),
        )
    return JobRow(
        stage=Stage(row["stage"]),
        state=JobState(row["state"]),
        tries=row["tries"],
        report=row["report"],
        failure=failure,
    )


def _attempt_row(row: sqlite3.Row) -> AttemptRow:
    return AttemptRow(
        stage=Stage(row["stage"]),
        number=row["number"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        message=row["message"],
        node=row["node"],
        peak_memory_bytes=row["peak_memory_bytes"],
        seconds=row["seconds"],
        worker=row["worker"],
        gpu=row["gpu"],
    )


def _artifact_row(row: sqlite3.Row) -> Artifact:
    return Artifact(path=row["path"], sha256=row["sha256"], size_bytes=row["size_bytes"])


def _checkpoint_row(row: sqlite3.Row) -> Checkpoint:
    return Checkpoint(
        path=row["path"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        frames=row["frames"],
    )
