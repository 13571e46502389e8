"""One operation on sets from beginning to end: lock, plan, journal, log, act.

Whatever fails before the log's line leaves nothing changed.  Whatever fails after it is undone
(and logged so), or, where undoing could lose something, left with its journal for ``resume``.  A
crash at any instant leaves a journal, and ``resume`` takes it from there.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from companions import files
from companions.audit import AuditedFile, AuditLog
from companions.errors import (
    CompanionChanged,
    FileUnwritable,
    MotionfleetError,
    MoveUnfinished,
    SetRefused,
)
from companions.lock import PATIENCE_S, locked
from companions.names import folded
from companions.sets import place
from companions.sets.disk import Disk
from companions.sets.grouping import is_journal
from companions.sets.journal import Journal, encode, read
from companions.sets.plan import Member, Plan
from companions.sets.scan import names_in

UNDONE: Final = "_undone"
"""What follows the operation's word in the log when it was undone."""


def utc_now() -> datetime:
    """This moment, for the log."""
    return datetime.now(UTC)


def carry(
    draft: Callable[[], Plan],
    *,
    log: AuditLog,
    disk: Disk | None = None,
    clock: Callable[[], datetime] = utc_now,
    patience_s: float = PATIENCE_S,
) -> Journal:
    """Carry out what ``draft`` plans, whole or not at all; returns what was done.

    ``draft`` reads the disk and changes nothing.  It is called before the sets are locked and
    again once they are, since another program may have been at them meanwhile.

    Raises:
        SetRefused, NameCollision: it cannot be done so; nothing was changed.
        SetBusy: another program holds one of the sets; nothing was changed.
        CompanionChanged: another program changed a file meanwhile; all is as it was.
        AuditUnwritable, AuditBroken: the log cannot be written; nothing was changed.
        FileUnwritable: a folder or disk refuses; all is as it was.
        MoveUnfinished: it cannot go on, nor back, without a person; or an earlier one cannot.
    """
    disk = disk or Disk()
    to_lock = draft().to_lock()
    with locked(*to_lock, patience_s=patience_s):
        plan = draft()
        if plan.to_lock() != to_lock:
            raise CompanionChanged(path=plan.source, how="changed")
        refuse_unfinished(plan)
        journal = sealed(plan)
        announce(journal, log=log, disk=disk, clock=clock)
        act(journal, log=log, disk=disk, clock=clock, made=set())
    return journal


def announce(journal: Journal, *, log: AuditLog, disk: Disk, clock: Callable[[], datetime]) -> None:
    """Write a journal into both folders and its line into the log, or neither.  Under the lock.

    Raises:
        FileUnwritable, AuditUnwritable, AuditBroken: nothing was changed.
    """
    _write(journal, disk=disk)
    try:
        record(journal, log=log, at=clock())
    except MotionfleetError:
        withdraw(journal, disk=disk)
        raise


def act(
    journal: Journal,
    *,
    log: AuditLog,
    disk: Disk,
    clock: Callable[[], datetime],
    made: set[Member],
) -> None:
    """Carry a logged journal to its end, or undo it.  Under the lock.

    Raises:
        CompanionChanged, SetRefused, FileUnwritable: it could not be done, and was undone.
        MoveUnfinished: it could not be done, and undoing it could lose something.
    """
    advance(journal, log=log, disk=disk, clock=clock, made=made)
    try:
        withdraw(journal, disk=disk)
    except FileUnwritable as error:
        raise MoveUnfinished(
            journal=journal.paths[0],
            why=f"every file has its new name, but the journal cannot be removed: {error}",
            remedy="Mend that, then run `fleet companions resume`.",
        ) from error


def advance(
    journal: Journal,
    *,
    log: AuditLog,
    disk: Disk,
    clock: Callable[[], datetime],
    made: set[Member],
) -> None:
    """As ``act``, but where all went well the journals stay."""
    try:
        place.forward(journal, disk=disk, made=made)
    except (CompanionChanged, SetRefused, FileUnwritable) as error:
        _undo(journal, log=log, disk=disk, clock=clock, made=made, because=error)
        raise


def sealed(plan: Plan) -> Journal:
    """The plan with the hash of every file, each read once.

    Raises:
        CompanionChanged: a file is not as it was planned.
    """
    hashes = []
    for member in plan.members:
        path = plan.source / member.source
        try:
            hashes.append(files.sha256_of(path))
        except OSError as error:
            how = f"became unreadable ({error.strerror or error})"
            raise CompanionChanged(path=path, how=how) from None
    journal = Journal(secrets.token_hex(8), plan, tuple(hashes))
    for member, sha256 in journal.items:
        # Looked at after it was hashed: the hash is that of the planned file, whole.
        if place.source_side(journal, member, sha256) is not place.Side.PLANNED:
            raise CompanionChanged(path=plan.source / member.source, how="changed")
    return journal


def record(journal: Journal, *, log: AuditLog, at: datetime) -> None:
    """Log the operation; a second time, do nothing.

    Raises:
        AuditUnwritable, AuditBroken: it was not logged.
    """
    plan = journal.plan
    log.record(
        operation=plan.operation.value,
        operation_id=journal.operation_id,
        files=[
            AuditedFile(
                source=str(plan.source / member.source),
                target=str(plan.target / member.target),
                sha256=sha256,
                size_bytes=member.size_bytes,
            )
            for member, sha256 in journal.items
        ],
        at=at,
    )


def withdraw(journal: Journal, *, disk: Disk) -> None:
    """Remove the journal from both folders, from the source's last.

    Raises:
        FileUnwritable: a folder refuses.
    """
    for path in reversed(journal.paths):
        with files.reporting_unwritable(path):
            disk.remove(path)
            disk.flush_folder(path.parent)


def unfinished(folder: Path) -> Iterator[Journal]:
    """The journals in ``folder``: of operations under way, or interrupted.

    Raises:
        MoveUnfinished: one of them cannot be used.
        FileUnwritable: the folder cannot be read.
    """
    with files.reporting_unwritable(folder):
        names = sorted(filter(is_journal, names_in(folder)))
    for name in names:
        found = read(folder / name)
        if found is not None:
            yield found


def _write(journal: Journal, *, disk: Disk) -> None:
    """Write the journal into both folders, the source's first."""
    data, tried = encode(journal), list[Path]()
    try:
        for path in journal.paths:
            tried.append(path)
            disk.write(path, data)
    except FileUnwritable:
        for path in reversed(tried):
            with contextlib.suppress(OSError):  # what was not written cannot be removed
                disk.remove(path)
        raise


def _undo(
    journal: Journal,
    *,
    log: AuditLog,
    disk: Disk,
    clock: Callable[[], datetime],
    made: set[Member],
    because: MotionfleetError,
) -> None:
    try:
        undone = place.undo(journal, disk=disk, made=made)
    except FileUnwritable as error:
        because, undone = error, False
    if not undone:
        raise MoveUnfinished(
            journal=journal.paths[0],
            why=f"it can neither go on nor be undone: {because}",
            remedy="Nothing is lost. Mend that, then run `fleet companions resume`.",
        ) from because
    try:
        _record_undone(journal, log=log, at=clock(), because=because)
        withdraw(journal, disk=disk)
    except MotionfleetError as error:
        raise MoveUnfinished(
            journal=journal.paths[0],
            why=f"all is as it was, but that cannot be put on record: {error}",
            remedy="Mend that, then run `fleet companions resume`.",
        ) from because


def _record_undone(
    journal: Journal, *, log: AuditLog, at: datetime, because: MotionfleetError
) -> None:
    plan = journal.plan
    log.record(
        operation=plan.operation.value + UNDONE,
        operation_id=journal.operation_id,
        files=[
            AuditedFile(
                source=str(plan.source / member.source),
                target=str(plan.source / member.source),
                sha256=sha256,
                size_bytes=member.size_bytes,
            )
            for member, sha256 in journal.items
        ],
        detail=str(because),
        at=at,
    )


def refuse_unfinished(plan: Plan) -> None:
    """Refuse while an earlier operation on the same sets is unfinished.

    Raises:
        MoveUnfinished: one was interrupted; or a journal cannot be used.
    """
    for folder in {plan.source, plan.target}:
        for other in unfinished(folder):
            if _sets_of(plan) & _sets_of(other.plan):
                raise MoveUnfinished(
                    journal=folder / other.name,
                    why=f"this {other.plan.operation.value} of the same files was interrupted",
                    remedy="Run `fleet companions resume` first; nothing was changed.",
                )


def _sets_of(plan: Plan) -> set[tuple[Path, str]]:
    sources = {(plan.source, folded(stem)) for stem in plan.source_stems}
    return sources | {(plan.target, folded(stem)) for stem in plan.target_stems}
