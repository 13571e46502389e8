"""One writer at a time for the companions of one picture.

A lock is a small file in the picture's folder, held with ``flock``: between threads, processes
and everything that shares the folder's disk, and freed by the kernel when its holder dies.  It
binds our own programs (selector, sync, fleet) and nobody else; what a person's editor does
meanwhile is noticed by ``seen.replace``.

A lock file that outlived its holder is held by nobody, harmless, and used by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from companions.errors import FileUnwritable, SetBusy
from companions.files import TEMPORARY_PREFIX, reporting_unwritable
from companions.names import collision_key

LOCK_SUFFIX: Final = ".lock"
PATIENCE_S: Final = 10.0
_FIRST_WAIT_S: Final = 0.002
_LONGEST_WAIT_S: Final = 0.1


@contextlib.contextmanager
def locked(*pictures: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the companions of ``pictures`` for the length of a block.

    ``pictures`` are paths of pictures, or of anything with their stem, such as their clips; their
    folders must exist.  Pictures whose names differ only in suffix, letter case or Unicode form
    share one lock.  Several are taken in one order everywhere, so that two holders of several
    never wait for each other.  Not re-entrant: who holds a picture must not ask for it again.

    Raises:
        SetBusy: another holds one of them for longer than ``patience_s`` seconds in all.
        FileUnwritable: a folder is missing or read-only, or cannot hold locks.
    """
    deadline = time.monotonic() + patience_s
    with contextlib.ExitStack() as held:
        for path, picture in _in_order(pictures):
            descriptor = _take(path, deadline=deadline)
            if descriptor is None:
                raise SetBusy(picture=picture, waited_s=patience_s)
            held.callback(_release, path, descriptor)
        yield


def lock_path(picture: Path) -> Path:
    """The lock file of ``picture``'s companions."""
    # A hash, because a stem may be as long as a name can be.
    key = collision_key(picture.name).encode("utf-8", "surrogateescape")
    name = hashlib.sha256(key).hexdigest()[:16]
    return picture.with_name(f"{TEMPORARY_PREFIX}{name}{LOCK_SUFFIX}")


@contextlib.contextmanager
def held_file(path: Path, *, patience_s: float, mode: int = 0o666) -> Iterator[bool]:
    """Hold the lock file ``path``, which stays; tells whether it came free within the patience.

    ``mode`` are its rights (less the umask) where it has to be made.

    Raises:
        FileUnwritable: the folder is missing or read-only, or cannot hold locks.
    """
    descriptor = _take(path, deadline=time.monotonic() + patience_s, mode=mode)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            _let_go(descriptor)


def sweep_locks(folder: Path) -> int:
    """Remove the lock files in ``folder`` that nobody holds any more; returns how many."""
    removed = 0
    for path in sorted(folder.glob(f"{TEMPORARY_PREFIX}*{LOCK_SUFFIX}")):
        with contextlib.suppress(FileUnwritable):  # a sweep is a courtesy
            descriptor = _try(path, creating=None)
            if descriptor is not None:
                _release(path, descriptor)
                removed += not path.exists()
    return removed


def _in_order(pictures: tuple[Path, ...]) -> list[tuple[Path, Path]]:
    """Each lock file once, with one picture it stands for, in the order in which all take them."""
    found: dict[tuple[int, int, str], tuple[Path, Path]] = {}
    for picture in pictures:
        path = lock_path(picture)
        with reporting_unwritable(path):
            # By the folder itself: two spellings of one folder are one lock, asked for once.
            folder = path.parent.stat()
        found.setdefault((folder.st_dev, folder.st_ino, path.name), (path, picture))
    return [found[key] for key in sorted(found)]


def _take(path: Path, *, deadline: float, mode: int = 0o666) -> int | None:
    """The open descriptor of ``path``, locked; None if it did not come free in time."""
    wait_s = _FIRST_WAIT_S
    while (descriptor := _try(path, creating=mode)) is None:
        left_s = deadline - time.monotonic()
        if left_s <= 0.0:
            return None
        time.sleep(min(wait_s, left_s))
        wait_s = min(2.0 * wait_s, _LONGEST_WAIT_S)
    return descriptor


def _try(path: Path, *, creating: int | None) -> int | None:
    with reporting_unwritable(path):
        try:
            descriptor = _open(path, creating=creating)
        except FileNotFoundError:
            if creating is None:
                return None
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last holder removed the file after it was opened here: a lock on it is a lock
            # on nothing, since the next one to come makes a new file.
            if _is_at(path, descriptor):
                return descriptor
        except BlockingIOError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None


def _open(path: Path, *, creating: int | None) -> int:
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | (0 if creating is None else os.O_CREAT)
    try:
        # For writing, because network file systems give exclusive locks on no other descriptor.
        return os.open(path, os.O_RDWR | flags, creating or 0)
    except PermissionError as error:
        # Left by another user who died: whoever may write to the folder may use it all the same.
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        raise error from None


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def _release(path: Path, descriptor: int) -> None:
    # Removed while it is held: later it could be the next holder's file.  A folder that has
    # become read-only keeps it, and that harms nobody.
    with contextlib.suppress(OSError):
        if _is_at(path, descriptor):
            path.unlink()
    _let_go(descriptor)


def _let_go(descriptor: int) -> None:
    # Unlocked by name, and not by closing alone: a process forked meanwhile has it open as well.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
