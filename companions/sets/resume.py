"""What a crash interrupted, carried to its end.

May itself be interrupted at any instant and run again.  What it finds is decided by a table
(``decide``): whether an operation goes on, is withdrawn because it never began, or needs a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from companions import files
from companions.audit import AuditLog
from companions.errors import (
    CompanionChanged,
    FileUnwritable,
    MotionfleetError,
    MoveUnfinished,
    SetBusy,
    SetRefused,
)
from companions.lock import PATIENCE_S, locked
from companions.sets import place
from companions.sets.carry import UNDONE, act, record, utc_now, withdraw
from companions.sets.disk import Disk
from companions.sets.journal import Journal, read
from companions.sets.place import Side
from companions.sets.plan import Member, Operation
from companions.sets.scan import scan


class Ending(StrEnum):
    """How an interrupted operation ended."""

    FINISHED = "finished"  #: every file has its new name
    WITHDRAWN = "withdrawn"  #: nothing had been touched, so the files are where they were
    UNDONE = "undone"  #: it could not go on, and the files are where they were


@dataclass(frozen=True, slots=True)
class Resumed:
    """One operation that was interrupted.

    Attributes:
        journal: what was under way.
        ending: how it ended.
        why: of an operation that was undone, what was in its way.
    """

    journal: Journal
    ending: Ending
    why: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is found of an interrupted operation.

    Attributes:
        source_journal, target_journal: whether the journal lies in the folder.
        logged: whether the operation log holds it.
        undone: whether the log says that it was undone.
        touched: whether any file has its new name, or lost its old one.
        arrived: whether all have their new names.
    """

    source_journal: bool
    target_journal: bool
    logged: bool
    undone: bool
    touched: bool
    arrived: bool


class Course(StrEnum):
    """What is to be done about an interrupted operation."""

    WITHDRAW = "withdraw"  #: nothing was touched, or all was undone: remove the journals
    GO_ON = "go on"  #: carry it to its end
    ASK = "ask"  #: one of the folders is not the one it was


def decide(found: Findings) -> Course:
    """The course to take; a pure table."""
    if found.undone:
        return Course.WITHDRAW
    if not found.logged and not found.touched:
        return Course.WITHDRAW
    if found.source_journal and found.target_journal:
        # Also when another log than ours holds the line: then ours gets it as well.
        return Course.GO_ON
    if found.source_journal and found.arrived:
        return Course.GO_ON
    # The target's journal goes when all have arrived, the source's after it.  So this folder's
    # other one is not the one it was: an empty mount point, a disk swapped for another.
    return Course.ASK


def resume(
    folder: Path,
    *,
    log: AuditLog,
    disk: Disk | None = None,
    clock: Callable[[], datetime] = utc_now,
    patience_s: float = PATIENCE_S,
) -> tuple[Resumed, ...]:
    """Carry every interrupted operation on sets in ``folder`` to its end.

    One that cannot go on keeps no other from it: its error is raised when all were tried.  Those
    that were on their way to the trash are left to ``trash.resume``.

    Raises:
        SetRefused: the folder cannot be read.
        SetBusy: an operation is still under way, in another program.
        MoveUnfinished: one needs a person; nothing of it was changed.
        FileUnwritable, AuditUnwritable, AuditBroken: a folder, disk or the log refuses.
    """
    disk = disk or Disk()
    done: list[Resumed] = []
    failed: MotionfleetError | None = None
    here = scan(folder)
    for name in here.found.journals:
        try:
            resumed = _resume(
                here.folder / name, log=log, disk=disk, clock=clock, patience_s=patience_s
            )
        except (MoveUnfinished, SetBusy, FileUnwritable) as error:
            failed = failed or error
        else:
            done += [resumed] if resumed is not None else []
    if failed is not None:
        raise failed
    return tuple(done)


def _resume(
    path: Path,
    *,
    log: AuditLog,
    disk: Disk,
    clock: Callable[[], datetime],
    patience_s: float,
) -> Resumed | None:
    """Carry one journal to its end; None if that happened meanwhile."""
    found = read(path)
    if found is None or found.plan.operation is Operation.TRASH:
        return None
    for folder in (found.plan.source, found.plan.target):
        if not folder.is_dir():
            raise MoveUnfinished(
                journal=path,
                why=f"{folder}, the other folder of this operation, is not there",
                remedy="Mount its disk again, then run `fleet companions resume`; nothing is lost.",
            )
    with locked(*found.plan.to_lock(), patience_s=patience_s):
        journal = read(path)
        if journal is None:
            return None
        findings, made = _look(journal, log=log)
        course = decide(findings)
        if course is Course.ASK:
            raise MoveUnfinished(
                journal=path,
                why=f"its other half is missing in "
                f"{journal.plan.target if findings.source_journal else journal.plan.source}",
                remedy="If a disk is to be mounted there, mount it, then run "
                "`fleet companions resume`; nothing is lost.",
            )
        with files.reporting_unwritable(journal.plan.target):
            place.clear_temporaries(journal, disk=disk)
        if course is Course.WITHDRAW:
            withdraw(journal, disk=disk)
            return Resumed(journal, Ending.UNDONE if findings.undone else Ending.WITHDRAWN)
        record(journal, log=log, at=clock())
        try:
            act(journal, log=log, disk=disk, clock=clock, made=made)
        except (CompanionChanged, SetRefused, FileUnwritable) as error:
            return Resumed(journal, Ending.UNDONE, why=str(error))
        return Resumed(journal, Ending.FINISHED)


def _look(journal: Journal, *, log: AuditLog) -> tuple[Findings, set[Member]]:
    plan = journal.plan
    here = [read(path) == journal for path in journal.paths]
    made = place.arrived(journal)
    operation = plan.operation.value
    with files.reporting_unwritable(plan.source):
        left = [
            member
            for member, sha256 in journal.items
            if place.source_side(journal, member, sha256) is Side.GONE
        ]
    findings = Findings(
        source_journal=here[0],
        target_journal=here[-1],
        logged=log.holds(operation=operation, operation_id=journal.operation_id),
        undone=log.holds(operation=operation + UNDONE, operation_id=journal.operation_id),
        touched=bool(made or left),
        arrived=len(made) == len(plan.members),
    )
    return findings, made
