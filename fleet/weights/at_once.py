"""Several files fetched at a time, and given up together."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.weights.hub import Cancelled, Hub, Listed

_AT_ONCE: Final = 4
"""One connection rarely fills a line, and many more only take turns."""
_PATIENCE_S: Final = 5.0
"""How long the other files are waited for, once one has failed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, and the hub that has it."""

    hub: Hub
    file: Listed


class AtOnce:
    """Files under way into a folder."""

    def __init__(
        self,
        wanted: Mapping[str, Wanted],
        into: Path,
        *,
        tell: Callable[[int, int], None],
    ) -> None:
        """``tell`` is told how many bytes are here and how many there are; by one thread at a
        time."""
        self._wanted, self._into, self._tell = wanted, into, tell
        self._total, self._done = sum(each.file.size_bytes for each in wanted.values()), 0
        self._turn, self._over = threading.Lock(), threading.Event()
        self._left = queue.SimpleQueue[str]()
        self._ended = queue.SimpleQueue[tuple[str, str | BaseException]]()

    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file, once all are here.

        Raises:
            WeightsUnreachable, WeightsGated, WeightsRefused, FileUnwritable: the first that
                failed; the others are ended, and what came of them stays.
        """
        for name in self._wanted:
            self._left.put(name)
        # Daemons: one that waits for a dead connection keeps nobody who pressed Ctrl-C. What it
        # wrote stays, and is hashed by whoever goes on with it.
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_AT_ONCE)]
        for thread in threads:
            thread.start()
        try:
            ended = dict(self._first_ended() for _ in self._wanted)
        except Exception:
            self._over.set()
            for thread in threads:
                thread.join(_PATIENCE_S)
            raise
        finally:
            self._over.set()
        return ended

    def _first_ended(self) -> tuple[str, str]:
        name, result = self._ended.get()
        if isinstance(result, BaseException):
            raise result
        return name, result

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                name = self._left.get_nowait()
            except queue.Empty:
                return
            try:
                wanted = self._wanted[name]
                sha256 = wanted.hub.fetch(wanted.file, self._into / name, tell=self._more)
                self._ended.put((name, sha256))
            except BaseException as error:  # noqa: BLE001  (raised again by who waits for it)
                self._ended.put((name, error))

    def _more(self, count: int) -> None:
        if self._over.is_set():
            raise Cancelled
        with self._turn:
            self._done += count
            self._tell(self._done, self._total)
