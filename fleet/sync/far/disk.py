"""What this side's disk says, in words: full, read-only, or safely written."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from companions.files import reporting_unwritable
from fleet.sync.errors import NoRoom


@contextlib.contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn an ``OSError`` of a write below ``folder`` into an error that says what to do.

    Raises:
        NoRoom: the disk or the quota is full.
        FileUnwritable: anything else.
    """
    with reporting_unwritable(folder):
        try:
            yield
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise NoRoom(
                host=socket.gethostname(), folder=str(folder), what=os.strerror(error.errno)
            ) from error


def flush_tree(root: int) -> None:
    """Force all that was written below the folder ``root`` to stable storage.

    Raises:
        OSError: the disk refuses.
    """
    if sys.platform == "linux":
        # One call for the whole disk: 10,000 single ones take a journal commit each.
        library = ctypes.CDLL(None, use_errno=True)
        if library.syncfs(root) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    else:
        os.sync()
