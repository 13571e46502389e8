"""Repair: what an examination found amiss and can be mended, mended.

It works from the breaches' own remedies, under the dispatcher's lock, so that a dry run tells
exactly what a run would do.  It never removes a published clip or a picture, and what only a
person can decide, such as a clip that somebody changed, it says and leaves.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from companions import files
from companions.errors import MotionfleetError
from companions.lock import sweep_locks
from companions.video_meta import Verdict
from fleet.checkpoint.pieces import PieceFolder
from fleet.errors import FleetBusy
from fleet.invariants.examine import Told, judge
from fleet.invariants.listing import (
    Breach,
    CloseAttempt,
    CountAgain,
    ForgetFrames,
    ForgetPieces,
    GiveBackLease,
    MakeAgain,
    RemoveFile,
    Reopen,
    WriteMeta,
)
from fleet.invariants.snapshot import Snapshot
from fleet.jobs.model import JobState, Stage
from fleet.ledger import recovery
from fleet.ledger.layout import COUNT_ALL
from fleet.ledger.ledger import Ledger
from fleet.ledger.lock import ProcessLock
from fleet.ledger.rows import Artifact, History
from fleet.ledger.submission import reopen
from fleet.settings import Home, Settings
from fleet.stages.base import FinishReport
from fleet.stages.meta import build_meta
from fleet.stages.publish import Target, publish

_TO_PUBLISH: Final = frozenset({JobState.QUEUED, JobState.LEASED})


@dataclass(frozen=True, slots=True)
class Deed:
    """One fact about a repair.

    Attributes:
        about: the shot, job or file.
        wrong: what was wrong with it.
        did: what was done, or in a dry run would be; empty for what is left as it is.
        why_left: why nothing was done.
    """

    about: str
    wrong: str
    did: str = ""
    why_left: str = ""


def repair(
    home: Home, *, settings: Settings, dry_run: bool = False, told: Told | None = None
) -> list[Deed]:
    """Mend what can be mended, and say what was done and what was left.

    Done twice, the second finds nothing to do.

    Raises:
        FleetBusy: a dispatcher is at work; it puts these things right itself, or they move.
        LedgerUnusable: the ledger cannot be used.
    """
    lock = ProcessLock(home.dispatcher_lock)
    if not lock.acquire():
        raise FleetBusy(home=home.root, holder=lock.holder())
    journal_bytes = _size(_journal(home))
    ledger = Ledger(home.ledger)
    try:
        found = judge(home, at_work=False, told=told)
        mending = _Mending(ledger, home, settings, dry_run=dry_run)
        deeds = [mending.deed(breach) for breach in found.breaches]
        deeds += mending.also()
        if journal_bytes and not dry_run:
            deeds.append(mending.fold_journal(journal_bytes))
    finally:
        ledger.close()
        lock.release()
    return deeds


class _LeftAloneError(Exception):
    """Why a breach is not mended, in words."""


class _Mending:
    """Carries remedies out, each at most once."""

    def __init__(self, ledger: Ledger, home: Home, settings: Settings, *, dry_run: bool) -> None:
        self._ledger, self._home, self._settings = ledger, home, settings
        self._dry_run = dry_run
        self._recovered = self._counted = False
        self._lost: Sequence[str] = ()

    def deed(self, breach: Breach) -> Deed:
        """Mend one breach, or say why not."""
        try:
            return Deed(breach.about, breach.what, did=self._mend(breach))
        except (_LeftAloneError, MotionfleetError) as error:
            why = str(error)
        except ValidationError:
            why = "a report of this shot in the ledger cannot be read"
        return Deed(breach.about, breach.what, why_left=why)

    def also(self) -> Iterator[Deed]:
        """What was done besides: frames that went with their dispatcher, locks of the dead."""
        for shot_id in self._lost:
            yield Deed(shot_id, "its frames went with their dispatcher", did="queued it again")
        if self._dry_run:
            return
        with Snapshot(self._home.ledger) as snapshot:
            folders = snapshot.folders()
        for folder in folders:
            free = sweep_locks(folder)
            if free:
                yield Deed(str(folder), f"{free} locks that nobody holds", did="removed them")

    def fold_journal(self, size_bytes: int) -> Deed:
        """Write the ledger's journal into its file, and see to its indexes."""
        self._ledger.database.rows("PRAGMA optimize")
        self._ledger.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        wrong = f"{size_bytes} bytes wait beside the ledger"
        return Deed(str(_journal(self._home)), wrong, did="wrote them into it")

    def _mend(self, breach: Breach) -> str:
        match breach.remedy:
            case GiveBackLease():
                return self._give_back()
            case CloseAttempt(token):
                return self._close(token)
            case MakeAgain(shot_id, path):
                return self._make_again(shot_id, path)
            case Reopen(shot_id):
                return self._reopen(shot_id)
            case WriteMeta(shot_id):
                return self._write_meta(shot_id)
            case RemoveFile(path):
                return self._remove(path)
            case ForgetFrames() | ForgetPieces() as kept:
                return self._forget_kept(kept)
            case CountAgain():
                return self._count()
            case None:
                raise _LeftAloneError("only a person can decide what to do")

    def _give_back(self) -> str:
        if not (self._dry_run or self._recovered):
            done = recovery.recover(self._ledger.database, now=time.time())
            self._lost = done.outputs_lost
            self._recovered = True
        return "gave the lease back; the job is queued again"

    def _close(self, token: str) -> str:
        if not self._dry_run:
            with self._ledger.database.transaction(durable=True) as sql:
                sql.execute(
                    "UPDATE attempts SET outcome = 'interrupted', ended_at = coalesce(ended_at, ?)"
                    " WHERE token = ? AND outcome = 'running'",
                    (time.time(), token),
                )
        return "recorded it as interrupted"

    def _make_again(self, shot_id: str, path: Path) -> str:
        waits = self._ledger.history(shot_id).jobs[Stage.PUBLISH].state in _TO_PUBLISH
        if not self._dry_run:
            if waits:
                recovery.restage(self._ledger.database, shot_id, now=time.time())
            else:
                self._forget("artifacts", shot_id)
            files.remove_durably(path)
        return "queued the shot, to be made again" if waits else "forgot it; nothing waits for it"

    def _reopen(self, shot_id: str) -> str:
        if not self._dry_run:
            with self._ledger.database.transaction(durable=True) as sql:
                if not _may_reopen(sql, shot_id):
                    raise _LeftAloneError("another shot is on its way there by now")
                reopen(sql, shot_id, now=time.time())
        return "opened the shot again; the next submission or dispatcher makes it"

    def _write_meta(self, shot_id: str) -> str:
        if not self._dry_run:
            history = _with_its_clip(self._ledger.history(shot_id))
            shot = history.shot
            meta = build_meta(history, settings=self._settings, now=shot.finished_at or time.time())
            # How it ended is what the ledger has on record, not what would be decided today.
            meta = meta.model_copy(update={"verdict": shot.verdict, "reasons": shot.reasons})
            lies = Path(history.artifact.path) if history.artifact else None
            publish(Target(Path(shot.target)), meta, staged=lies, known_hashes=())
        return "wrote the meta again, from the ledger"

    def _remove(self, path: Path) -> str:
        if not self._dry_run:
            files.remove_durably(path)
        return "removed it"

    def _forget_kept(self, kept: ForgetFrames | ForgetPieces) -> str:
        if not self._dry_run:
            match kept:
                case ForgetFrames(shot_id, path):
                    self._forget("checkpoints", shot_id)
                    files.remove_durably(path)
                case ForgetPieces(shot_id):
                    PieceFolder(self._home.pieces, shot_id).remove()
        return "forgot the kept frames; they are generated again if they are needed"

    def _forget(self, table: Literal["artifacts", "checkpoints"], shot_id: str) -> None:
        with self._ledger.database.transaction(durable=True) as sql:
            sql.execute(f"DELETE FROM {table} WHERE shot_id = ?", (shot_id,))  # noqa: S608

    def _count(self) -> str:
        if not (self._dry_run or self._counted):
            with self._ledger.database.transaction(durable=True) as sql:
                for statement in COUNT_ALL:
                    sql.execute(statement)
            self._counted = True
        return "counted anew"


def _may_reopen(sql: sqlite3.Connection, shot_id: str) -> bool:
    """Whether the shot has ended and no other is on its way to the same place."""
    row = sql.execute(
        "SELECT count(*) FROM shots s JOIN shots o ON o.target = s.target"
        " WHERE s.id = ? AND o.verdict IS NULL",
        (shot_id,),
    ).fetchone()
    return int(row[0]) == 0


def _with_its_clip(history: History) -> History:
    """The history as it was when the clip was still in staging: it lies in its place now."""
    shot, report = history.shot, history.jobs[Stage.FINISH].report
    if shot.verdict not in {Verdict.PASS, Verdict.FLAGGED} or report is None:
        return replace(history, artifact=None)
    clip = FinishReport.model_validate_json(report).clip
    return replace(
        history,
        artifact=Artifact(path=shot.target, sha256=clip.sha256, size_bytes=clip.size_bytes),
    )


def _journal(home: Home) -> Path:
    return home.ledger.with_name(f"{home.ledger.name}-wal")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
