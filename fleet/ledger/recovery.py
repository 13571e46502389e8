"""What start-up finds amiss in the ledger, and puts right: leases and frames of a dead dispatcher.

Only the holder of the dispatcher's lock may call these; every lease is then nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fleet.jobs.model import Cancelled, JobState, LeaseExpired, OutputLost, Stage
from fleet.ledger.database import Database
from fleet.ledger.rows import Checkpoint, Recovery
from fleet.ledger.steps import close_attempts, step
from fleet.ledger.submission import reopen


def recover(database: Database, *, now: float) -> Recovery:
    """Take back what a dead dispatcher held: its leases, and the frames it had in memory.

    A shot whose frames were kept goes on with finishing; others are generated again.
    """
    expired, lost, resumed = [], [], []
    with database.transaction(durable=False) as sql:
        for row in sql.execute(
            "SELECT shot_id, stage FROM jobs WHERE stage IN (?, ?, ?) AND state = ?",
            (*Stage, JobState.LEASED),
        ).fetchall():
            stage = Stage(row["stage"])
            close_attempts(sql, row["shot_id"], stage, outcome="interrupted", now=now)
            step(sql, row["shot_id"], stage, LeaseExpired(), now=now)
            # Not the shot's fault: the try is given back.
            sql.execute(
                "UPDATE jobs SET tries = max(0, tries - 1) WHERE shot_id = ? AND stage = ?",
                (row["shot_id"], stage),
            )
            expired.append(f"{row['shot_id']}/{stage}")
        for row in sql.execute(
            "SELECT f.shot_id, c.path FROM jobs f JOIN jobs g ON g.shot_id = f.shot_id"
            " LEFT JOIN checkpoints c ON c.shot_id = f.shot_id"
            " WHERE f.stage = ? AND f.state = ? AND g.stage = ? AND g.state = ?",
            (Stage.FINISH, JobState.QUEUED, Stage.GENERATE, JobState.SUCCEEDED),
        ).fetchall():
            if row["path"] is not None and Path(row["path"]).is_file():
                resumed.append(row["shot_id"])
                continue
            sql.execute("DELETE FROM checkpoints WHERE shot_id = ?", (row["shot_id"],))
            step(sql, row["shot_id"], Stage.GENERATE, OutputLost(), now=now)
            lost.append(row["shot_id"])
    return Recovery(leases_expired=expired, outputs_lost=lost, resumed=resumed)


def lose_output(database: Database, shot_id: str, *, now: float) -> None:
    """The frames of a shot are gone: generate them again, finish waits."""
    with database.transaction(durable=False) as sql:
        sql.execute("DELETE FROM checkpoints WHERE shot_id = ?", (shot_id,))
        step(sql, shot_id, Stage.GENERATE, OutputLost(), now=now)


def restage(database: Database, shot_id: str, *, now: float) -> None:
    """A finished clip is no longer in staging: make it again, from its frames if they were kept."""
    with database.transaction(durable=False) as sql:
        sql.execute("DELETE FROM artifacts WHERE shot_id = ?", (shot_id,))
        row = sql.execute(
            "SELECT state FROM jobs WHERE shot_id = ? AND stage = ?", (shot_id, Stage.PUBLISH)
        ).fetchone()
        if JobState(row["state"]) not in {JobState.QUEUED, JobState.LEASED}:
            return  # it ended, or was opened again since: nothing waits for that clip
        close_attempts(sql, shot_id, Stage.PUBLISH, outcome="interrupted", now=now)
        step(sql, shot_id, Stage.PUBLISH, Cancelled(), now=now)
        reopen(sql, shot_id, now=now)


def keep(database: Database, shot_id: str, checkpoint: Checkpoint, *, token: str) -> bool:
    """Put a shot's kept frames on record; whether they are still wanted.

    ``token`` is that of the attempt that made them: frames of an older attempt are not kept, nor
    are those of a shot that is finished already.
    """
    with database.transaction(durable=True) as sql:
        made = sql.execute(
            "SELECT a.token FROM attempts a JOIN jobs g ON g.shot_id = a.shot_id"
            " AND g.stage = a.stage JOIN jobs f ON f.shot_id = a.shot_id AND f.stage = ?"
            " WHERE a.shot_id = ? AND a.stage = ? AND g.state = ? AND f.state IN (?, ?, ?)"
            " AND a.outcome = 'succeeded' ORDER BY a.id DESC LIMIT 1",
            (Stage.FINISH, shot_id, Stage.GENERATE, JobState.SUCCEEDED, JobState.QUEUED,
             JobState.LEASED, JobState.DISCARDED),
        ).fetchone()  # fmt: skip
        if made is None or made["token"] != token:
            return False
        sql.execute(
            "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)",
            (shot_id, checkpoint.path, checkpoint.sha256, checkpoint.size_bytes,
             checkpoint.frames),
        )  # fmt: skip
        return True


def absolve(database: Database, shot_ids: Sequence[str], stage: Stage) -> None:
    """Their node was at fault: give shots that have not ended their tries at ``stage`` back."""
    with database.transaction(durable=False) as sql:
        sql.executemany(
            "UPDATE jobs SET tries = 0 WHERE shot_id = ? AND stage = ? AND state = ?",
            [(shot_id, stage, JobState.QUEUED) for shot_id in shot_ids],
        )


def introduce(database: Database, *, pid: int, now: float) -> None:
    """Write down who dispatches, and since when."""
    with database.transaction(durable=False) as sql:
        sql.executemany(
            "INSERT OR REPLACE INTO fleet_state VALUES (?, ?)",
            [("dispatcher_pid", str(pid)), ("dispatcher_since", str(now))],
        )
