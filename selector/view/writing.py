"""What a desk writes: decisions into the journal, motions beside their pictures, at once.

What cannot be written now (a full disk, a folder that is gone) is kept, told, and tried again
every few seconds; nothing that was decided is dropped, and nothing of another's is written over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from companions.errors import CompanionChanged, FileUnwritable, MotionfleetError
from companions.motion import MotionCompanion
from selector.core.decisions import Decision, Journal
from selector.core.placement import Placement
from selector.core.shelf import Shelf, Standing

RETRY_MS: Final = 3000


class Writing(QObject):
    """The journal and the motions of one opened folder, and what is still to be written.

    Attributes:
        conflicts: by picture, the motion that was not written because another program had
            changed the file.
        why_unsaved: why not all is on the disk, in words; empty when it is.

    Signals:
        saved: what is not yet on the disk has changed.
        motion_changed(name): that picture's motion is another one now.
        told(text): something to tell the operator, once.
    """

    saved = Signal()
    motion_changed = Signal(str)
    told = Signal(str)

    def __init__(self, placement: Placement, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.placement = placement
        self.shelf, self.journal = Shelf(placement), Journal(placement.journal)
        self.conflicts: dict[str, MotionCompanion] = {}
        self.why_unsaved = ""
        self._standings: dict[str, Standing] = {}
        self._lines: list[Decision] = []
        self._motions: dict[str, MotionCompanion | None] = {}
        self._retry = QTimer(self, interval=RETRY_MS)
        self._retry.timeout.connect(self.again)

    @property
    def unsaved(self) -> int:
        """How many decisions and motions could not be written yet."""
        return len(self._lines) + len(self._motions)

    def standing(self, name: str) -> Standing:
        """A picture's motion as it is on the disk, or what is still to be written."""
        if name not in self._standings:
            self._standings[name] = self.shelf.load(self.placement.picture(name))
        return self._standings[name]

    def was_read(self, name: str) -> bool:
        """Whether that picture's motion was read or written already."""
        return name in self._standings

    def forget(self) -> None:
        """Read every motion again when it is asked for; what is still to be written stays."""
        self._standings = {n: s for n, s in self._standings.items() if n in self._motions}

    def read_again(self, name: str) -> None:
        """Forget what was read of one motion, and read it again."""
        self._standings.pop(name, None)
        self.motion_changed.emit(name)

    def write_motion(self, name: str, motion: MotionCompanion | None) -> None:
        """Have ``motion`` on the disk, or keep it until it can be; None removes it."""
        as_seen = self.standing(name).seen
        picture = self.placement.picture(name)
        try:
            self._standings[name] = self.shelf.save(picture, motion, seen_as=as_seen)
        except CompanionChanged as error:
            if motion is not None:
                self.conflicts[name] = motion
            self._motions.pop(name, None)
            self._standings.pop(name, None)
            self.told.emit(str(error))
        except MotionfleetError as error:
            self._motions[name] = motion
            self._standings[name] = Standing(motion, as_seen)
            self._keep(error)
        else:
            if name in self._motions:
                del self._motions[name]
                self.saved.emit()
        self.motion_changed.emit(name)

    def write_lines(self, lines: Sequence[Decision]) -> None:
        """Have these decisions in the journal, or keep them, in their order, until they can be."""
        if not lines:
            return
        if self._lines:
            self._lines += lines
            self.saved.emit()
            return
        try:
            self.journal.append(*lines)
        except FileUnwritable as error:
            self._lines += lines
            self._keep(error)

    def again(self) -> bool:
        """Try to write what could not be written; whether all is on the disk now."""
        lines, self._lines = self._lines, []
        self.write_lines(lines)
        for name, motion in list(self._motions.items()):
            self.write_motion(name, motion)
        if not self.unsaved:
            self.why_unsaved = ""
            self._retry.stop()
            self.saved.emit()
        return not self.unsaved

    def _keep(self, error: MotionfleetError) -> None:
        self.why_unsaved = str(error)
        self._retry.start()
        self.saved.emit()
