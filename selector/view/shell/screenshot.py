"""The selector's window drawn into a file, once all that its page shows is there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from selector.view import screenshot
from selector.view.shell.window import FIRST_SIZE, MainWindow

_SETTLE_S: Final = 0.5
"""The last paints and animations after everything has arrived."""


def draw(window: MainWindow, file: Path, *, page: str, patience_s: float) -> None:
    """Draw a page of the window into ``file`` once its pictures are there, and close its folder.

    What has not come within ``patience_s`` seconds is drawn as it is then.  The window has the
    same size everywhere.

    Raises:
        FileUnwritable: the folder or disk refuses.
    """
    window.resize(*FIRST_SIZE)
    deadline = time.monotonic() + patience_s
    try:
        # The tiles first: an editor opened before its picture was looked at has nothing to show.
        _wait(window, deadline)
        window.show_page(page)
        _wait(window, deadline)
        surface = window.shown_surface()
        if surface is not window:
            surface.resize(surface.sizeHint().expandedTo(surface.size()))
            screenshot.turn(_SETTLE_S)
        screenshot.save(surface, file)
    finally:
        window.close_folder()


def _wait(window: MainWindow, deadline: float) -> None:
    """Until all that the window shows has been there for a moment, or the deadline."""
    since: float | None = None

    def is_settled() -> bool:
        nonlocal since
        now = time.monotonic()
        if not window.pages.is_complete():
            since = None
        elif since is None:
            since = now
        return since is not None and now - since >= _SETTLE_S

    screenshot.wait(is_settled, deadline=deadline)
