"""What goes where, and what must be refused: the decisions of an operation on sets.  Pure.

A plan says every file by its old and its new name; printed, it is the dry run.  Making one reads
the disk (``draft``); carrying one out is ``carry.carry``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from companions.errors import NameCollision, SetRefused
from companions.names import CLIP_SUFFIX, MAX_NAME_BYTES, folded, is_picture, path_fault
from companions.sets.grouping import PictureSet, is_staging, suffix_after
from companions.sets.scan import Scanned

MAX_MEMBERS: Final = 1000
"""Files of one operation: its journal and its line in the log are read and written whole."""


class Operation(StrEnum):
    """What is done to a set; the word stands in journals and in the operation log."""

    MOVE = "move"
    COPY = "copy"
    RENAME = "rename"
    TRASH = "trash"
    RESTORE = "restore"
    REJOIN = "rejoin"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a plan.

    Attributes:
        source: its name in the source folder.
        target: its name in the target folder.
        size_bytes, mtime_ns, inode: the file as it was when the plan was made.
        picture: whether it is the picture, which arrives last and leaves first.
    """

    source: str
    target: str
    size_bytes: int
    mtime_ns: int
    inode: int
    picture: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Every file of one operation between two folders, or within one.

    Attributes:
        operation: what is done.
        source: the folder the files are in; absolute, without symbolic links.
        target: the folder they go to, likewise; the same folder for a rename.
        members: the files in the order in which they arrive (of each set the picture last); they
            leave in the opposite order.
        source_stems, target_stems: the stems to lock in the two folders, as they are spelled.
    """

    operation: Operation
    source: Path
    target: Path
    members: tuple[Member, ...]
    source_stems: tuple[str, ...]
    target_stems: tuple[str, ...]

    @property
    def keeps_source(self) -> bool:
        """Whether the old names stay."""
        return self.operation is Operation.COPY

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(member.size_bytes for member in self.members)

    def to_lock(self) -> tuple[Path, ...]:
        """What ``lock.locked`` has to hold while the plan is carried out."""
        # Any suffix will do: a lock goes by folder and stem.
        found = {self.source / f"{stem}{CLIP_SUFFIX}" for stem in self.source_stems}
        found |= {self.target / f"{stem}{CLIP_SUFFIX}" for stem in self.target_stems}
        return tuple(sorted(found))

    def rows(self) -> Iterator[tuple[Path, Path, int]]:
        """Old path, new path and size in bytes of every file: the dry run."""
        for member in self.members:
            yield self.source / member.source, self.target / member.target, member.size_bytes


class Naming(NamedTuple):
    """One file's old and new name."""

    source: str
    target: str
    picture: bool


def kept_names(chosen: Iterable[PictureSet]) -> tuple[Naming, ...]:
    """Every file of the sets under the name it has; of each set the picture last."""
    return tuple(
        Naming(name, name, picture=name in each.pictures) for each in chosen for name in each.files
    )


def renamed(chosen: PictureSet, *, stem: str) -> tuple[Naming, ...]:
    """Every file of the set whose name changes with the new stem; suffixes stay as they are."""
    return tuple(
        Naming(name, stem + suffix_after(chosen.key, name), picture=name in chosen.pictures)
        for name in chosen.files
        if name != stem + suffix_after(chosen.key, name)
    )


def refuse_unfit(folder: Path, chosen: Sequence[PictureSet], *, nested: bool, alone: bool) -> None:
    """Refuse sets that are not clearly one picture and its regular files.

    ``nested``: sets whose names fit another's stem may go, each file with the longest stem that
    fits; unless ``alone``, all of them have to be among ``chosen``.

    Raises:
        NameCollision: two pictures share their companions.
        SetRefused: a symbolic link or folder is named like a member; two members would be one
            file on another disk; or a picture's companions cannot be told from another's.
    """
    keys = {each.key for each in chosen}
    pictures = {name for each in chosen for name in each.pictures}
    for each in chosen:
        picture = folder / each.picture
        if len(each.pictures) > 1:
            raise NameCollision(
                file=str(folder),
                first=each.pictures[0],
                second=each.pictures[1],
                clip=Path(each.picture).stem + CLIP_SUFFIX,
            )
        for entry in each.blocked:
            raise SetRefused(
                picture=picture,
                why=f"{entry.name!r} is a {entry.kind.value}; only regular files are taken along",
                remedy="Move or remove it by hand, then run the same command again.",
            )
        _refuse_twins(picture, each.files)
        relative = each.within is not None or bool(each.holds)
        together = (each.within is None or each.within in keys) and pictures.issuperset(each.holds)
        if relative and not (nested and (alone or together)):
            others = ", ".join(map(repr, each.holds)) or f"the picture {each.within!r}"
            raise SetRefused(
                picture=picture,
                why=f"its companions cannot be told from those of {others}: one name opens with "
                f"the other's stem and a dot",
                remedy="Rename one of the pictures, or take them together as nested.",
            )


def refuse_stem(picture: Path, *, stem: str) -> None:
    """Refuse a new stem that no picture, or no document, could have.

    Raises:
        SetRefused: names what is wrong with it.
    """
    name = stem + picture.suffix
    fault = "is a path, not a name" if "/" in stem else path_fault(name)
    if fault is None and not is_picture(Path(name)):
        fault = "would be hidden or taken for a mask"
    if fault is None and Path(name).stem != stem:
        fault = "is no stem"
    if fault is not None:
        raise SetRefused(
            picture=picture,
            why=f"the new name {name!r} {fault}",
            remedy="Give a plain name without its suffix, such as 'img_002'.",
        )


def refuse_taken(
    target: Scanned,
    namings: Sequence[Naming],
    *,
    stems: Sequence[str],
    leaving: frozenset[str],
    nested: bool,
) -> None:
    """Refuse new names that are taken in the target folder, on whatever disk it is.

    ``stems`` are the new stems, ``leaving`` the names in that folder that the plan itself takes
    away; ``nested`` as in ``refuse_unfit``.

    Raises:
        NameCollision: a picture there would share the companions.
        SetRefused: another file is in the way, or a name is too long.
    """
    if len(namings) > MAX_MEMBERS:
        raise SetRefused(
            picture=target.folder / namings[0].target,
            why=f"these are {len(namings)} files; one operation takes {MAX_MEMBERS}",
            remedy="Take fewer pictures at once.",
        )
    for naming in namings:
        size = len(naming.target.encode("utf-8", "surrogateescape"))
        if size > MAX_NAME_BYTES:
            raise SetRefused(
                picture=target.folder / naming.target,
                why=f"the new name of {naming.source!r} has {size} bytes; disks take "
                f"{MAX_NAME_BYTES}",
                remedy="Choose a shorter stem; every companion's name needs room as well.",
            )
    new = {folded(stem): stem for stem in stems}
    staying = [
        name
        for name in target.names
        if name not in leaving and not (name.startswith(".") or is_staging(name))
    ]
    for name in staying:
        for prefix in _prefixes(folded(name)):
            if prefix in new:
                raise _in_the_way(target.folder, new[prefix], name)
    _refuse_exact(target.folder, namings, staying=staying, leaving=leaving)
    there = {key: each for key, each in target.found.sets.items() if not leaving & {*each.pictures}}
    for key, stem in new.items():
        for prefix in _prefixes(key):
            if prefix in there and not nested:
                raise SetRefused(
                    picture=target.folder / stem,
                    why=f"its companions could not be told there from those of "
                    f"{there[prefix].picture!r}",
                    remedy="Rename one of the pictures first.",
                )


def _refuse_exact(
    folder: Path, namings: Sequence[Naming], *, staying: Iterable[str], leaving: frozenset[str]
) -> None:
    """No new name may be a name that stays, that another member still has, or another's new one."""
    taken = {folded(name): name for name in staying}
    own = {folded(name): name for name in leaving}
    _refuse_twins(folder / namings[-1].target, [naming.target for naming in namings])
    for naming in namings:
        key = folded(naming.target)
        holder = taken.get(key) or own.get(key, naming.source)
        if holder != naming.source:
            raise _in_the_way(folder, Path(naming.target).stem, holder)


def _in_the_way(folder: Path, stem: str, old: str) -> NameCollision | SetRefused:
    if is_picture(Path(old)) and folded(Path(old).stem) == folded(stem):
        return NameCollision(file=str(folder), first=old, second=stem, clip=stem + CLIP_SUFFIX)
    return SetRefused(
        picture=folder / stem,
        why=f"{old!r} is there already and would be taken for one of its files",
        remedy="Choose another name or folder, or move that file away first; nothing was changed.",
    )


def _refuse_twins(picture: Path, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(folded(name), name)
        if first != name:
            raise SetRefused(
                picture=picture,
                why=f"{first!r} and {name!r} would be one file on some disks",
                remedy="Keep one of the two under another name, then run the same command again.",
            )


def _prefixes(name: str) -> Iterator[str]:
    """Every stem that ``name`` could belong to, the longest first."""
    end = name.rfind(".")
    while end > 0:
        yield name[:end]
        end = name.rfind(".", 0, end)
