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
    Finished,
    GivenUp,
    Leased,
    Stage,
)
from fleet.jobs.retry import Failure, GiveUp, TryAgain
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.lanes import first_job, move_shot, open_lanes
from fleet.ledger.rows import (
    Artifact,
    History,
    Lease,
    NewManifest,
    NewShot,
    Submitted,
)
from fleet.ledger.steps import end_shot, record_failure, step
from fleet.ledger.submission import add_manifest, add_shot, reopen, replace_others, worth_reopening


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
        new: list[str] = []
        adopted: list[str] = []
        known, reopened, replaced = [], [], []
        with self.database.transaction(durable=True) as sql:
            add_manifest(sql, manifest, now=now)
            for shot in shots:
                replaced += replace_others(sql, shot, now=now)
                row = sql.execute(
                    "SELECT verdict, curable, priority, finished_at FROM shots WHERE id = ?",
                    (shot.id,),
                ).fetchone()
                if row is None:
                    add_shot(sql, manifest, shot, now=now)
                    (new if shot.in_place is None else adopted).append(shot.id)
                elif worth_reopening(row, shot):
                    reopen(sql, shot.id, now=now)
                    reopened.append(shot.id)
                else:
                    if row["verdict"] is None and row["priority"] != shot.priority:
                        move_shot(sql, shot.id, priority=shot.priority)
                    known.append(shot.id)
        return Submitted(
            new=new, known=known, reopened=reopened, replaced=replaced, adopted=adopted
        )

    # -- attempts -----------------------------------------------------------------------------

    def lease(
        self,
        stage: Stage,
        *,
        now: float,
        node: str = "",
        worker: str = "",
        lane: int | None = None,
        elsewhere: bool = False,
    ) -> Lease | None:
        """Take the next job of ``stage``: of ``lane``, or by priority and order of submission.

        With ``elsewhere``, not a job that failed on ``node``: there are others it may go to.
        """
        if lane is None:
            choices = open_lanes(self.database, stage, now=now)
            if not choices:
                return None  # seen without the write lock: an idle dispatcher disturbs no one
            lane = min(choices, key=lambda choice: choice.oldest).id
        token = secrets.token_hex(16)
        with self.database.transaction(durable=False) as sql:
            row = first_job(sql, stage, lane, now=now, not_on=node if elsewhere else "")
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
                "INSERT INTO attempts (shot_id, stage, number, token, started_at, node, worker)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (shot_id, stage, number, token, now, node, worker),
            )
        return Lease(
            token=token,
            shot=reading.shot(self.database, shot_id),
            stage=stage,
            attempt=number,
            tries=int(row["tries"]) + 1,
            losses=int(row["losses"]),
            memory_plan=int(row["memory_plan"]),
            started_at=now,
        )

    def succeed(
        self,
        lease: Lease,
        *,
        now: float,
        report: str = "",
        peak_memory_bytes: int = 0,
        seconds: float | None = None,
        gpu: str = "",
        artifact: Artifact | None = None,
    ) -> None:
        """Record an attempt's result; with an artifact, durably.

        ``seconds`` is how long it took by a clock that is never set; ``gpu`` what it took it on.

        Raises:
            LeaseLost: the job belongs to another attempt, or to none.
        """
        with self.database.transaction(durable=artifact is not None) as sql:
            self._close_attempt(
                sql, lease, outcome="succeeded", now=now, seconds=seconds,
                peak_memory_bytes=peak_memory_bytes, gpu=gpu,
            )  # fmt: skip
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
        self,
        lease: Lease,
        failure: Failure,
        decision: TryAgain | GiveUp,
        *,
        now: float,
        seconds: float | None = None,
        avoid: str = "",
    ) -> None:
        """Record a failed attempt and what was decided about it.

        ``avoid`` names the node to keep the next attempt away from.  Publishing that is given up
        ends the shot here, because no meta can be written.

        Raises:
            LeaseLost: the job belongs to another attempt, or to none.
        """
        shot_id, stage = lease.shot.id, lease.stage
        data = {"code": failure.code, "message": failure.message}
        with self.database.transaction(durable=False) as sql:
            self._close_attempt(
                sql, lease, outcome=failure.code, now=now, message=failure.message, seconds=seconds
            )
            record_failure(sql, shot_id, stage, failure)
            if isinstance(decision, TryAgain):
                back = int(decision.given_back)
                sql.execute(
                    "UPDATE jobs SET not_before = ?, avoid = ?, tries = tries - ?,"
                    " losses = losses + ?, memory_plan = ? WHERE shot_id = ? AND stage = ?",
                    (now + decision.delay_s if decision.delay_s else 0.0, avoid, back,
                     back, decision.memory_plan, shot_id, stage),
                )  # fmt: skip
                step(sql, shot_id, stage, AttemptFailed(), now=now, data=data)
                return
            step(sql, shot_id, stage, GivenUp(), now=now, data=data)
            if stage is machine.LAST:
                reason = Reason(code=failure.code, message=failure.message)
                end_shot(sql, shot_id, Verdict.FAILED, (reason,), curable=failure.curable, now=now)

    def end(
        self,
        lease: Lease,
        *,
        verdict: Verdict,
        reasons: Sequence[Reason],
        clip_sha256: str | None,
        curable: bool,
        now: float,
        seconds: float | None = None,
    ) -> None:
        """Record that a shot's clip and meta are in place; durable when it returns.

        ``seconds`` is how long publishing took by a clock that is never set.

        Raises:
            LeaseLost: the job belongs to another attempt, or to none.
        """
        with self.database.transaction(durable=True) as sql:
            self._close_attempt(sql, lease, outcome="succeeded", now=now, seconds=seconds)
            step(sql, lease.shot.id, lease.stage, Finished(), now=now)
            sql.execute("DELETE FROM artifacts WHERE shot_id = ?", (lease.shot.id,))
            if clip_sha256 is not None:
                sql.execute("DELETE FROM checkpoints WHERE shot_id = ?", (lease.shot.id,))
            if clip_sha256 is not None:
                sql.execute(
                    "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)",
                    (lease.shot.target, clip_sha256, lease.shot.id, now),
                )
            end_shot(sql, lease.shot.id, verdict, reasons, curable=curable, now=now)

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
        seconds: float | None = None,
        peak_memory_bytes: int = 0,
        gpu: str = "",
    ) -> None:
        held = sql.execute(
            "SELECT 1 FROM jobs WHERE shot_id = ? AND stage = ? AND lease_token = ?",
            (lease.shot.id, lease.stage, lease.token),
        ).fetchone()
        if held is None:
            raise LeaseLost(job=lease.job)
        sql.execute(
            "UPDATE attempts SET ended_at = ?, seconds = ?, outcome = ?, message = ?,"
            " peak_memory_bytes = ?, gpu = ? WHERE token = ?",
            (now, seconds, outcome, message, peak_memory_bytes, gpu, lease.token),
        )
