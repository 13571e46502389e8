"""Fetching a portion of results into the private folder, in a thread that can be ended."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Final

from fleet.sync.desk.fetched import Fetch
from fleet.sync.desk.incoming import Incoming
from fleet.sync.desk.progress import Tell, Told
from fleet.sync.desk.reach import Reached
from fleet.sync.transport.base import Stop
from fleet.sync.transport.choice import worth_compressing

_TELL_EVERY_S: Final = 0.25


class Progress:
    """How much of what is wanted is here."""

    def __init__(self, tell: Tell, what: str, wanted: Sequence[Fetch]) -> None:
        self._tell, self._what = tell, what
        self._files = sum(len(each.items) for each in wanted)
        self._bytes = sum(each.size_bytes for each in wanted)
        self._files_done = self._bytes_done = 0

    def done(self, batch: Sequence[Fetch]) -> None:
        """``batch`` was dealt with."""
        self._files_done += sum(len(each.items) for each in batch)
        self._bytes_done += sum(each.size_bytes for each in batch)
        self.here(0)

    def here(self, size_bytes: int) -> None:
        """So many bytes of the next portion are here."""
        self._tell(
            Told(
                doing="fetching",
                what=self._what,
                files=self._files_done,
                total_files=self._files,
                size_bytes=min(self._bytes, self._bytes_done + size_bytes),
                total_bytes=self._bytes,
            )
        )


def fetch(
    reached: Reached,
    batch: Sequence[Fetch],
    *,
    source: str,
    incoming: Incoming,
    progress: Progress,
) -> None:
    """Fetch the files of ``batch`` from the folder ``source`` there, in one go, tried once.

    Raises:
        HostUnreachable, TransferFailed, TransferRefused, NoRoom: as the transport says.
    """
    items = [item for each in batch for item in each.items]
    pace = reached.pace(compress=worth_compressing(items))
    stop = Stop()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sync-fetch") as beside:
        fetching = beside.submit(
            reached.transport.fetch,
            items,
            source=source,
            destination=incoming.folder,
            pace=pace,
            stop=stop,
        )
        try:
            while True:
                try:
                    fetching.result(timeout=_TELL_EVERY_S)
                except NotYet:
                    progress.here(incoming.size_bytes())
                else:
                    return
        except BaseException:
            stop.event.set()  # the transfer ends before this returns
            raise
