"""Which files belong together: names of one folder to sets.  Pure.

A set is one picture and every file whose name starts with the picture's stem and a dot.  Stems
are compared as the most forgetful disk would (``names.folded``), so that a companion whose stem
is spelled in another case or Unicode form still belongs.

What only looks like a member (a symbolic link, a folder, a pipe) is told, never followed, and
keeps its set from being moved.  Hidden files are nobody's members, and nor are the folders of
``trash``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from companions.names import (
    CAPTION_SUFFIX,
    CLIP_SUFFIX,
    DEPTH_SUFFIXES,
    FFV1_SUFFIX,
    MANIFEST_SUFFIX,
    MASK_SUFFIX,
    META_SUFFIX,
    MOTION_SUFFIX,
    PRORES_SUFFIX,
    REVIEW_SUFFIX,
    SIGNAL_MASK_SUFFIX,
    SIGNAL_SUFFIX,
    folded,
    is_picture,
)

JOURNAL_PREFIX: Final = ".motionfleet-journal-"
JOURNAL_SUFFIX: Final = ".json"
STAGING_INFIX: Final = ".motionfleet-trash-"

COMPANION_SUFFIXES: Final = (
    MOTION_SUFFIX,
    MANIFEST_SUFFIX,
    META_SUFFIX,
    REVIEW_SUFFIX,
    *DEPTH_SUFFIXES,
    SIGNAL_SUFFIX,
    SIGNAL_MASK_SUFFIX,
    CLIP_SUFFIX,
    PRORES_SUFFIX,
    FFV1_SUFFIX,
    CAPTION_SUFFIX,
    MASK_SUFFIX,
)
"""What tells a companion without its picture; beside its picture, any suffix does."""


class EntryKind(StrEnum):
    """What a name in a folder stands for."""

    FILE = "file"
    LINK = "symbolic link"
    FOLDER = "folder"
    OTHER = "special file"


class Entry(NamedTuple):
    """One name in a folder."""

    name: str
    kind: EntryKind = EntryKind.FILE


@dataclass(frozen=True, slots=True)
class PictureSet:
    """One picture and its companions.

    Attributes:
        key: the stem as every disk compares it (``names.folded``).
        pictures: the picture; more than one is a collision, which must be resolved first.
        companions: every other regular file of the set, sorted.
        blocked: names that look like members but are no regular files, sorted.
        within: the longest stem (folded) of another picture that this picture's name also fits:
            ``a`` for ``a.001.jpg`` beside ``a.jpg``.  Whose companion ``a.001.motion.json`` is
            cannot be told from names alone.
        holds: the pictures whose ``within`` is this set, or lies within it.
    """

    key: str
    pictures: tuple[str, ...]
    companions: tuple[str, ...] = ()
    blocked: tuple[Entry, ...] = ()
    within: str | None = None
    holds: tuple[str, ...] = ()

    @property
    def picture(self) -> str:
        """The picture's name; of a collision, the first."""
        return self.pictures[0]

    @property
    def files(self) -> tuple[str, ...]:
        """Every regular file of the set: companions first, pictures last."""
        irregular = {entry.name for entry in self.blocked}
        return self.companions + tuple(name for name in self.pictures if name not in irregular)


@dataclass(frozen=True, slots=True)
class OrphanSet:
    """Companions whose picture is not in the folder.

    Attributes:
        key: their stem, folded.
        stem: their stem as the first of them spells it.
        files: the companions, sorted; other files with that stem are not known to be any.
        blocked: names like theirs that are no regular files, sorted.
    """

    key: str
    stem: str
    files: tuple[str, ...]
    blocked: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouped:
    """The names of one folder, sorted out.

    Attributes:
        sets: by key.
        orphans: by key.
        manifests: batch manifests: they belong to no one picture.
        journals: journals of operations under way, or interrupted.
    """

    sets: dict[str, PictureSet]
    orphans: dict[str, OrphanSet]
    manifests: tuple[str, ...]
    journals: tuple[str, ...]

    def set_of(self, picture: str) -> PictureSet | None:
        """The set to which the picture of that name belongs, or None without such a picture."""
        found = self.sets.get(folded(Path(picture).stem))
        return found if found is not None and picture in found.pictures else None


def group(entries: Iterable[Entry]) -> Grouped:
    """Sort the entries of one folder into sets, orphans, batch manifests and journals."""
    entries = sorted(entries)
    visible = [
        entry
        for entry in entries
        if not (
            entry.name.startswith(".")
            or (entry.kind is EntryKind.FOLDER and is_staging(entry.name))
        )
    ]
    pictures = _pictures(visible)
    members: defaultdict[str, list[str]] = defaultdict(list)
    blocked: defaultdict[str, list[Entry]] = defaultdict(list)
    strays: list[Entry] = []
    chosen = {name for names in pictures.values() for name in names}
    for entry in visible:
        regular = entry.kind is EntryKind.FILE
        if regular and entry.name in chosen:
            continue
        key = _longest_stem(folded(entry.name), pictures)
        if key is None:
            strays.append(entry)
        elif regular:
            members[key].append(entry.name)
        else:
            blocked[key].append(entry)
    within = {key: outer for key in pictures if (outer := _longest_stem(key, pictures)) is not None}
    holds = _holds(within, pictures)
    orphans, manifests = _orphans(strays)
    return Grouped(
        sets={
            key: PictureSet(
                key=key,
                pictures=tuple(names),
                companions=tuple(members.get(key, ())),
                blocked=tuple(blocked.get(key, ())),
                within=within.get(key),
                holds=tuple(holds.get(key, ())),
            )
            for key, names in pictures.items()
        },
        orphans=orphans,
        manifests=manifests,
        journals=tuple(
            entry.name
            for entry in entries
            if entry.kind is EntryKind.FILE and is_journal(entry.name)
        ),
    )


def is_journal(name: str) -> bool:
    """Whether a name is one of our journals'."""
    return name.startswith(JOURNAL_PREFIX) and name.endswith(JOURNAL_SUFFIX)


def is_staging(name: str) -> bool:
    """Whether a name is that of a folder in which a set lies in the trash, or on its way there."""
    stem, infix, operation_id = name.rpartition(STAGING_INFIX)
    hexadecimal = set(operation_id) <= set("0123456789abcdef")
    return bool(stem and infix) and len(operation_id) == 16 and hexadecimal


def suffix_after(key: str, name: str) -> str:
    """What follows the stem in a member's name: ``.motion.json``.

    ``key`` is the folded stem, which may be longer or shorter than the stem as it is spelled, but
    has as many dots.
    """
    return "." + name.split(".", key.count(".") + 1)[-1]


def _pictures(visible: Iterable[Entry]) -> dict[str, list[str]]:
    """Pictures by key.  What is only named like one counts where there is no real one."""
    regular: defaultdict[str, list[str]] = defaultdict(list)
    irregular: defaultdict[str, list[str]] = defaultdict(list)
    for entry in visible:
        path = Path(entry.name)
        if is_picture(path):
            found = regular if entry.kind is EntryKind.FILE else irregular
            found[folded(path.stem)].append(entry.name)
    return irregular | regular


def _longest_stem(name: str, stems: Collection[str]) -> str | None:
    """The longest of ``stems`` that ``name`` (folded) starts with, followed by a dot."""
    end = name.rfind(".")
    while end > 0:
        if name[:end] in stems:
            return name[:end]
        end = name.rfind(".", 0, end)
    return None


def _holds(within: dict[str, str], pictures: dict[str, list[str]]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key in within:
        outer = within.get(key)
        while outer is not None:
            found[outer] += pictures[key]
            outer = within.get(outer)
    return found


def _orphans(strays: Iterable[Entry]) -> tuple[dict[str, OrphanSet], tuple[str, ...]]:
    """Companions without a picture by key, and the batch manifests among them."""
    stems: dict[str, str] = {}
    certain: list[tuple[str, Entry]] = []
    masks: list[tuple[str, Entry]] = []
    manifests: list[tuple[str, Entry]] = []
    for entry in strays:
        parts = _stem_and_suffix(entry.name)
        if parts is None:
            continue
        stem, suffix = parts
        if suffix == MASK_SUFFIX:
            masks.append((stem, entry))
        elif suffix == MANIFEST_SUFFIX:
            manifests.append((stem, entry))
        else:
            stems.setdefault(folded(stem), stem)
            certain.append((folded(stem), entry))
    for stem, entry in masks:
        # ``X.<word>.mask.png``: of X, where something else tells that there was an X.
        key = _longest_stem(folded(entry.name), stems) or folded(stem)
        certain.append((key, entry))
    stems = {folded(stem): stem for stem, _ in masks} | stems
    certain += [(folded(stem), entry) for stem, entry in manifests if folded(stem) in stems]
    batches = [
        entry.name
        for stem, entry in manifests
        if folded(stem) not in stems and entry.kind is EntryKind.FILE
    ]
    files: defaultdict[str, list[str]] = defaultdict(list)
    blocked: defaultdict[str, list[Entry]] = defaultdict(list)
    for key, entry in certain:
        if entry.kind is EntryKind.FILE:
            files[key].append(entry.name)
        else:
            blocked[key].append(entry)
    orphans = {
        key: OrphanSet(
            key=key,
            stem=stems[key],
            files=tuple(sorted(files.get(key, ()))),
            blocked=tuple(blocked.get(key, ())),
        )
        for key in sorted({*files, *blocked})
    }
    return orphans, tuple(batches)


def _stem_and_suffix(name: str) -> tuple[str, str] | None:
    low = folded(name)
    for suffix in COMPANION_SUFFIXES:
        if low.endswith(suffix) and len(low) > len(suffix):
            # By dots and not by length: folding may have changed that.
            return name.rsplit(".", suffix.count("."))[0], suffix
    return None
