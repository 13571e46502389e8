"""Holds clips against their metas in a thread: the one that was asked for last, and no queue."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from selector.core.returned import Returned, examine
from selector.media.crew import Crew, Job

Stamp = tuple[int, int, int]


def stamp_of(path: Path | None) -> Stamp | None:
    """What a file would change in when it is written to; None if it is not there."""
    try:
        facts = path.stat() if path is not None else None
    except OSError:
        return None
    return (facts.st_size, facts.st_mtime_ns, facts.st_ino) if facts is not None else None


class Examiner(QObject):
    """Examines one clip at a time.

    Signals:
        examined(shot, stamp, why): that shot's file, as it was with that stamp, is the clip that
            its meta describes; or ``why`` says why not.
    """

    examined = Signal(object, object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: Returned | None = None
        self._crew = Crew("examiner")

    def want(self, shot: Returned) -> None:
        """Examine ``shot``; ``examined`` follows, unless another is wanted before."""
        with self._crew.changed:
            self._wanted = shot
            if not self._crew.is_hired:
                self._crew.hire(self._next)
            self._crew.changed.notify_all()

    def close(self) -> None:
        """End the thread; what it is at is given up after two seconds."""
        self._crew.close()

    def _next(self) -> Job | None:
        shot, self._wanted = self._wanted, None
        return None if shot is None else lambda: self._examine(shot)

    def _examine(self, shot: Returned) -> None:
        stamp, why = stamp_of(shot.clip), examine(shot)
        if not self._crew.is_closing:
            self.examined.emit(shot, stamp, why)
