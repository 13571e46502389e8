"""What the window remembers until the next time, and which of it is still there."""

from __future__ import annotations

import os
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from companions.errors import MotionfleetError
from selector.core.settings import DeskSettings, SettingsFile
from selector.view.errand import Errand


class Memory(QObject):
    """The settings of one window.

    Attributes:
        settings: as they are in this window.
        problem: what to tell the operator, where they could not be read.

    Signals:
        recent_changed: another folder is among those that were opened lately, or its order is new.
        missed(folders): those of them that are not there now.
        told(text): something to tell the operator, once.
    """

    recent_changed = Signal()
    missed = Signal(object)
    told = Signal(str)

    def __init__(self, file: SettingsFile, *, keeps: bool, parent: QObject | None = None) -> None:
        """``keeps``: changes are written into ``file``; otherwise they are this window's only."""
        super().__init__(parent)
        self._file, self._keeps = file, keeps
        remembered = file.load()
        self.settings, self.problem = remembered.settings, remembered.problem
        self._looking: Errand[str, tuple[str, bool]] | None = None

    def change(self, how: Callable[[DeskSettings], DeskSettings]) -> None:
        """Change the settings; where they cannot be written, for this window only."""
        recent = self.settings.recent
        try:
            self.settings = self._file.change(how) if self._keeps else how(self.settings)
        except MotionfleetError as error:
            self.settings = how(self.settings)
            self.told.emit(str(error))
        if self.settings.recent != recent:
            self.recent_changed.emit()

    def look_for_recent(self) -> None:
        """See which folders are there; ``missed`` follows.

        In a thread: a network disk that is gone may not answer at all.
        """
        self._looking = Errand(self.settings.recent, _looked_for)
        self._looking.told.done.connect(self._take)
        self._looking.start()

    def _take(self, looked: Errand[str, tuple[str, bool]]) -> None:
        if looked is self._looking:
            self.missed.emit({folder for folder, is_there in looked.results if not is_there})


def _looked_for(folder: str) -> tuple[str, bool]:
    return folder, os.path.isdir(folder)  # noqa: PTH112 - a disk that is gone may raise
