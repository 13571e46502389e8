"""Sets in the trash, listed and given back to where they were."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from companions.audit import AuditLog
from companions.errors import SetRefused
from companions.lock import PATIENCE_S, locked
from companions.names import folded
from companions.sets import bins, carry, trash_record
from companions.sets.disk import Disk
from companions.sets.draft import members
from companions.sets.grouping import is_journal, is_staging
from companions.sets.journal import Journal
from companions.sets.plan import Naming, Operation, Plan, refuse_taken
from companions.sets.scan import names_in, scan
from companions.sets.trash import clear
from companions.sets.trash_record import Record


@dataclass(frozen=True, slots=True)
class Trashed:
    """A set that can be given back.

    Attributes:
        record: what it is and where it was.
        place: the folder it lies in now.
        info: the trash's own note about it, if it has one.
        put_back: whether someone put the folder back beside the pictures by hand.
    """

    record: Record
    place: Path
    info: Path | None = None
    put_back: bool = False

    @property
    def picture(self) -> Path:
        """Where the picture was, and will be."""
        folder = self.place.parent if self.put_back else self.record.folder
        return folder / self.record.picture

    @property
    def size_bytes(self) -> int:
        """Of all its files."""
        return sum(each.size_bytes for each in self.record.files)


def trashed(*, beside: Path | None = None) -> tuple[Trashed, ...]:
    """What can be given back, the newest first: out of the trash, or out of folders in ``beside``.

    Raises:
        SetRefused: the folder ``beside`` cannot be read.
    """
    found = [_trashed(binned.folder, info=binned.info) for binned in bins.ours()]
    found += put_back(beside) if beside is not None else []
    whole = [each for each in found if each is not None]
    return tuple(sorted(whole, key=lambda each: each.record.at, reverse=True))


def put_back(folder: Path) -> list[Trashed]:
    """The folders of ours in ``folder`` that someone took out of the trash by hand.

    Raises:
        SetRefused: the folder cannot be read.
    """
    here = scan(folder)
    under_way = {name.rpartition("-")[2].removesuffix(".json") for name in here.found.journals}
    found = [
        _trashed(here.folder / name, put_back=True)
        for name in sorted(here.names)
        if is_staging(name) and name[-16:] not in under_way
    ]
    return [each for each in found if each is not None]


def choose(wanted: str) -> Trashed:
    """The one set that ``wanted`` names: an operation id, or the picture's path, or its name.

    Raises:
        SetRefused: there is none, or more than one.
    """
    path = Path(wanted)
    here = Path(os.path.realpath(path.parent))
    everything = trashed(beside=here if here.is_dir() else None)
    found = [each for each in everything if each.record.operation_id == wanted]
    if not found:
        name = folded(path.name)
        named = [each for each in everything if folded(each.record.picture) == name]
        found = [each for each in named if each.picture.parent == here]
        if not found and path.name == wanted:  # a name alone may mean any folder
            found = named
    if not found:
        raise SetRefused(
            picture=path,
            why="nothing of this name or id is in the trash, nor put back from it here",
            remedy="List what is: `fleet companions restore`.",
        )
    if len(found) > 1:
        ids = ", ".join(each.record.operation_id for each in found)
        raise SetRefused(
            picture=path,
            why=f"{len(found)} pictures of this name are in the trash",
            remedy=f"Give the id of the one you mean, the newest first: {ids}.",
        )
    return found[0]


def draft(chosen: Trashed, *, nested: bool = False) -> Plan:
    """Take a set out of the trash, to where it was.

    Raises:
        SetRefused, NameCollision: it cannot be done so; nothing was changed.
    """
    record, folder = chosen.record, chosen.picture.parent
    if not folder.is_dir():
        raise SetRefused(
            picture=chosen.picture,
            why="its folder is gone",
            remedy=f"Make {folder} again, then run the same command again.",
        )
    target = scan(folder)
    for each in record.files:
        if not (chosen.place / each.name).is_file():
            raise SetRefused(
                picture=chosen.picture,
                why=f"{each.name!r} was taken out of {chosen.place}",
                remedy="Put it back there, or take the others out by hand; nothing was changed.",
            )
    namings = [Naming(each.name, each.name, picture=each.picture) for each in record.files]
    refuse_taken(target, namings, stems=[record.stem], leaving=frozenset(), nested=nested)
    return Plan(
        operation=Operation.RESTORE,
        source=chosen.place,
        target=target.folder,
        members=members(chosen.place, namings),
        source_stems=(record.stem,),
        target_stems=(record.stem,),
    )


def restore(
    chosen: Trashed,
    *,
    log: AuditLog,
    nested: bool = False,
    disk: Disk | None = None,
    clock: Callable[[], datetime] = carry.utc_now,
    patience_s: float = PATIENCE_S,
) -> Journal:
    """Give a set back; returns what was done.

    Raises:
        SetRefused: it cannot be done so, or a file is not what it was; nothing was changed.
        NameCollision, SetBusy, CompanionChanged, AuditUnwritable, AuditBroken, FileUnwritable,
        MoveUnfinished: as ``carry.carry``.
    """
    disk = disk or Disk()
    with locked(*draft(chosen, nested=nested).to_lock(), patience_s=patience_s):
        plan = draft(chosen, nested=nested)
        carry.refuse_unfinished(plan)
        journal = carry.sealed(plan)
        for each, sha256 in zip(chosen.record.files, journal.sha256, strict=True):
            if each.sha256 != sha256:
                raise SetRefused(
                    picture=chosen.picture,
                    why=f"{each.name!r} is not what it was when it was put into the trash",
                    remedy=f"Take what you need out of {chosen.place} by hand.",
                )
        carry.announce(journal, log=log, disk=disk, clock=clock)
        carry.act(journal, log=log, disk=disk, clock=clock, made=set())
    clear(chosen.place, disk=disk, info=chosen.info)
    return journal


def _trashed(place: Path, *, info: Path | None = None, put_back: bool = False) -> Trashed | None:
    """What lies in a folder of ours; None if nothing, or if an operation is under way there."""
    record = trash_record.read(place)
    try:
        names = names_in(place)
    except OSError:
        return None
    if record is None or any(map(is_journal, names)):
        return None
    holds_any = not names.isdisjoint(each.name for each in record.files)
    return Trashed(record, place, info, put_back) if holds_any else None
