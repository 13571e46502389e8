"""Plans for the things people do with sets: move, copy, rename.  Reads, changes nothing.

A draft is made twice: once to know what to lock, and once more under the lock
(``carry.carry`` takes the function and does so).  Shown instead, it is the dry run.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from companions import codec
from companions.errors import CompanionError, SetRefused
from companions.names import MANIFEST_SUFFIX, folded
from companions.sets.grouping import PictureSet
from companions.sets.plan import (
    Member,
    Naming,
    Operation,
    Plan,
    kept_names,
    refuse_stem,
    refuse_taken,
    refuse_unfit,
    renamed,
)
from companions.sets.scan import Scanned, scan
from companions.video_manifest import VideoManifest


def move(pictures: Sequence[Path], *, into: Path, nested: bool = False) -> Plan:
    """Take the sets of ``pictures``, which lie in one folder, into the folder ``into``.

    Raises:
        SetRefused, NameCollision: it cannot be done so; nothing was changed.
    """
    return _into(Operation.MOVE, pictures, into=into, nested=nested)


def copy(pictures: Sequence[Path], *, into: Path, nested: bool = False) -> Plan:
    """As ``move``, but the old files stay."""
    return _into(Operation.COPY, pictures, into=into, nested=nested)


def rename(picture: Path, *, stem: str, nested: bool = False) -> Plan:
    """Give the set of ``picture`` the new ``stem``; every suffix stays.

    ``nested``: although its files cannot be told from another picture's by name alone; each goes
    with the longest stem that fits.

    Raises:
        SetRefused, NameCollision: it cannot be done so; nothing was changed.
    """
    source = scan(picture.parent)
    (chosen,) = choose(source, [picture])
    refuse_unfit(source.folder, [chosen], nested=nested, alone=True)
    refuse_stem(picture, stem=stem)
    namings = renamed(chosen, stem=stem)
    if not namings:
        raise SetRefused(
            picture=picture,
            why="the picture and its companions have this name already",
            remedy="There is nothing to do.",
        )
    refuse_taken(source, namings, stems=[stem], leaving=frozenset(chosen.files), nested=nested)
    return Plan(
        operation=Operation.RENAME,
        source=source.folder,
        target=source.folder,
        members=members(source.folder, namings),
        source_stems=(Path(chosen.picture).stem,),
        target_stems=(stem,),
    )


def choose(scanned: Scanned, pictures: Iterable[Path]) -> tuple[PictureSet, ...]:
    """The sets of ``pictures`` in the scanned folder, each once.

    Raises:
        SetRefused: one is no picture there.
    """
    chosen: dict[str, PictureSet] = {}
    for picture in pictures:
        found = scanned.found.set_of(picture.name)
        if found is None:
            raise SetRefused(
                picture=picture,
                why="there is no picture of this name",
                remedy="Name the picture itself, as `fleet companions find` lists it.",
            )
        chosen[found.key] = found
    return tuple(chosen.values())


def members(folder: Path, namings: Iterable[Naming]) -> tuple[Member, ...]:
    """The named files in ``folder`` as they are now.

    Raises:
        SetRefused: one is gone or no regular file any more.
    """
    return tuple(_member(folder, naming) for naming in namings)


def manifests_left_behind(plan: Plan) -> tuple[str, ...]:
    """In words, the manifests in the source folder with paths that the plan puts an end to.

    Reads every manifest there, so it is for showing a plan, not for carrying it out.
    """
    if plan.keeps_source:
        return ()
    going = {member.source for member in plan.members}
    pictures = {folded(member.source) for member in plan.members if member.picture}
    notes: list[str] = []
    for name in sorted(scan(plan.source).names):
        if name.startswith(".") or not folded(name).endswith(MANIFEST_SUFFIX):
            continue
        path = plan.source / name
        try:
            paths = [shot.image_path for shot in codec.read(path, VideoManifest).shots]
        except CompanionError:
            notes.append(f"{path}: cannot be read, so it may name what goes")
            continue
        # A manifest that goes along takes the paths to its fellow travellers with it, and loses
        # the others.
        goes_along = name in going and plan.source != plan.target
        lost = [each for each in paths if (folded(each) in pictures) != goes_along]
        notes += [f"{path}: names {each!r}, which will not be there any more" for each in lost]
    return tuple(notes)


def _into(operation: Operation, pictures: Sequence[Path], *, into: Path, nested: bool) -> Plan:
    source, target = scan(_one_folder(pictures)), scan(into)
    if source.folder.samefile(target.folder):
        raise SetRefused(
            picture=pictures[0],
            why=f"it lies in {into} already",
            remedy="Give another folder, or rename it.",
        )
    chosen = choose(source, pictures)
    refuse_unfit(source.folder, chosen, nested=nested, alone=False)
    namings = kept_names(chosen)
    stems = tuple(Path(each.picture).stem for each in chosen)
    refuse_taken(target, namings, stems=stems, leaving=frozenset(), nested=nested)
    return Plan(
        operation=operation,
        source=source.folder,
        target=target.folder,
        members=members(source.folder, namings),
        source_stems=stems,
        target_stems=stems,
    )


def _one_folder(pictures: Sequence[Path]) -> Path:
    folders = {picture.parent for picture in pictures}
    if len(folders) != 1:
        raise SetRefused(
            picture=pictures[0] if pictures else Path(),
            why=f"pictures from {len(folders)} folders cannot be taken at once",
            remedy="Name pictures of one folder.",
        )
    return folders.pop()


def _member(folder: Path, naming: Naming) -> Member:
    path = folder / naming.source
    try:
        found = path.lstat()
    except OSError as error:
        raise _gone(path, error.strerror or str(error)) from None
    if not stat.S_ISREG(found.st_mode):
        raise _gone(path, "it is no regular file")
    return Member(
        source=naming.source,
        target=naming.target,
        size_bytes=found.st_size,
        mtime_ns=found.st_mtime_ns,
        inode=found.st_ino,
        picture=naming.picture,
    )


def _gone(path: Path, why: str) -> SetRefused:
    return SetRefused(
        picture=path,
        why=f"another program changed the folder meanwhile ({why})",
        remedy="Run the same command again; nothing was changed.",
    )
