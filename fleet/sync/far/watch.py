"""Watching members land: each is hashed once it has its name, so that hashing costs no time after.

A transport gives a file its name only when it is whole; until then it is under another one, whose
size tells how far it is.  Nothing here decides: what was found is looked at again at the end.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from companions.base import Closed
from fleet.sync.far.offer import PARTIAL
from fleet.sync.far.tree import DeskGone, Mark, below, hash_of
from fleet.sync.wire.sets import Arriving, Member

PAUSE_S: Final = 0.2
_SHARE: Final = 5.0
"""Looking takes at most a sixth of the time."""
HALF: Final = re.compile(r"\.(?P<name>.+)\.(?:part|[A-Za-z0-9]{6})")
"""What SFTP and rsync call a file that is on its way."""

Hashed = dict[str, tuple[str, Mark]]
"""SHA-256 and mark of files by their path."""


class Watch:
    """Looks after members that should land below a folder, from ``start`` to ``stop``."""

    def __init__(
        self,
        root: int,
        waiting: Mapping[str, Mapping[str, Member]],
        *,
        there: int,
        tell: Callable[[Closed], None],
        gone: threading.Event,
    ) -> None:
        """Prepare to watch for ``waiting``, members by folder and name, below ``root``.

        ``there`` members had not to travel; ``gone`` is set when the desk has hung up.
        """
        self.hashed: Hashed = {}
        self._root = root
        self._waiting = {folder: dict(names) for folder, names in waiting.items()}
        self._there, self._tell, self._gone = there, tell, gone
        self._landed_bytes = 0
        self._over = threading.Event()
        self._landed: queue.SimpleQueue[tuple[str, dict[str, Member]] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=target, name=f"sync{target.__name__}", daemon=True)
            for target in (self._look, self._hash)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, after the file that is being hashed."""
        self._over.set()
        self._landed.put(None)
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        pause = PAUSE_S
        said: Arriving | None = None
        while not self._over.wait(pause) and not self._gone.is_set():
            began = time.monotonic()
            half = 0
            for folder, names in self._waiting.items():
                if names:
                    landed, size = look_into(self._root, folder, names)
                    half += size
                    members = {name: names.pop(name) for name in landed}
                    self._landed_bytes += sum(m.size_bytes for m in members.values())
                    self._landed.put((folder, members))
            now = Arriving(
                files=self._there + len(self.hashed), size_bytes=self._landed_bytes + half
            )
            if now != said:
                self._tell(now)
                said = now
            pause = max(PAUSE_S, _SHARE * (time.monotonic() - began))

    def _hash(self) -> None:
        while (landed := self._landed.get()) is not None:
            folder, members = landed
            with below(self._root, folder) as descriptor:
                for name, member in members.items() if descriptor is not None else ():
                    if self._over.is_set() or descriptor is None:
                        return
                    try:
                        found = hash_of(
                            name, folder=descriptor, size=member.size_bytes, gone=self._gone
                        )
                    except DeskGone:
                        return
                    if found is not None:
                        self.hashed[member.path] = found


def look_into(root: int, folder: str, names: Mapping[str, Member]) -> tuple[list[str], int]:
    """Which of ``names`` are in ``folder`` below ``root``, and how many bytes of the others."""
    with below(root, folder) as descriptor:
        if descriptor is None:
            return [], 0
        landed: list[str] = []
        half: dict[str, int] = {}
        for entry in _entries(descriptor):
            if entry.name in names:
                landed.append(entry.name)
            elif (match := HALF.fullmatch(entry.name)) is not None:
                _grown(half, match["name"], entry, names)
        with below(descriptor, PARTIAL) as partial:
            for entry in _entries(partial) if partial is not None else ():
                _grown(half, entry.name, entry, names)
        return landed, sum(size for name, size in half.items() if name not in landed)


def _entries(folder: int) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []  # taken away under way: the end finds out what that means


def _grown(
    half: dict[str, int], name: str, entry: os.DirEntry[str], names: Mapping[str, Member]
) -> None:
    member = names.get(name)
    if member is None:
        return
    try:
        size = entry.stat(follow_symlinks=False).st_size
    except OSError:
        return  # it took its name this moment
    # rsync keeps the first part beside the file it builds from it: the larger one counts.
    half[name] = min(max(size, half.get(name, 0)), member.size_bytes)
