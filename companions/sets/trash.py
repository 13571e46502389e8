"""A set into the person's trash, as one thing that can be found there and given back.

The files go into a folder of their own beside the picture, as in any move, and that folder goes
into the trash: whoever looks there finds picture and companions together.  The journal in the
picture's folder stays until the trash has taken it, so that ``resume`` can finish.

A folder that somebody put back beside the pictures by hand holds its record still, and ``restore``
takes the set out of it.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

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
from companions.lock import PATIENCE_S, locked, sweep_locks
from companions.sets import bins, carry, place, trash_record
from companions.sets.disk import Disk
from companions.sets.draft import choose, members
from companions.sets.grouping import STAGING_INFIX, is_staging
from companions.sets.journal import Journal, read
from companions.sets.place import Side
from companions.sets.plan import Naming, Operation, Plan, kept_names, refuse_unfit
from companions.sets.resume import Ending, Resumed
from companions.sets.resume import resume as finish
from companions.sets.scan import names_in, scan
from companions.sets.trash_record import RECORD_NAME

_STEM_BYTES: Final = 80
"""Of a stem, in the name of the folder in the trash: for a person to know it by."""
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class _Hand:
    """What acts: the log, the disk and the clock of one operation."""

    log: AuditLog
    disk: Disk
    clock: Callable[[], datetime]


def draft(picture: Path, *, nested: bool = False) -> Plan:
    """Take the set of ``picture`` into a folder of its own beside it, which goes to the trash.

    Raises:
        SetRefused, NameCollision: it cannot be done so; nothing was changed.
    """
    source = scan(picture.parent)
    (chosen,) = choose(source, [picture])
    refuse_unfit(source.folder, [chosen], nested=nested, alone=True)
    stem = Path(chosen.picture).stem
    # Desktops show this name: what they could not, or would trip over, is left out of it.
    shown = _UNREADABLE.sub("_", stem).encode()[:_STEM_BYTES].decode("utf-8", "ignore")
    return Plan(
        operation=Operation.TRASH,
        source=source.folder,
        target=source.folder / f"{shown}{STAGING_INFIX}{secrets.token_hex(8)}",
        members=members(source.folder, kept_names([chosen])),
        source_stems=(stem,),
        target_stems=(),
    )


def trash(
    picture: Path,
    *,
    log: AuditLog,
    nested: bool = False,
    disk: Disk | None = None,
    clock: Callable[[], datetime] = carry.utc_now,
    patience_s: float = PATIENCE_S,
) -> Journal:
    """Put the set of ``picture`` into the trash as one thing; returns what was done.

    Raises:
        SetRefused: it cannot be done so, or its disk has no trash; all is as it was.
        NameCollision, SetBusy, CompanionChanged, AuditUnwritable, AuditBroken, FileUnwritable,
        MoveUnfinished: as ``carry.carry``.
    """
    hand = _Hand(log, disk or Disk(), clock)
    to_lock = draft(picture, nested=nested).to_lock()
    with locked(*to_lock, patience_s=patience_s):
        plan = draft(picture, nested=nested)
        carry.refuse_unfinished(replace(plan, target=plan.source))
        operation_id = plan.target.name[-16:]
        journal = replace(carry.sealed(plan), operation_id=operation_id)
        try:
            _prepare(journal, hand)
            carry.announce(journal, log=log, disk=hand.disk, clock=clock)
            carry.advance(journal, log=log, disk=hand.disk, clock=clock, made=set())
        except MoveUnfinished:
            raise
        except MotionfleetError:
            clear(plan.target, disk=hand.disk)
            raise
        _hand_over(journal, hand)
    return journal


def resume(
    folder: Path,
    *,
    log: AuditLog,
    disk: Disk | None = None,
    clock: Callable[[], datetime] = carry.utc_now,
    patience_s: float = PATIENCE_S,
) -> tuple[Resumed, ...]:
    """Carry what was on its way from ``folder`` to the trash to its end, and tidy up.

    Raises:
        SetRefused, SetBusy, MoveUnfinished, FileUnwritable, AuditUnwritable, AuditBroken: as
            ``resume.resume``.
    """
    hand = _Hand(log, disk or Disk(), clock)
    here = scan(folder)
    done: list[Resumed] = []
    failed: MotionfleetError | None = None
    for name in here.found.journals:
        found = read(here.folder / name)
        if found is None or found.plan.operation is not Operation.TRASH:
            continue
        try:
            with locked(*found.plan.to_lock(), patience_s=patience_s):
                journal = read(here.folder / name)
                done += [_resume(journal, hand)] if journal is not None else []
        except (MoveUnfinished, SetBusy, FileUnwritable) as error:
            failed = failed or error
    for each in _folders_from(here.folder):
        try:
            # Killed before it told this folder, a restoring has its only journal there.
            done += finish(each.folder, log=log, disk=hand.disk, clock=clock, patience_s=patience_s)
        except (MoveUnfinished, SetBusy, FileUnwritable) as error:
            failed = failed or error
    _tidy(here.folder, disk=hand.disk)
    if failed is not None:
        raise failed
    return tuple(done)


def clear(folder: Path, *, disk: Disk, info: Path | None = None) -> None:
    """Remove a folder of ours that holds no file of a set any more, and the trash's note of it."""
    # A courtesy: what remains is an empty folder.
    with contextlib.suppress(OSError):
        sweep_locks(folder)
        if names_in(folder) <= {RECORD_NAME}:
            # In this order, so that what a kill leaves is known for ours by the next one.
            if info is not None:
                disk.remove(info)
            disk.remove(folder / RECORD_NAME)
            disk.remove_folder(folder)


def _prepare(journal: Journal, hand: _Hand) -> None:
    """Make the folder, with the record of what it is for."""
    record = trash_record.record_of(journal, at=hand.clock(), who=hand.log.actor.who)
    staging = journal.plan.target
    with files.reporting_unwritable(staging):
        hand.disk.make_folder(staging)
        hand.disk.write(staging / RECORD_NAME, trash_record.encode(record))
        hand.disk.flush_folder(staging.parent)


def _hand_over(journal: Journal, hand: _Hand) -> None:
    """Give the folder to the trash; if that refuses it, put the set back where it was."""
    plan, disk = journal.plan, hand.disk
    with files.reporting_unwritable(plan.target):
        disk.remove(plan.target / journal.name)
        disk.flush_folder(plan.target)
    try:
        disk.trash(plan.target)
    except OSError as error:
        _put_back(journal, hand)
        raise SetRefused(
            picture=plan.source / plan.members[-1].source,
            why=f"its disk's trash does not take it ({error.strerror or error})",
            remedy="It is where it was. Move it to a disk with a trash, or make room in that one.",
        ) from None
    _forget(journal, hand)


def _forget(journal: Journal, hand: _Hand) -> None:
    """Remove the journal of what is in the trash."""
    path = journal.paths[0]
    with files.reporting_unwritable(path):
        hand.disk.remove(path)
        hand.disk.flush_folder(path.parent)


def _put_back(journal: Journal, hand: _Hand) -> None:
    old = journal.plan
    namings = [Naming(each.target, each.source, picture=each.picture) for each in old.members]
    plan = Plan(
        operation=Operation.RESTORE,
        source=old.target,
        target=old.source,
        members=members(old.target, namings),
        source_stems=(),
        target_stems=old.source_stems,
    )
    back = carry.sealed(plan)
    carry.withdraw(journal, disk=hand.disk)
    carry.announce(back, log=hand.log, disk=hand.disk, clock=hand.clock)
    carry.act(back, log=hand.log, disk=hand.disk, clock=hand.clock, made=set())
    clear(old.target, disk=hand.disk)


def _resume(journal: Journal, hand: _Hand) -> Resumed:
    """Carry one journal to its end.  Under the lock."""
    plan, disk = journal.plan, hand.disk
    if _is_in_trash(journal):
        _drop_duplicates(journal, disk=disk)
        _forget(journal, hand)
        return Resumed(journal, Ending.FINISHED)
    with files.reporting_unwritable(plan.source):
        here = [place.source_side(journal, each, sha256) for each, sha256 in journal.items]
    if not plan.target.is_dir():
        if set(here) != {Side.PLANNED}:
            raise MoveUnfinished(
                journal=journal.paths[0],
                why=f"{plan.target} is neither here nor in the trash any more",
                remedy="If someone moved that folder, put it back here and resume; if the trash "
                "was emptied, remove the journal.",
            )
        _forget(journal, hand)
        return Resumed(journal, Ending.WITHDRAWN)
    made = place.arrived(journal)
    logged, undone = (
        hand.log.holds(operation=word, operation_id=journal.operation_id)
        for word in (plan.operation.value, plan.operation.value + carry.UNDONE)
    )
    if undone or not (logged or made or Side.GONE in here):
        carry.withdraw(journal, disk=disk)
        clear(plan.target, disk=disk)
        return Resumed(journal, Ending.UNDONE if undone else Ending.WITHDRAWN)
    carry.record(journal, log=hand.log, at=hand.clock())
    try:
        carry.advance(journal, log=hand.log, disk=disk, clock=hand.clock, made=made)
        _hand_over(journal, hand)
    except (CompanionChanged, SetRefused, FileUnwritable) as error:
        clear(plan.target, disk=disk)
        return Resumed(journal, Ending.UNDONE, why=str(error))
    return Resumed(journal, Ending.FINISHED)


def _is_in_trash(journal: Journal) -> bool:
    """Whether the trash holds every file, whole: its move may have been a copy to another disk."""
    for binned in bins.ours():
        if binned.folder.name.endswith(STAGING_INFIX + journal.operation_id):
            found = binned.folder
            with contextlib.suppress(OSError):
                if all(
                    files.sha256_of(found / each.target) == sha256 for each, sha256 in journal.items
                ):
                    return True
    return False


def _drop_duplicates(journal: Journal, *, disk: Disk) -> None:
    """Remove what a copy into the trash, interrupted after its last file, left here."""
    staging = journal.plan.target
    with contextlib.suppress(FileNotFoundError), files.reporting_unwritable(staging):
        for each, sha256 in journal.items:
            if place.target_side(journal, each, sha256) is Side.PLANNED:
                disk.remove(staging / each.target)
        disk.remove(staging / journal.name)
    clear(staging, disk=disk)


def _tidy(folder: Path, *, disk: Disk) -> None:
    """Clear away folders of ours whose files are all gone from them, here and in the trash."""
    for each in _folders_from(folder):
        record = trash_record.read(each.folder)
        if record is None:
            # Nobody has put anything there: at worst, someone who was about to is refused.
            with contextlib.suppress(OSError):
                files.sweep_temporaries(each.folder)
                disk.remove_folder(each.folder)
            continue
        # Whoever holds the lock may be about to put files there.
        with contextlib.suppress(SetBusy), locked(folder / record.picture, patience_s=0.0):
            clear(each.folder, disk=disk, info=each.info)


def _folders_from(folder: Path) -> list[bins.Binned]:
    """The folders of ours that lie in ``folder``, or in the trash and came from it."""
    here = [folder / name for name in sorted(names_in(folder)) if is_staging(name)]
    found = [bins.Binned(path, None) for path in here if path.is_dir()]
    for each in bins.ours():
        record = trash_record.read(each.folder)
        if record.folder == folder if record is not None else not names_in(each.folder):
            found.append(each)
    return found
