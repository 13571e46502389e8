"""A folder as sets: one reading of its names, without opening or following anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from companions.errors import SetRefused
from companions.sets.grouping import Entry, EntryKind, Grouped, group, is_staging


@dataclass(frozen=True, slots=True)
class Scanned:
    """What is in one folder.

    Attributes:
        folder: the folder, absolute and without symbolic links.
        names: every name in it, ours included.
        found: the names, sorted out.
    """

    folder: Path
    names: frozenset[str]
    found: Grouped


def scan(folder: Path) -> Scanned:
    """Read the names in ``folder`` and sort them into sets.

    Raises:
        SetRefused: the folder is missing, no folder, or cannot be read.
    """
    entries, _ = _read(folder)
    return _scanned(folder, entries)


def scan_tree(root: Path) -> Iterator[Scanned]:
    """Every folder below ``root``, and ``root`` itself first, each scanned when its turn comes.

    Hidden folders and those of ``trash`` are left out, symbolic links to folders not followed.

    Raises:
        SetRefused: as ``scan``.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        entries, folders = _read(folder)
        yield _scanned(folder, entries)
        waiting += [folder / name for name in sorted(folders, reverse=True)]


def names_in(folder: Path) -> frozenset[str]:
    """The names in ``folder`` exactly as the disk spells them.

    Raises:
        OSError: the folder is missing or cannot be read.
    """
    with os.scandir(folder) as entries:
        return frozenset(entry.name for entry in entries)


def _scanned(folder: Path, entries: list[Entry]) -> Scanned:
    return Scanned(
        folder=Path(os.path.realpath(folder)),
        names=frozenset(entry.name for entry in entries),
        found=group(entries),
    )


def _read(folder: Path) -> tuple[list[Entry], list[str]]:
    """The entries of ``folder``, and the names of the folders to look into."""
    found, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                kind = _kind(entry)
                found.append(Entry(entry.name, kind))
                hidden = entry.name.startswith(".") or is_staging(entry.name)
                if kind is EntryKind.FOLDER and not hidden:
                    folders.append(entry.name)
    except OSError as error:
        raise SetRefused(
            picture=folder,
            why=f"the folder cannot be read ({error.strerror or error})",
            remedy="Give an existing folder that you may read; nothing was changed.",
        ) from None
    return found, folders


def _kind(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_file(follow_symlinks=False):
        return EntryKind.FILE
    if entry.is_symlink():
        return EntryKind.LINK
    return EntryKind.FOLDER if entry.is_dir(follow_symlinks=False) else EntryKind.OTHER
