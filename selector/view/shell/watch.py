"""Watches whether folders are still there, without ever waiting for a disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from selector.view.telling import Teller, teller

EVERY_MS: Final = 2000


class Watch(QObject):
    """Looks every two seconds, in a thread: a network disk that is gone may not answer at all.

    Signals:
        changed(missing): folders went, or came back; those that are not there now.
    """

    changed = Signal(object)

    def __init__(
        self, folders: Collection[Path], *, every_ms: int = EVERY_MS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._folders, self._missing = folders, frozenset[Path]()
        self._thread: threading.Thread | None = None
        self._told = teller()
        self._told.done.connect(self._take)
        self._timer = QTimer(self, interval=every_ms)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Look now, unless a look is under way."""
        if self._thread is None or not self._thread.is_alive():
            arguments = (self._folders, self._told)
            self._thread = threading.Thread(target=_look, args=arguments, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._timer.stop()
        self._told.done.disconnect(self._take)

    def _take(self, missing: frozenset[Path]) -> None:
        if missing != self._missing:
            self._missing = missing
            self.changed.emit(missing)


def _look(folders: Collection[Path], told: Teller) -> None:
    # Not ``Path.is_dir``: it raises where a disk that is gone answers with an error.
    told.done.emit(frozenset(each for each in folders if not os.path.isdir(each)))  # noqa: PTH112
