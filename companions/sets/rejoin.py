"""Companions whose picture was renamed or moved by hand find it again, by what it holds.

The documents say which bytes they were made for.  Pictures in the folders asked for are hashed,
each once at most and those without companions first; where exactly one is the picture of an
orphan set, the companions take its stem and go to its folder.  Whatever is not certain is told,
and left as it is.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from companions import files, kinds, validation
from companions.errors import CompanionChanged, CompanionError, SetRefused
from companions.motion import MotionCompanion
from companions.names import MAX_NAME_BYTES, folded
from companions.review import Review
from companions.sets.draft import members
from companions.sets.grouping import OrphanSet, suffix_after
from companions.sets.plan import Naming, Operation, Plan
from companions.sets.scan import Scanned, names_in, scan, scan_tree
from companions.video_manifest import VideoManifest
from companions.video_meta import VideoMeta


@dataclass(frozen=True, slots=True)
class Orphans:
    """Companions of one stem without their picture.

    Attributes:
        folder: where they are.
        found: their names.
        sha256: of the picture they were made for.
    """

    folder: Path
    found: OrphanSet
    sha256: str


@dataclass(frozen=True, slots=True)
class Rejoining:
    """Orphans, and the one picture that is theirs."""

    orphans: Orphans
    picture: Path

    def namings(self) -> tuple[Naming, ...]:
        """The companions under their new names."""
        stem, found = self.picture.stem, self.orphans.found
        return tuple(
            Naming(name, stem + suffix_after(found.key, name), picture=False)
            for name in found.files
        )


@dataclass(frozen=True, slots=True)
class Unjoined:
    """Orphans that were left as they are.

    Attributes:
        folder: where they are.
        files: their names.
        error: why, in words.
    """

    folder: Path
    files: tuple[str, ...]
    error: CompanionError


@dataclass(frozen=True, slots=True)
class Found:
    """What became of every orphan set.

    Attributes:
        rejoining: those that have one picture.
        unjoined: those that were left.
        hashed: how many pictures were read.
    """

    rejoining: tuple[Rejoining, ...]
    unjoined: tuple[Unjoined, ...]
    hashed: int


def find(
    folders: Sequence[Path],
    *,
    recursive: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Found:
    """Look for the pictures of all orphans in ``folders``; changes nothing.

    ``progress`` is told how many pictures were read, and how many there are at most.

    Raises:
        SetRefused: a folder cannot be read.
    """
    scanned = _scanned(folders, recursive=recursive)
    wanted: list[Orphans] = []
    unjoined: list[Unjoined] = []
    for here in scanned:
        for each in here.found.orphans.values():
            try:
                wanted.append(Orphans(here.folder, each, _claimed(here.folder, each)))
            except CompanionError as error:
                unjoined.append(Unjoined(here.folder, each.files, error))
    pictures = _Pictures(scanned, progress=progress)
    rejoining: list[Rejoining] = []
    taken = {here.folder: {folded(name) for name in here.names} for here in scanned}
    for orphans in wanted:
        try:
            one = Rejoining(orphans, pictures.of(orphans))
            _refuse_conflict(one, taken=taken[one.picture.parent])
        except CompanionError as error:
            unjoined.append(Unjoined(orphans.folder, orphans.found.files, error))
            continue
        taken[one.picture.parent] |= {folded(naming.target) for naming in one.namings()}
        rejoining.append(one)
    return Found(tuple(rejoining), tuple(unjoined), pictures.hashed)


def draft(one: Rejoining) -> Plan:
    """Take the companions to their picture.

    Raises:
        SetRefused: it cannot be done so; nothing was changed.
        CompanionChanged: the picture is gone, or no longer the one.
        FileUnwritable: its folder cannot be read.
    """
    try:
        same = files.sha256_of(one.picture) == one.orphans.sha256
    except OSError:
        same = False
    if not same:
        raise CompanionChanged(path=one.picture, how="was changed or taken away")
    with files.reporting_unwritable(one.picture.parent):
        taken = {folded(name) for name in names_in(one.picture.parent)}
    _refuse_conflict(one, taken=taken)
    return Plan(
        operation=Operation.REJOIN,
        source=one.orphans.folder,
        target=one.picture.parent,
        members=members(one.orphans.folder, one.namings()),
        source_stems=(one.orphans.found.stem,),
        target_stems=(one.picture.stem,),
    )


def hash_claim(path: Path) -> tuple[str, str] | None:
    """What the document at ``path`` says of its picture's bytes: the field, and the SHA-256 there.

    Raises:
        CompanionError: the document cannot be used.
    """
    if kinds.suffix_of(path) is None:
        return None
    loaded = validation.validate(path)
    match loaded.document:
        case MotionCompanion() as motion:
            return "image.sha256", motion.image.sha256
        case VideoMeta() as meta:
            return "recipe.image_sha256", meta.recipe.image_sha256
        case Review() as review:
            return "image_sha256", review.image_sha256
        case VideoManifest() as manifest if len(manifest.shots) == 1 and loaded.version > 0:
            return "shots[0].sha256", manifest.shots[0].sha256  # version 0 has no hashes
    return None


class _Pictures:
    """The pictures of some folders by what they hold; each is read when it must be, and once."""

    def __init__(
        self, scanned: Iterable[Scanned], *, progress: Callable[[int, int], object] | None
    ) -> None:
        bare: list[Path] = []
        clothed: list[Path] = []
        for here in scanned:
            for each in here.found.sets.values():
                if len(each.pictures) == 1 and not each.blocked:
                    (clothed if each.companions else bare).append(here.folder / each.picture)
        self._waiting = [bare, clothed]
        self._total = len(bare) + len(clothed)
        self._by_hash: defaultdict[str, list[Path]] = defaultdict(list)
        self._progress = progress
        self.hashed = 0

    def of(self, orphans: Orphans) -> Path:
        """The one picture that the orphans were made for.

        Raises:
            SetRefused: there is none, or more than one.
        """
        while not self._by_hash[orphans.sha256] and self._waiting:
            self._read(self._waiting.pop(0))
        found = self._by_hash[orphans.sha256]
        if len(found) == 1:
            return found[0]
        picture = orphans.folder / orphans.found.stem
        if not found:
            raise SetRefused(
                picture=picture,
                why="no picture here holds the bytes that its companions were made for",
                remedy="Give the folder that it was moved to as well.",
            )
        raise SetRefused(
            picture=picture,
            why=f"{len(found)} pictures hold the bytes that its companions were made for: "
            f"{', '.join(map(str, found))}",
            remedy="Rename the companions to the one you mean.",
        )

    def _read(self, pictures: Iterable[Path]) -> None:
        for picture in pictures:
            try:
                self._by_hash[files.sha256_of(picture)].append(picture)
            except OSError:
                continue  # what cannot be read is nobody's picture; ``check`` tells of it
            finally:
                self.hashed += 1
                if self._progress is not None:
                    self._progress(self.hashed, self._total)


def _scanned(folders: Sequence[Path], *, recursive: bool) -> list[Scanned]:
    found: dict[Path, Scanned] = {}
    for folder in folders:
        for here in scan_tree(folder) if recursive else [scan(folder)]:
            found.setdefault(here.folder, here)
    return list(found.values())


def _claimed(folder: Path, orphans: OrphanSet) -> str:
    """The SHA-256 of the picture that all documents of a stem were made for.

    Raises:
        CompanionError: none says, or they do not agree.
    """
    where = folder / orphans.stem
    for entry in orphans.blocked:
        raise SetRefused(
            picture=where,
            why=f"{entry.name!r} is a {entry.kind.value}; only regular files are taken along",
            remedy="Move or remove it by hand.",
        )
    claims: dict[str, str] = {}
    unusable: CompanionError | None = None
    for name in orphans.files:
        try:
            claim = hash_claim(folder / name)
        except CompanionError as error:
            unusable = error  # the others say enough, or else this is the reason
            continue
        if claim is not None:
            claims[f"{name}: {claim[0]}"] = claim[1]
    if not claims and unusable is not None:
        raise unusable
    if not claims:
        raise SetRefused(
            picture=where,
            why="none of its companions says which picture it was made for",
            remedy="Rename them to their picture by hand.",
        )
    if len(set(claims.values())) > 1:
        told = ", ".join(f"{place} {sha256[:12]}" for place, sha256 in claims.items())
        raise SetRefused(
            picture=where,
            why=f"its companions were made for different pictures ({told})",
            remedy="Rename each to its own picture by hand.",
        )
    return next(iter(claims.values()))


def _refuse_conflict(one: Rejoining, *, taken: Set[str]) -> None:
    """Refuse new names that are ``taken`` (folded) in the picture's folder, or too long."""
    for naming in one.namings():
        if folded(naming.target) in taken:
            raise SetRefused(
                picture=one.picture,
                why=f"it has {naming.target!r} already, so {naming.source!r} is not put there",
                remedy="Keep one of the two, then run the same command again.",
            )
        if len(os.fsencode(naming.target)) > MAX_NAME_BYTES:
            raise SetRefused(
                picture=one.picture,
                why=f"the new name of {naming.source!r} has more than {MAX_NAME_BYTES} bytes",
                remedy="Give the picture a shorter name first.",
            )
