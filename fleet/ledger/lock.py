"""One writer at a time: a lock that a dead process cannot keep.

``flock`` is released by the kernel however its holder ends, so there is nothing to clean up
after a ``kill -9``.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import Final

from fleet.errors import LedgerUnusable

_TRIES: Final = 25
_BETWEEN_TRIES_S: Final = 0.01


class ProcessLock:
    """An exclusive lock on a file; the file's text names the holder for people."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; whether it is held now.

        Raises:
            LedgerUnusable: the lock's file cannot be opened.
        """
        if self._descriptor is not None:
            return True
        while True:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise LedgerUnusable(path=self.path, what=str(error)) from None
            if not _taken(descriptor):
                os.close(descriptor)
                return False
            if _is_at(self.path, descriptor):
                break
            os.close(descriptor)  # its last holder has removed the file: that one is no lock
        holder = f"process {os.getpid()} on {socket.gethostname()}\n".encode()
        # In this order, so that whoever reads meanwhile finds a name in the first line.
        os.pwrite(descriptor, holder, 0)
        os.ftruncate(descriptor, len(holder))
        self._descriptor = descriptor
        return True

    def is_held(self) -> bool:
        """Whether any process holds it now; says nothing of the next moment.

        Raises:
            LedgerUnusable: the lock's file cannot be opened.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise LedgerUnusable(path=self.path, what=str(error)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def release(self) -> None:
        """Give the lock up; harmless if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Give the lock up and take its file away; harmless if it is not held."""
        if self._descriptor is not None:
            # While it is held: whoever opened the file before finds out that it is gone.
            self.path.unlink(missing_ok=True)
            self.release()

    def holder(self) -> str:
        """Who holds it, or held it last, in words."""
        try:
            return self.path.read_text("utf-8").partition("\n")[0] or "unknown"
        except OSError:
            return "unknown"


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _taken(descriptor: int) -> bool:
    # More than one try: whoever asks ``is_held`` has it for an instant himself, and a dispatcher
    # that took that for another dispatcher would give up.
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_BETWEEN_TRIES_S)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False
