"""The review's window, opened from the selector's: one at a time, and it outlives the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from selector.core.placement import Placement

if TYPE_CHECKING:
    from selector.view.review.window import ReviewWindow


class Reviewing(QObject):
    """Keeps the window while it is open, and lets all of it go when it is closed.

    Attributes:
        window: what is open; None if nothing is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.window: ReviewWindow | None = None

    def show(self, placement: Placement) -> None:
        """Review that folder: in the window that is open on it, which looks for clips that came
        meanwhile, else in place of any other.

        One that its reviewer wants to keep, because closing it would lose something, stays.

        Raises:
            OSError: the folder cannot be read.
        """
        from selector.core.reviewing import reviewer_name
        from selector.view.review.window import ReviewWindow

        if self.window is not None and self.window.session.placement != placement:
            self.window.close()
        if self.window is not None:
            self.window.read_again()
        else:
            self.window = ReviewWindow(placement, reviewer=reviewer_name())
            self.window.closed.connect(self._let_go)
            self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def _let_go(self) -> None:
        if self.window is not None:
            self.window.deleteLater()
            self.window = None
