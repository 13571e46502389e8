"""The folder of checkpoints: files that take their name when they are whole, and a sweep.

A file under way is locked (``flock``, which the kernel frees when a process dies), so that a
sweep can tell it from what a killed process left.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from companions import files

SUFFIX: Final = ".frames.nut"
"""How the name of every checkpoint ends."""


class UnnamedFile:
    """A file that has no name yet, hashed while it is written.

    It cannot seek: what was hashed is what is there.

    Attributes:
        digest: the hash, SHA-256, of all that was written.
        size_bytes: how much that is.
    """

    def __init__(self, folder: Path) -> None:
        """Begin a file in ``folder``.

        Raises:
            OSError: the folder refuses.
        """
        self.digest = hashlib.sha256()
        self.size_bytes = 0
        self._temporary, self._descriptor = _begin(folder)

    def write(self, data: bytes) -> int:
        """Append ``data``, all of it.

        Raises:
            OSError: the disk is full or gone, or the file was ended.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self.digest.update(data)
        self.size_bytes += len(data)
        return len(data)

    def take_name(self, path: Path) -> None:
        """End the file, make it durable, and call it ``path``, which is in the same folder.

        Raises:
            OSError: the disk or the folder refuses.
        """
        files.flush_to_disk(self._descriptor)
        self._temporary.replace(path)
        self._close()
        files.flush_folder(path.parent)

    def discard(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._close()

    def _close(self) -> None:
        # Not the number again: by the next write it may belong to another file.
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)


def sweep(folder: Path, *, wanted: Iterable[Path]) -> tuple[Path, ...]:
    """Remove the checkpoints in ``folder`` that are not ``wanted``, and what killed writers left.

    A file that is still being written stays.  One that is finished, but that the caller has not
    heard of yet, is removed; its frames are made again if they are needed.  Files of any other
    name stay.  A missing folder holds nothing.

    Returns:
        What was removed, sorted.

    Raises:
        FileUnwritable: the folder refuses.
    """
    known = {path.name for path in wanted}
    removed: list[Path] = []
    with files.reporting_unwritable(folder):
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            if path.name not in known:
                path.unlink(missing_ok=True)
                removed.append(path)
        temporaries = sorted(folder.glob(f"{files.TEMPORARY_PREFIX}*{files.TEMPORARY_SUFFIX}"))
        removed += [path for path in temporaries if _unlinked_if_left(path)]
    return tuple(sorted(removed))


def _begin(folder: Path) -> tuple[Path, int]:
    while True:
        name = f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}{files.TEMPORARY_SUFFIX}"
        path = folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        if os.fstat(descriptor).st_nlink:
            return path, descriptor
        # A sweep came between the two calls; once locked, it cannot.
        os.close(descriptor)


def _unlinked_if_left(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False  # it took its name meanwhile
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
