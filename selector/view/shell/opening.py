"""What stands behind an open folder: its desk, the loader and darkroom it has, and its hold.

Made when a folder is opened, closed when another is, so that nothing of the one is ever told of
the other.
"""

from __future__ import annotations

import contextlib
import gc
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer

from selector.core.look import Wanted
from selector.core.placement import Placement
from selector.media.darkroom import Darkroom
from selector.media.loader import Loader
from selector.view.desk import Desk

LOADER_SHARE: Final = 0.3
"""Of the budget for the whole program, what decoded pictures for the screen may take; the rest is
for Qt and Python, whole pictures of the preview and of comparing, and the darkroom's processes."""


class Hold:
    """Says to other windows that this one works on a folder, until it ends, however it ends.

    The folder itself is held (``flock``), so nothing is written for it.  Where a disk cannot hold
    folders, every window works; their writes are still fenced one by one.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor: int | None = None
        self.is_taken = False
        """Whether another window has the folder."""
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            self._descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.is_taken = True

    def close(self) -> None:
        """Let go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An open folder.

    Attributes:
        desk: for the pages.
        is_taken: another window works on the folder, so this one only looks.
        is_unwritable: companions cannot be written where they belong, so this one only looks.
    """

    desk: Desk
    hold: Hold
    is_taken: bool
    is_unwritable: bool

    def close(self) -> None:
        """End what works for it, and let go of it."""
        self.desk.darkroom.close()
        self.desk.loader.close()
        self.hold.close()
        # Qt's part of them goes here and now: a thread that is late may be the last to hold one.
        for each in (self.desk, self.desk.darkroom, self.desk.loader):
            each.deleteLater()
        # The pages' parts hold on to each other and to whole pictures: Python would see to them
        # much later, and maybe in a thread.
        QTimer.singleShot(0, gc.collect)


def open_desk(
    placement: Placement,
    *,
    wanted: Wanted,
    threshold: float,
    cache_bytes: int,
    proxies: Path | None,
) -> Opened:
    """Open a folder; where it cannot be written, or another window has it, to look only.

    Args:
        placement: the folder, and where its companions go.
        wanted: what moves are proposed for.
        threshold: from which viability on a picture is promising.
        cache_bytes: budget of the whole program.
        proxies: where reduced pictures and looks are kept between sessions; None: nowhere.

    Raises:
        OSError: the folder cannot be read.
        FileUnwritable: the overlay's folder cannot be made.
    """
    if placement.overlay is not None:
        placement.prepare()
    hold = Hold(placement.home)
    is_unwritable = not placement.is_writable()
    loader = Loader(budget_bytes=int(cache_bytes * LOADER_SHARE), cache_folder=proxies)
    darkroom = Darkroom(cache_folder=proxies)
    try:
        desk = Desk(
            placement,
            loader=loader,
            darkroom=darkroom,
            wanted=wanted,
            read_only=hold.is_taken or is_unwritable,
        )
    except BaseException:
        darkroom.close()
        loader.close()
        hold.close()
        raise
    desk.threshold = threshold
    return Opened(desk, hold, hold.is_taken, is_unwritable)
