"""What is not in order among the pictures and companions of a folder, and what mends it.

Nothing is changed, and no picture is read unless ``hashes`` asks for it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import quote

from companions import files, kinds, validation
from companions.errors import CompanionError, DocumentInvalid
from companions.motion import MotionCompanion
from companions.named_files import named_files
from companions.names import CLIP_SUFFIX, META_SUFFIX, folded, path_fault
from companions.sets.grouping import PictureSet, is_staging
from companions.sets.rejoin import hash_claim
from companions.sets.restore import put_back
from companions.sets.scan import Scanned, scan, scan_tree
from companions.video_manifest import VideoManifest
from companions.video_meta import VideoMeta


class FindingKind(StrEnum):
    """What a finding is; a stable word for machines."""

    ORPHAN = "orphan"  #: companions without their picture
    COLLISION = "collision"  #: two pictures share their companions
    NESTED = "nested"  #: one picture's name opens with another's stem and a dot
    BLOCKED = "blocked"  #: a link or folder is named like a companion
    UNFINISHED = "unfinished"  #: an operation was interrupted
    PUT_BACK = "put_back"  #: a set was taken out of the trash by hand
    UNREADABLE = "unreadable"  #: a companion breaks its contract
    CHANGED = "changed"  #: a companion was made for another version of its picture
    NO_META = "no_meta"  #: a clip without the meta that commits it
    NO_CLIP = "no_clip"  #: a meta whose clip is gone
    NO_PICTURE = "no_picture"  #: a document names a picture, mask or the like that is gone
    NAME = "name"  #: a name that no document may hold


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that needs attention.

    Attributes:
        kind: what it is.
        files: the paths it is about.
        what: in words.
        remedy: what mends it, as a command where there is one.
    """

    kind: FindingKind
    files: tuple[Path, ...]
    what: str
    remedy: str


def check(
    folder: Path,
    *,
    recursive: bool = False,
    hashes: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[Finding]:
    """Everything in ``folder`` that needs attention.

    ``hashes``: read every picture that has companions, to see whether it is still the one they
    were made for.  ``progress`` is told how many names were looked at, and how many there are so
    far.

    Raises:
        SetRefused: the folder cannot be read.
    """
    done = total = 0
    for here in scan_tree(folder) if recursive else [scan(folder)]:
        total += len(here.names)
        yield from _grouping(here)
        for each in here.found.sets.values():
            yield from _set(here, each, hashes=hashes)
            done += len(each.pictures) + len(each.companions)
            if progress is not None:
                progress(done, total)
        for name in here.found.manifests:
            yield from _document(here.folder / name)
        for orphans in here.found.orphans.values():
            for name in orphans.files:
                yield from _document(here.folder / name, orphan=True)


def _grouping(here: Scanned) -> Iterator[Finding]:
    """What names alone tell."""
    folder, found = here.folder, here.found
    for name in found.journals:
        yield Finding(
            FindingKind.UNFINISHED,
            (folder / name,),
            "an operation was interrupted; nothing of it is lost",
            f"fleet companions resume {_arg(folder)}",
        )
    for item in put_back(folder) if any(map(is_staging, here.names)) else ():
        yield Finding(
            FindingKind.PUT_BACK,
            (item.place,),
            f"the set of {item.record.picture!r} was taken out of the trash and lies in a folder",
            f"fleet companions restore {_arg(item.picture)}",
        )
    for orphans in found.orphans.values():
        yield Finding(
            FindingKind.ORPHAN,
            tuple(folder / name for name in orphans.files),
            f"no picture here has the stem {orphans.stem!r}",
            f"fleet companions rejoin {_arg(folder)}",
        )


def _set(here: Scanned, each: PictureSet, *, hashes: bool) -> Iterator[Finding]:
    """One picture and its companions."""
    folder = here.folder
    pictures = tuple(folder / name for name in each.pictures)
    rename = f"fleet companions rename {_arg(pictures[-1])} NEW_STEM"
    if len(pictures) > 1:
        yield Finding(
            FindingKind.COLLISION,
            pictures,
            "these share their companions: their names differ in no more than suffix, letter case "
            "or Unicode form",
            f"mv -n -- {_arg(pictures[-1])} {_arg(pictures[-1].with_stem('NEW_STEM'))}, and those "
            f"companions with it that are its own",
        )
    if each.within is not None:
        outer = folder / here.found.sets[each.within].picture
        yield Finding(
            FindingKind.NESTED,
            (*pictures, outer),
            f"{each.picture!r} opens with the stem of {outer.name!r} and a dot, so names alone do "
            f"not tell whose companions are whose",
            f"{rename} --nested",
        )
    for entry in each.blocked:
        yield Finding(
            FindingKind.BLOCKED,
            (folder / entry.name,),
            f"a {entry.kind.value} is named like a file of {each.picture!r}, which keeps the set "
            f"from being moved",
            f"mv -n -- {_arg(folder / entry.name)} ELSEWHERE",
        )
    for name in each.pictures:
        # Disks of Macs keep accents decomposed; documents spell them composed.
        fault = path_fault(unicodedata.normalize("NFC", name))
        if fault is not None:
            yield Finding(
                FindingKind.NAME,
                (folder / name,),
                f"the name {fault}, so no manifest can hold it",
                rename,
            )
    yield from _clip(here, each)
    for name in each.companions:
        yield from _document(folder / name)
    if hashes and len(pictures) == 1 and not each.blocked:
        yield from _hashes(pictures[0], [folder / name for name in each.companions])


def _clip(here: Scanned, each: PictureSet) -> Iterator[Finding]:
    names = {folded(name): name for name in each.companions}
    clip, meta = names.get(each.key + CLIP_SUFFIX), names.get(each.key + META_SUFFIX)
    if clip is not None and meta is None:
        yield Finding(
            FindingKind.NO_META,
            (here.folder / clip,),
            "a clip without a meta is not published: its making was interrupted, or it is foreign",
            f"fleet submit the manifest again, or mv -n -- {_arg(here.folder / clip)} ELSEWHERE",
        )
    if clip is None and meta is not None:
        try:
            facts = validation.validate(here.folder / meta).document
        except CompanionError:
            return  # told as unreadable
        if isinstance(facts, VideoMeta) and facts.clip is not None:
            yield Finding(
                FindingKind.NO_CLIP,
                (here.folder / meta,),
                f"it describes a clip of {facts.clip.size_bytes} bytes that is gone",
                "put the clip back, or fleet submit the manifest again",
            )


def _document(path: Path, *, orphan: bool = False) -> Iterator[Finding]:
    """Whether a companion keeps to its contract, and what it names is there."""
    if kinds.suffix_of(path) is None:
        return
    try:
        loaded = validation.validate(path)
    except CompanionError as error:
        yield Finding(
            FindingKind.UNREADABLE,
            (path,),
            _without_path(error),
            f"correct it until `fleet companions validate {_arg(path)}` accepts it",
        )
        return
    if orphan:
        return
    gone = [name for name in _named(loaded.document) if not (path.parent / name).exists()]
    if gone:
        shown = ", ".join(map(repr, gone[:3])) + (" and more" if len(gone) > 3 else "")
        yield Finding(
            FindingKind.NO_PICTURE,
            (path,),
            f"it names {len(gone)} of its files by paths where nothing is: {shown}",
            f"put them back, or write it again: selector manifest {_arg(path.parent)}",
        )


def _named(document: object) -> Iterable[str]:
    """The files that a document names by paths relative to its folder."""
    if isinstance(document, VideoManifest):
        for shot in document.shots:
            yield shot.image_path
            yield from (named.path for named in named_files(shot.motion))
    elif isinstance(document, MotionCompanion):
        yield from (named.path for named in named_files(document))


def _hashes(picture: Path, companions: Iterable[Path]) -> Iterator[Finding]:
    claims: dict[Path, str] = {}
    for path in companions:
        try:
            claim = hash_claim(path)
        except CompanionError:
            continue  # told as unreadable
        if claim is not None:
            claims[path] = claim[1]
    if not claims:
        return
    try:
        sha256 = files.sha256_of(picture)
    except OSError as error:
        yield Finding(
            FindingKind.UNREADABLE,
            (picture,),
            f"cannot be read ({error.strerror or error})",
            "check the file and its rights",
        )
        return
    changed = tuple(path for path, claimed in claims.items() if claimed != sha256)
    if changed:
        yield Finding(
            FindingKind.CHANGED,
            (picture, *changed),
            "the picture is not the one that these were made for",
            f"put that picture back, or draw the motion anew: selector propose "
            f"{_arg(picture.parent)} --force",
        )


def _without_path(error: CompanionError) -> str:
    """An error's words, where the file is named beside them already."""
    if isinstance(error, DocumentInvalid):
        return "; ".join(map(str, error.problems[: error.SHOWN]))
    return str(error)


def _arg(path: Path) -> str:
    return quote(str(path))
