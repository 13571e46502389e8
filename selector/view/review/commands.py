"""What can be undone in a review: one clip's review, made, changed or taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand

from companions.review import Review

if TYPE_CHECKING:
    from selector.view.review.session import ReviewSession


class Judge(QUndoCommand):
    """One clip's review replaced by another, or by none; on the disk when it is done."""

    def __init__(
        self, session: ReviewSession, name: str, before: Review | None, after: Review | None
    ) -> None:
        word = after.decision.value if after is not None else "open again"
        super().__init__(f"{word}: {name}")
        self._session, self._name, self._before, self._after = session, name, before, after

    def redo(self) -> None:
        """Do it; what could not be done leaves the history."""
        self.setObsolete(not self._session.apply(self._name, self._after))

    def undo(self) -> None:
        """Take it back."""
        self.setObsolete(not self._session.apply(self._name, self._before))
        self._session.go(self._name)
