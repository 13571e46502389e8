"""Bounds on what a run of rsync may say and bring: its words in memory, its files on our disk."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fleet.sync.transport import disk
from fleet.sync.transport.base import Item
from fleet.sync.transport.disk import Way
from fleet.sync.transport.status import Status

KEPT_BYTES: Final = 64 * 1024
"""How much of what it says is kept: the beginning and the end, half each."""
SLACK_BYTES: Final = 16 * 1024 * 1024
"""What a fetch may put on the disk beyond the sizes that were asked for."""


class Words:
    """What a program says, bounded: its first words and its last."""

    def __init__(self) -> None:
        self._first = ""
        self._last = ""

    def take(self, chunk: str) -> None:
        """Another piece."""
        room = KEPT_BYTES // 2 - len(self._first)
        self._first += chunk[: max(0, room)]
        self._last = (self._last + chunk[max(0, room) :])[-KEPT_BYTES // 2 :]

    @property
    def text(self) -> str:
        """What is kept of it."""
        return self._first + self._last


class Bound:
    """What a fetch may bring: the files that were asked for, none larger than was said."""

    def __init__(self, folder: Path, items: Sequence[Item]) -> None:
        self._folder, self._items = folder, items
        self._room = _bytes_below(folder) + sum(item.size_bytes for item in items) + SLACK_BYTES

    def excess(self) -> str | None:
        """Why this is more than was asked for, or None."""
        held = _bytes_below(self._folder)
        if held <= self._room:
            return None
        return f"{held} bytes came, and no more than {self._room} were asked for"

    def cut_back(self) -> list[str]:
        """Cut files that are too large to what they may have; their paths."""
        large: list[str] = []
        for item in self._items:
            path = self._folder / item.path
            if (size := _file_size(path)) is not None and size > item.size_bytes:
                os.truncate(path, item.size_bytes)
                large.append(item.path)
        return large

    def check(self, large: Sequence[str], *, way: Way) -> None:
        """Every file came, and none was too large.

        Raises:
            TransferFailed: names those that did not, or were.
        """
        if large:
            raise way.failed(Status.PARTIAL, f"larger than was said: {disk.named(large)}")
        missing = [
            item.path for item in self._items if _file_size(self._folder / item.path) is None
        ]
        if missing:
            what = f"gone, no regular files, or larger than was said: {disk.named(missing)}"
            raise way.failed(Status.PARTIAL, what)


def _file_size(path: Path) -> int | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _bytes_below(folder: Path) -> int:
    total = 0
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total
