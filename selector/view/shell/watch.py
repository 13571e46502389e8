"""Watches whether the opened folder is still there, without ever waiting for a disk."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from selector.view.telling import Teller, teller

EVERY_MS: Final = 2000


class Watch(QObject):
    """Looks every two seconds, in a thread: a network disk that is gone may not answer at all.

    Signals:
        changed(present): the folder went, or came back.
    """

    changed = Signal(bool)

    def __init__(
        self, folder: Path, *, every_ms: int = EVERY_MS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._folder, self.is_present = folder, True
        self._thread: threading.Thread | None = None
        self._told = teller()
        self._told.done.connect(self._take)
        self._timer = QTimer(self, interval=every_ms)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Look now, unless a look is under way."""
        if self._thread is None or not self._thread.is_alive():
            arguments = (self._folder, self._told)
            self._thread = threading.Thread(target=_look, args=arguments, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._timer.stop()
        self._told.done.disconnect(self._take)

    def _take(self, present: object) -> None:
        if present is not self.is_present:
            self.is_present = bool(present)
            self.changed.emit(self.is_present)


def _look(folder: Path, told: Teller) -> None:
    told.done.emit(folder.is_dir())
