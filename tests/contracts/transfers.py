"""What tests of transports share: folders of files, a transfer in a thread, waiting for facts."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from companions.errors import MotionfleetError
from fleet.sync.transport.base import Item, Stop

MEGA = 1_000_000


def bytes_of(size: int, *, seed: int = 0) -> bytes:
    """Bytes that do not compress and are the same each time."""
    return random.Random(seed).randbytes(size)


def write(folder: Path, files: dict[str, bytes]) -> list[Item]:
    """Put files into ``folder``; the items that name them."""
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return [Item(path, len(data)) for path, data in files.items()]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` with its bytes; what is no regular file says so instead."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            found[str(path.relative_to(folder))] = b"<no regular file>"
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def until(fact: Callable[[], bool], *, what: str, patience_s: float = 20.0) -> None:
    """Wait until ``fact`` holds."""
    deadline = time.monotonic() + patience_s
    while not fact():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.002)


class Running:
    """A transfer in a thread; what it raised is kept."""

    def __init__(self, action: Callable[[Stop], None]) -> None:
        self.stop = Stop()
        self.error: BaseException | None = None
        self.ended_s = 0.0
        self._action = action
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._action(self.stop)
        except MotionfleetError as error:
            self.error = error

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def join(self, *, patience_s: float = 60.0) -> None:
        self._thread.join(timeout=patience_s)
        assert not self._thread.is_alive(), "the transfer did not end"


def bytes_below(folder: Path) -> int:
    """Bytes of all files below ``folder``, temporary ones included."""
    total = 0
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except OSError:
            continue
        if path.is_file():
            total += status.st_size
    return total
