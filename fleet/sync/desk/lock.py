"""One sync at a time for one folder and one host; a second one is told who is at work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fleet.errors import LedgerUnusable
from fleet.home import Home
from fleet.ledger.lock import ProcessLock
from fleet.sync.errors import SyncBusy, SyncRecordUnusable


@contextlib.contextmanager
def held(folders: Mapping[str, Path], *, home: Home, host: str) -> Iterator[None]:
    """Hold folders, given by label, against every other sync with ``host``; all of them or none.

    Raises:
        SyncBusy: another process is at work on one of them.
        SyncRecordUnusable: locks cannot be kept in the fleet's home.
    """
    with contextlib.ExitStack() as locks:
        for label in _in_order(folders):
            lock = ProcessLock(home.sync / "locks" / f"{host}--{label}.lock")
            try:
                taken = lock.acquire()
            except LedgerUnusable as error:
                raise SyncRecordUnusable(path=lock.path, what=error.what) from None
            if not taken:
                raise SyncBusy(what=f"{folders[label]} with {host}", holder=lock.holder())
            locks.callback(lock.release)
        yield


def _in_order(labels: Iterable[str]) -> list[str]:
    return sorted(labels)  # everywhere the same: two who want both never wait for each other
