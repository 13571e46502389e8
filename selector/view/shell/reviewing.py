"""The review's window, opened from the selector's: one at a time, and it outlives the folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from selector.core.placement import Placement

if TYPE_CHECKING:
    from selector.view.review.window import ReviewWindow


def reviewing(
    placement: Placement, *, before: ReviewWindow | None, tell: Callable[[str], None]
) -> ReviewWindow | None:
    """Show the review of a folder in place of the one ``before``; what is shown then.

    The one before stays where closing it would lose a note and its reviewer wants to stay.
    """
    from selector.core.reviewing import reviewer_name
    from selector.view.review.window import ReviewWindow

    if before is not None and before.isVisible() and not before.close():
        return before
    try:
        window = ReviewWindow(placement, reviewer=reviewer_name())
    except OSError as error:
        tell(f"{placement.root} cannot be read: {error.strerror or error}.")
        return None
    window.show()
    return window
