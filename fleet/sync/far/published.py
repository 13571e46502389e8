"""Published sets: whether they are still as they were published.

A file whose stamp is the one on record is not read again.  What someone changed or removed is
told and never put right here: only what is gone may come back, when the desk offers it again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.sync.far.index import Index, Kept
from fleet.sync.far.tree import Stamp, below, by_folder, hash_of, opened
from fleet.sync.wire.sets import Offer, SetState

NAMED: Final = 100
"""Files that a state names at most."""
NEVER: Final = Stamp(-1, 0, 0, 0)
"""The stamp of no file."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A published set, as it is at this moment.

    Attributes:
        altered: files whose bytes are not those that were published.
        gone: files that are not there, or are no regular files any more.
        news: files that look otherwise than on record.
    """

    altered: tuple[str, ...]
    gone: tuple[str, ...]
    news: tuple[Kept, ...]


def folder_of(inbox: Path, label: str, set_id: str) -> Path:
    """Where a published set lies."""
    return inbox / label / set_id


def files_of(offer: Offer) -> list[Kept]:
    """All files of the offered set, the manifest's own included, as not looked at yet."""
    manifest = Kept(offer.manifest_name, _digest(offer), altered=False, stamp=NEVER)
    members = (Kept(m.path, m.sha256, altered=False, stamp=NEVER) for m in offer.members)
    return [manifest, *members]


def look(folder: Path, files: Sequence[Kept]) -> Looked | None:
    """How ``files`` are in the published set ``folder``; None if the folder is not there."""
    altered: list[str] = []
    gone: list[str] = []
    news: list[Kept] = []
    try:
        with opened(folder) as root:
            for where, names in by_folder(files).items():
                with below(root, where) as descriptor:
                    for name, file in names.items():
                        now = _now(name, file, folder=descriptor)
                        if now is None:
                            gone.append(file.path)
                            continue
                        if now != file:
                            news.append(now)
                        if now.altered:
                            altered.append(file.path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Looked(tuple(altered), tuple(gone), tuple(news))


def _now(name: str, file: Kept, *, folder: int | None) -> Kept | None:
    if folder is None:
        return None
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    stamp = Stamp.of(there)
    if stamp == file.stamp:
        return file
    found = hash_of(name, folder=folder)
    if found is None:  # someone put a folder or a link there, or took the right to read it
        return file._replace(altered=True, stamp=stamp)
    return file._replace(altered=found[0] != file.sha256, stamp=found[1].stamp)


def states(inbox: Path, *, index: Index, label: str, set_ids: Sequence[str]) -> list[SetState]:
    """How those of these sets stand that are there and on record.

    A set that is there and not on record is left out: offered, it is read and taken as it is.

    Raises:
        SyncRecordUnusable: the index cannot be used.
    """
    submitted = index.submitted(inbox=inbox, label=label, set_ids=set_ids)
    found: list[SetState] = []
    for set_id, files in index.sets(inbox=inbox, label=label, set_ids=set_ids).items():
        looked = look(folder_of(inbox, label, set_id), files)
        if looked is None:
            continue
        if looked.news:
            index.refresh(inbox=inbox, label=label, set_id=set_id, files=looked.news)
        found.append(
            SetState(
                set_id=set_id,
                intact=not looked.altered and not looked.gone,
                submitted=set_id in submitted,
                altered=looked.altered[:NAMED],
                gone=looked.gone[:NAMED],
            )
        )
    return found


def _digest(offer: Offer) -> str:
    return hashlib.sha256(offer.manifest.encode()).hexdigest()
