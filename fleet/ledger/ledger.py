"""What the fleet writes into its record: submissions, leases, results, ends.

Every write names the lease it acts under; a write of an attempt that no longer owns its job
changes nothing and raises ``LeaseLost``.  States move only along ``jobs.machine``.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from companions.video_meta import Reason, Verdict
from fleet.errors import LeaseLost
from fleet.jobs import machine
from fleet.jobs.model import (
    AttemptFailed,
    Cancelled,
    Finished,
    GivenUp,
    JobState,
    Leased,
    LeaseExpired,
    OutputLost,
    Stage,
)
from fleet.jobs.retry import Failure, GiveUp, TryAgain
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.rows import (
    Artifact,
    History,
    Lease,
    NewManifest,
    NewShot,
    Recovery,
    Submitted,
)
from fleet.ledger.steps import end_shot, record_failure, step
from fleet.ledger.submission import add_shot, reopen, replace_others, worth_reopening


class Ledger:
    """The durable queue and record of one fleet.  One instance serves one process."""

    def __init__(self, path: Path) -> None:
        """Open the ledger at ``path``, laying it out if it is new.

        Raises:
            LedgerUnusable: the file cannot be created, read or written.
        """
        self.database = Database(path)

    def close(self) -> None:
        """Release the file."""
        self.database.close()

    # -- submission ---------------------------------------------------------------------------

    def submit(self, manifest: NewManifest, shots: Sequence[NewShot], *, now: float) -> Submitted:
        """Add what is new, reopen what ended for a reason that is gone, leave the rest.

        All or nothing, and durable when it returns.  An unfinished shot for the same clip with
        another recipe is cancelled: the newest request for a clip wins.
        """
        new, known, reopened, replaced = [], [], [], []
        with self.database.transaction(durable=True) as sql:
            sql.execute(
                "INSERT OR IGNORE INTO manifests VALUES (?, ?, ?, ?, ?, ?)",
                (manifest.id, manifest.sha256, manifest.project_id, manifest.batch_id,
                 manifest.path, now),
            )  # fmt: skip
            for shot in shots:
                replaced += replace_others(sql, shot, now=now)
                row = sql.execute(
                    "SELECT verdict, curable FROM shots WHERE id = ?", (shot.id,)
                ).fetchone()
                if row is None:
                    add_shot(sql, manifest, shot, now=now)
                    new.append(shot.id)
                elif worth_reopening(row, shot):
                    reopen(sql, shot.id, now=now)
                    reopened.append(shot.id)
                else:
                    known.append(shot.id)
        return Submitted(new=new, known=known, reopened=reopened, replaced=replaced)

    # -- attempts -----------------------------------------------------------------------------

    def lease(self, stage: Stage, *, now: float, node: str = "") -> Lease | None:
        """Take the next job of ``stage``: by priority, then in the order submitted."""
        if reading.next_job(self.database, stage, now=now) is None:
            return None  # seen without the write lock: an idle dispatcher disturbs no one
        token = secrets.token_hex(16)
        with self.database.transaction(durable=False) as sql:
            row = reading.next_job(self.database, stage, now=now)
            if row is None:
                return None
            shot_id = row["shot_id"]
            step(sql, shot_id, stage, Leased(), now=now, data={"node": node})
            sql.execute(
                "UPDATE jobs SET lease_token = ?, tries = tries + 1"
                " WHERE shot_id = ? AND stage = ?",
                (token, shot_id, stage),
            )
            number = 1 + int(
                sql.execute(
                    "SELECT count(*) FROM attempts WHERE shot_id = ? AND stage = ?",
                    (shot_id, stage),
                ).fetchone()[0]
            )
            sql.execute(
                "INSERT INTO attempts (shot_id, stage, number, token, started_at, node)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (shot_id, stage, number, token, now, node),
            )
        return Lease(
            token=token,
            shot=reading.shot(self.database, shot_id),
            stage=stage,
            attempt=number,
            tries=int(row["tries"]) + 1,
            started_at=now,
        )

    def succeed(
        self,
        lease: Lease,
        *,
        now: float,
        report: str = "",
        peak_memory_bytes: int = 0,
        artifact: Artifact | None = None,
    ) -> None:
        """Record an attempt's result; with an artifact, durably.

        Raises:
            LeaseLost: the job belongs to another attempt, or to none.
        """
        with self.database.transaction(durable=artifact is not None) as sql:
            self._close_attempt(
                sql, lease, outcome="succeeded", now=now, peak_memory_bytes=peak_memory_bytes
            )
            sql.execute(
                "UPDATE jobs SET report = ?, failure_code = NULL, failure_message = NULL"
                " WHERE shot_id = ? AND stage = ?",
                (report, lease.shot.id, lease.stage),
            )
            if artifact is not None:
                sql.execute(
                    "INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?)",
                    (lease.shot.id, artifact.path, artifact.sha256, artifact.size_bytes),
                )
            step(sql, lease.shot.id, lease.stage, Finished(), now=now)

    def fail(
        self, lease: Lease, failure: Failure, decision: TryAgain | GiveUp, *, now: float
    ) -> None:
        """Record a failed attempt and what was decided about it.

        Publishing that is given up ends the shot here, because no meta can be written.

        Raises:
            LeaseLost: the job belongs to another attempt, or to none.
        """
        shot_id, stage = lease.shot.id, lease.stage
        data = {"code": failure.code, "message": failure.message}
        with self.database.transaction(durable=False) as sql:
            self._close_attempt(sql, lease, outcome=failure.code, now=now, message=failure.message)
            record_failure(sql, shot_id, stage, failure)
            if isinstance(decision, TryAgain):
                sql.execute(
                    "UPDATE jobs SET not_before = ? WHERE shot_id = ? AND stage = ?",
                    (now + decision.delay_s, shot_id, stage),
                )
                step(sql, shot_id, stage, AttemptFailed(), now=now, data=data)
                return
            step(sql, shot_id, stage, GivenUp(), now=now, data=data)
            if stage is machine.LAST:
                reason = Reason(code=failure.code, message=failure.message)
                end_shot(sql, shot_id, Verdict.FAILED, (reason,), curable=failure.curable, now=now)

    def lose_output(self, shot_id: str, *, now: float) -> None:
        """The frames of a shot are gone: generate them again, finish waits."""
        with self.database.transaction(durable=False) as sql:
            step(sql, shot_id, Stage.GENERATE, OutputLost(), now=now)

    def end(
        self,
        lease: Lease,
        *,
        verdict: Verdict,
        reasons: Sequence[Reason],
        clip_sha256: str | None,
        curable: bool,
        now: float,
    ) -> None:
        """Record that a shot's clip and meta are in place; durable when it returns.

        Raises:
            LeaseLost: the job belongs to another attempt, or to none.
        """
        with self.database.transaction(durable=True) as sql:
            self._close_attempt(sql, lease, outcome="succeeded", now=now)
            step(sql, lease.shot.id, lease.stage, Finished(), now=now)
            sql.execute("DELETE FROM artifacts WHERE shot_id = ?", (lease.shot.id,))
            if clip_sha256 is not None:
                sql.execute(
                    "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)",
                    (lease.shot.target, clip_sha256, lease.shot.id, now),
                )
            end_shot(sql, lease.shot.id, verdict, reasons, curable=curable, now=now)

    # -- start-up -----------------------------------------------------------------------------

    def recover(self, *, now: float) -> Recovery:
        """Take back what a dead dispatcher held: its leases, and the frames it had in memory.

        Only the holder of the dispatcher's lock may call this; every lease is then nobody's.
        """
        expired, lost = [], []
        with self.database.transaction(durable=False) as sql:
            for row in sql.execute(
                "SELECT shot_id, stage, lease_token FROM jobs WHERE state = ?", (JobState.LEASED,)
            ).fetchall():
                stage = Stage(row["stage"])
                step(sql, row["shot_id"], stage, LeaseExpired(), now=now)
                sql.execute(
                    "UPDATE attempts SET ended_at = ?, outcome = 'interrupted' WHERE token = ?",
                    (now, row["lease_token"]),
                )
                # Not the shot's fault: the try is given back.
                sql.execute(
                    "UPDATE jobs SET lease_token = NULL, tries = max(0, tries - 1)"
                    " WHERE shot_id = ? AND stage = ?",
                    (row["shot_id"], stage),
                )
                expired.append(f"{row['shot_id']}/{stage}")
            for row in sql.execute(
                "SELECT g.shot_id FROM jobs g JOIN jobs f ON f.shot_id = g.shot_id"
                " WHERE g.stage = ? AND g.state = ? AND f.stage = ? AND f.state = ?",
                (Stage.GENERATE, JobState.SUCCEEDED, Stage.FINISH, JobState.QUEUED),
            ).fetchall():
                step(sql, row["shot_id"], Stage.GENERATE, OutputLost(), now=now)
                lost.append(row["shot_id"])
        return Recovery(leases_expired=expired, outputs_lost=lost)

    def restage(self, shot_id: str, *, now: float) -> None:
        """A finished clip is no longer in staging: make the shot again from the start."""
        with self.database.transaction(durable=False) as sql:
            sql.execute("DELETE FROM artifacts WHERE shot_id = ?", (shot_id,))
            step(sql, shot_id, Stage.PUBLISH, Cancelled(), now=now)
            reopen(sql, shot_id, now=now)

    def history(self, shot_id: str) -> History:
        """All the ledger knows of one shot."""
        return reading.history(self.database, shot_id)

    def _close_attempt(
        self,
        sql: sqlite3.Connection,
        lease: Lease,
        *,
        outcome: str,
        now: float,
        message: str = "",
        peak_memory_bytes: int = 0,
    ) -> None:
        held = sql.execute(
            "SELECT 1 FROM jobs WHERE shot_id = ? AND stage = ? AND lease_token = ?",
            (lease.shot.id, lease.stage, lease.token),
        ).fetchone()
        if held is None:
            raise LeaseLost(job=lease.job)
        sql.execute(
            "UPDATE attempts SET ended_at = ?, outcome = ?, message = ?, peak_memory_bytes = ?"
            " WHERE token = ?",
            (now, outcome, message, peak_memory_bytes, lease.token),
        )
