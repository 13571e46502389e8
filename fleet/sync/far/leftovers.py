"""Where sets arrive, and what tries that were given up or killed have left there."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fleet.ledger.lock import ProcessLock
from fleet.sync.far.offer import PARTIAL
from fleet.sync.far.tree import below, make_below, mark_of, names_in, remove
from fleet.sync.wire.sets import Member

ARRIVING: Final = ".arriving"
LOCKS: Final = ".locks"
"""Not among the arriving sets: a restricted key may write there, but must not free a lock."""
KEPT_S: Final = 30 * 86400.0
"""How long a set that nobody offers again may lie half-arrived."""
_ORPHAN: Final = re.compile(r"\.(?P<name>.+)\.[A-Za-z0-9]{6}")


def lock_of(inbox: Path, set_id: str) -> ProcessLock:
    """The lock that whoever takes a set in holds."""
    return ProcessLock(inbox / LOCKS / f"{set_id}.lock")


def keep_half(folder: int, names: Mapping[str, Member]) -> None:
    """Let rsync go on from what it wrote when it was killed, the largest part of each file.

    Killed itself, it leaves a half-written file under a name that it never looks at again.

    Raises:
        OSError: the disk refuses.
    """
    for orphan in sorted(names_in(folder)):
        match = _ORPHAN.fullmatch(orphan)
        if match is None or match["name"] not in names or orphan in names:
            continue
        found = mark_of(orphan, folder=folder)
        if found is None or not found.stamp.size:
            remove(orphan, folder=folder)
            continue
        make_below(folder, PARTIAL, ours=True)
        with below(folder, PARTIAL) as partial:
            if partial is None:
                continue
            before = mark_of(match["name"], folder=partial)
            if before is not None and before.stamp.size >= found.stamp.size:
                remove(orphan, folder=folder)
            else:
                remove(match["name"], folder=partial)
                os.rename(orphan, match["name"], src_dir_fd=folder, dst_dir_fd=partial)


def sweep_old(inbox: Path, *, now: float) -> list[str]:
    """Remove half-arrived sets that nobody has offered for 30 days; their ids.

    One that cannot be removed is left for another day: nothing depends on it.
    """
    removed: list[str] = []
    with contextlib.suppress(OSError):
        for folder in sorted((inbox / ARRIVING).iterdir()):
            with contextlib.suppress(OSError):
                if now - folder.lstat().st_mtime > KEPT_S and _removed(inbox, folder):
                    removed.append(folder.name)
    return removed


def _removed(inbox: Path, folder: Path) -> bool:
    lock = lock_of(inbox, folder.name)
    if not lock.acquire():
        return False
    try:
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink()
    finally:
        lock.remove()
    return True
