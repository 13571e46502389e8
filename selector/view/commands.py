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

REJECT: Final = "reject"
OPEN: Final = "open again"


class Decide(QUndoCommand):
    """Pictures of a group picked, passed over or opened again; a pick accepts a proposal."""

    def __init__(
        self,
        desk: Desk,
        before: Mapping[str, Considered | None],
        after: Mapping[str, Considered | None],
    ) -> None:
        picked = [name for name, each in after.items() if each is not None and each.picked]
        opens = all(each is None for each in after.values())
        super().__init__(f"pick {', '.join(picked)}" if picked else OPEN if opens else REJECT)
        self._desk, self._before, self._after = desk, dict(before), dict(after)
        was = {name for name, each in before.items() if each is not None and each.picked}
        self._new = [name for name in picked if name not in was]
        self._had = {name for name in self._new if desk.motion(name) is not None}
        self._given: dict[str, MotionCompanion] = {}

    def redo(self) -> None:
        """Decide."""
        self._desk.apply_decision(self._after)
        for name in self._new:
            # The very motion that was taken back: what was drawn over it is undone to that one.
            self._desk.accept_proposal(name, again=self._given.get(name))
        self._go()

    def undo(self) -> None:
        """Take it back, with the proposals that were accepted by it."""
        for name in self._new:
            if name not in self._had:
                given = self._desk.proposals.take_back(name)
                if given is not None:
                    self._given[name] = given
        self._desk.apply_decision(self._before)
        self._go()

    def _go(self) -> None:
        """Have the operator see what was done or undone."""
        group = self._desk.cull.group_of(next(iter(self._after)))
        if group is not None and group != self._desk.group:
            self._desk.go(group)


class Redraw(QUndoCommand):
    """One picture's motion changed.

    It takes the place of the one it was drawn over, and of no other: what another program wrote
    since is not undone with it.
    """

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
        self._write(self.after, over=self._before)

    def undo(self) -> None:
        """Take it back."""
        self._write(self._before, over=self.after)

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
        # Qt deletes it now, and Python's part of it stays for ever: it is to hold no motions then,
        # and no desk whose folder is long closed.
        vars(other).clear()
        return True

    def _write(self, motion: MotionCompanion | None, *, over: MotionCompanion | None) -> None:
        if self._desk.motion(self.name) == over:
            self._desk.writing.write_motion(self.name, motion)
        else:
            self._desk.told.emit(
                f"The motion of {self.name} is not the one that was drawn here; it stays as it is."
            )
