"""The transport: moves named files' bytes; every transport obeys one contract suite.

A transport knows nothing of manifests or hashes.  What it promises:

* when ``send`` or ``fetch`` returns, every named file is on the other side under its own path,
  complete, with the bytes the source had while it was read;
* until then a file is under a temporary name, in a partial folder, or half-written inside a folder
  that is private to this transfer (``fetch``); killed, it goes on where it stopped;
* a file that is there already with the same size and modification time does not travel;
* files that were not named are not touched, and nothing is ever removed;
* symbolic links are neither followed nor made: a named path that is one is refused (``send``), or
  does not arrive (``fetch``).

Paths are relative, checked by ``companions.names.path_fault``, POSIX, and may hold anything else a
name can hold (blanks, quotes, '#', a leading '-').
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """One file to move.

    Attributes:
        path: below the source folder and below the destination folder alike.
        size_bytes: its size; of a fetched file the most it may have.
    """

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a transport may press.

    Attributes:
        bytes_per_s: the most it may send or fetch; None for all there is.
        compress: whether bytes are compressed under way.
        timeout_s: silence on the line after which the transfer counts as lost.
    """

    bytes_per_s: int | None = None
    compress: bool = False
    timeout_s: float = 60.0


@dataclass(slots=True)
class Stop:
    """Set from another thread to end a transfer soon; it then raises ``TransferFailed``."""

    event: threading.Event = field(default_factory=threading.Event)


class Transport(Protocol):
    """A way to move files between this machine and one host."""

    @property
    def name(self) -> str:
        """Its name in settings: ``rsync``, ``sftp``, ``local``."""
        ...

    def send(
        self, items: Sequence[Item], *, source: Path, destination: str, pace: Pace, stop: Stop
    ) -> None:
        """Copy ``items`` from ``source`` here into the folder ``destination`` there.

        Raises:
            TransferFailed: not all arrived; to be tried again.
            TransferRefused: trying again would not help.
            NoRoom: the disk there is full.
            HostUnreachable, HostRefused, HostKeyRefused: the host cannot be reached any more.
        """
        ...

    def fetch(
        self, items: Sequence[Item], *, source: str, destination: Path, pace: Pace, stop: Stop
    ) -> None:
        """Copy ``items`` from the folder ``source`` there into ``destination`` here.

        ``destination`` is private to this transfer: what lies there under the name of an item may
        be half of it.  An item larger than its ``size_bytes`` is not fetched in full.

        Raises:
            TransferFailed: not all arrived; to be tried again.
            TransferRefused: trying again would not help.
            NoRoom: the disk here is full.
            HostUnreachable, HostRefused, HostKeyRefused: the host cannot be reached any more.
        """
        ...

    def close(self) -> None:
        """Give up what is held open; harmless to repeat."""
        ...
