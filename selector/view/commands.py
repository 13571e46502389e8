"""What can be undone: decisions and drawn motions.  Each is on the disk when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QUndoCommand

from companions.motion import MotionCompanion
from selector.core.decisions import Considered

if TYPE_CHECKING:
    from selector.view.desk import Desk

MERGING: Final = 1
"""Commands of one number may be merged; which of them are is decided by their merge word."""


class Decide(QUndoCommand):
    """Pictures of a group picked and passed over; a pick accepts the picture's proposal."""

    def __init__(
        self,
        desk: Desk,
        before: Mapping[str, Considered | None],
        after: Mapping[str, Considered | None],
    ) -> None:
        picked = [name for name, each in after.items() if each is not None and each.picked]
        super().__init__(f"pick {', '.join(picked)}" if picked else "reject")
        self._desk, self._before, self._after = desk, dict(before), dict(after)
        was = {name for name, each in before.items() if each is not None and each.picked}
        self._new = [name for name in picked if name not in was]
        self._had = {name for name in self._new if desk.motion(name) is not None}

    def redo(self) -> None:
        """Decide."""
        self._desk.apply_decision(self._after)
        for name in self._new:
            self._desk.accept_proposal(name)
        self._go()

    def undo(self) -> None:
        """Take it back, with the proposals that were accepted by it."""
        for name in self._new:
            if name not in self._had:
                self._desk.take_back_proposal(name)
        self._desk.apply_decision(self._before)
        self._go()

    def _go(self) -> None:
        """Have the operator see what was done or undone."""
        group = self._desk.cull.group_of(next(iter(self._after)))
        if group is not None and group != self._desk.group:
            self._desk.go(group)


class Redraw(QUndoCommand):
    """One picture's motion changed."""

    def __init__(
        self,
        desk: Desk,
        name: str,
        before: MotionCompanion | None,
        after: MotionCompanion,
        *,
        what: str,
        merge: str,
    ) -> None:
        super().__init__(f"{what} of {name}")
        self._desk, self.name, self._before, self.after = desk, name, before, after
        self.merge = merge

    def redo(self) -> None:
        """Draw."""
        self._desk.writing.write_motion(self.name, self.after)

    def undo(self) -> None:
        """Take it back."""
        self._desk.writing.write_motion(self.name, self._before)

    def id(self) -> int:
        """Only commands with a merge word may be merged."""
        return MERGING if self.merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802 - Qt's name
        """Take in a following command of the same merge word on the same picture."""
        if not isinstance(other, Redraw):
            return False
        if (other.name, other.merge) != (self.name, self.merge):
            return False
        self.after = other.after
        return True
