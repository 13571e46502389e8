"""A journal's files to their new names, and back: every step may be repeated after a crash.

``forward`` first gives every file its new name beside the old one, companions first; only when
all are there do the old names go, the picture's first.  A name that is taken is never written
over, and an old name goes only while its file is the one that was planned.  ``undo`` takes the
new names away again, and refuses to where that could lose anything.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Set
from enum import StrEnum
from pathlib import Path

from companions import files
from companions.errors import CompanionChanged, MoveUnfinished, SetRefused
from companions.names import folded
from companions.sets.disk import CHUNK_BYTES, NO_LINK, Disk, sha256_on_disk
from companions.sets.journal import Journal
from companions.sets.plan import Member
from companions.sets.scan import names_in


class Side(StrEnum):
    """What lies under a name, compared with what was planned."""

    PLANNED = "planned"  #: the file, byte for byte
    OTHER = "other"  #: something else
    GONE = "gone"  #: nothing


def forward(journal: Journal, *, disk: Disk, made: set[Member]) -> None:
    """Carry a journal to its end; ``made`` takes up every member that has its new name.

    What ``made`` holds at the start is known to be there already.

    Raises:
        CompanionChanged: a file changed, or is gone, before it had its new name.
        SetRefused: something else took a new name.
        MoveUnfinished: a file changed after that: both versions are kept.
        FileUnwritable: a folder or disk refuses.
    """
    plan = journal.plan
    for member, sha256 in journal.items:
        if member not in made:
            target = plan.target / member.target
            with files.reporting_unwritable(target):
                _arrive(journal, member, sha256, disk=disk)
            made.add(member)
    with files.reporting_unwritable(plan.target):
        disk.flush_folder(plan.target)
    if plan.keeps_source:
        return
    with files.reporting_unwritable(plan.source):
        for member, sha256 in journal.items:
            _refuse_leaving(journal, member, sha256)
        for member, sha256 in reversed(journal.items):
            _leave(journal, member, sha256, disk=disk)
        disk.flush_folder(plan.source)


def arrived(journal: Journal) -> set[Member]:
    """The members whose bytes lie under their new names.

    Raises:
        FileUnwritable: a folder cannot be read.
    """
    with files.reporting_unwritable(journal.plan.target):
        return {
            member
            for member, sha256 in journal.items
            if _is_linked(journal, member) or target_side(journal, member, sha256) is Side.PLANNED
        }


def undo(journal: Journal, *, disk: Disk, made: Set[Member]) -> bool:
    """Take the new names of ``made`` away again; False, and nothing done, if that could lose any.

    Raises:
        FileUnwritable: a folder or disk refuses; some of the new names may be gone.
    """
    plan, back = journal.plan, list[Member]()
    with files.reporting_unwritable(plan.target):
        for member, sha256 in journal.items:
            if member not in made or _is_linked(journal, member):
                back += [member] if member in made else []
                continue
            there = target_side(journal, member, sha256)
            if there is Side.GONE:
                continue
            if source_side(journal, member, sha256) is not Side.PLANNED:
                return False
            if there is Side.PLANNED:
                back.append(member)  # anything else is another program's by now
        for member in reversed(back):
            source, target = plan.source / member.source, plan.target / member.target
            if _entries(journal, member)[0]:
                disk.remove(target)
            else:
                disk.respell(target, source)
        clear_temporaries(journal, disk=disk)
        disk.flush_folder(plan.target)
    return True


def clear_temporaries(journal: Journal, *, disk: Disk) -> None:
    """Remove what copies interrupted half way left.

    Raises:
        OSError: the folder refuses.
    """
    for name in names_in(journal.plan.target):
        if name.startswith(journal.temporary_prefix):
            disk.remove(journal.plan.target / name)


def source_side(journal: Journal, member: Member, sha256: str) -> Side:
    """What lies under a member's old name.

    Raises:
        OSError: it cannot be read.
    """
    return _side(journal.plan.source / member.source, member, sha256, known_by_stat=True)


def target_side(journal: Journal, member: Member, sha256: str) -> Side:
    """What lies under a member's new name.

    Raises:
        OSError: it cannot be read.
    """
    if not _entries(journal, member)[1]:
        return Side.GONE  # if anything answers to the name, it is the old one
    target = journal.plan.target / member.target
    return _side(target, member, sha256, known_by_stat=False)


def _side(path: Path, member: Member, sha256: str, *, known_by_stat: bool) -> Side:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return Side.GONE
    if not stat.S_ISREG(found.st_mode) or found.st_size != member.size_bytes:
        return Side.OTHER
    if known_by_stat and _same(found, member):
        return Side.PLANNED
    # By content: some disks number their files anew at every mount, and a new time alone loses
    # nothing.
    return Side.PLANNED if files.sha256_of(path) == sha256 else Side.OTHER


def _same(found: os.stat_result, member: Member) -> bool:
    now = (found.st_size, found.st_mtime_ns, found.st_ino)
    return now == (member.size_bytes, member.mtime_ns, member.inode)


def _entries(journal: Journal, member: Member) -> tuple[bool, bool]:
    """Whether the old and the new name are there, each as an entry of its own.

    Within a folder that folds case they may be one entry, which answers to both names: removing
    the old one would remove the file.
    """
    plan = journal.plan
    if plan.source != plan.target:
        source, target = plan.source / member.source, plan.target / member.target
        return os.path.lexists(source), os.path.lexists(target)
    listed, pair = names_in(plan.source), (member.source, member.target)
    if folded(member.source) != folded(member.target):
        # Some disks write a name in another Unicode form than they were given.
        listed, pair = frozenset(map(folded, listed)), (folded(pair[0]), folded(pair[1]))
    return pair[0] in listed, pair[1] in listed


def _is_linked(journal: Journal, member: Member) -> bool:
    """Whether one file has both names: then either may go, whatever is in it by now."""
    plan = journal.plan
    try:
        source = (plan.source / member.source).lstat()
        target = (plan.target / member.target).lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(source, target) and all(_entries(journal, member))


def _arrive(journal: Journal, member: Member, sha256: str, *, disk: Disk) -> None:
    """Give one member its new name."""
    plan = journal.plan
    source, target = plan.source / member.source, plan.target / member.target
    here = source_side(journal, member, sha256)
    if here is not Side.PLANNED:
        how = "changed" if here is Side.OTHER else "disappeared"
        raise CompanionChanged(path=source, how=how)
    try:
        if plan.keeps_source:
            _copy(journal, member, sha256, disk=disk)
        elif os.path.lexists(target) and _is_respelled(journal, member):
            disk.respell(source, target)
        else:
            _link_or_copy(journal, member, sha256, disk=disk)
    except FileExistsError:
        raise SetRefused(
            picture=target,
            why=f"this name was taken while {member.source!r} was on its way to it",
            remedy="Choose another name or folder, or move that file away first.",
        ) from None


def _is_respelled(journal: Journal, member: Member) -> bool:
    """Whether the disk gives the old file for the new name, which differs in spelling alone."""
    same = folded(member.source) == folded(member.target)
    return same and _entries(journal, member) == (True, False)


def _link_or_copy(journal: Journal, member: Member, sha256: str, *, disk: Disk) -> None:
    source, target = journal.plan.source / member.source, journal.plan.target / member.target
    try:
        disk.link(source, target)
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        _copy(journal, member, sha256, disk=disk)
        return
    if _side(target, member, sha256, known_by_stat=True) is not Side.PLANNED:
        # Another program put a new file under the old name in the moment before the link.
        if os.path.samestat(source.lstat(), target.lstat()):
            disk.remove(target)
        raise CompanionChanged(path=source, how="changed")


def _copy(journal: Journal, member: Member, sha256: str, *, disk: Disk) -> None:
    source, target = journal.plan.source / member.source, journal.plan.target / member.target
    temporary = journal.temporary(member)
    descriptor = disk.begin(temporary)
    try:
        digest = hashlib.sha256()
        with files.open_regular(source) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                disk.append(descriptor, chunk)
        if digest.hexdigest() != sha256:
            raise CompanionChanged(path=source, how="changed")
        if sha256_on_disk(descriptor) != sha256:
            raise OSError(errno.EIO, "what was written does not read back the same")
        disk.finish(descriptor, temporary, like=source)
    finally:
        os.close(descriptor)
    disk.settle(temporary, target)


def _refuse_leaving(journal: Journal, member: Member, sha256: str) -> None:
    """Refuse while nothing is lost: an old name may go only if it is the file that was planned."""
    source, target = journal.plan.source / member.source, journal.plan.target / member.target
    if _is_linked(journal, member):
        return
    if source_side(journal, member, sha256) is Side.OTHER:
        raise MoveUnfinished(
            journal=journal.paths[0],
            why=f"{source} changed while it was on its way; as it was before it is {target}, and "
            f"both are kept",
            remedy="Move the version you do not want out of both folders, then run "
            "`fleet companions resume`.",
        )
    if not os.path.lexists(target):
        raise MoveUnfinished(
            journal=journal.paths[0],
            why=f"{target} disappeared again; {source} is kept",
            remedy="See which program removes files there, then run `fleet companions resume`.",
        )


def _leave(journal: Journal, member: Member, sha256: str, *, disk: Disk) -> None:
    plan = journal.plan
    _refuse_leaving(journal, member, sha256)
    if all(_entries(journal, member)):  # else it is gone, or was respelled
        disk.remove(plan.source / member.source)
