"""The window drawn into a file, for docs and bug reports."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEventLoop, QTimer

from companions.errors import FileUnwritable

if TYPE_CHECKING:
    from selector.view.shell.window import MainWindow

_TURN_S: Final = 0.03
_SETTLE_S: Final = 0.5
"""The last paints and animations after everything has arrived."""


def draw(window: MainWindow, file: Path, *, page: str, patience_s: float) -> int:
    """Draw a page of the window into ``file`` once its pictures are there; the exit code.

    What has not come within ``patience_s`` seconds is drawn as it is then.  The window has the
    same size everywhere, and nothing of this is remembered as the operator's wish.
    """
    from selector.view.shell.window import FIRST_SIZE

    window.resize(*FIRST_SIZE)
    deadline = time.monotonic() + patience_s
    # The tiles first: an editor opened before its picture was looked at has nothing to show.
    _wait(window, deadline)
    window.show_page(page)
    _wait(window, deadline)
    surface = window.shown_surface()
    if surface is not window:
        surface.resize(surface.sizeHint().expandedTo(surface.size()))
        _turn(_SETTLE_S)
    is_written = surface.grab().save(str(file))
    if not is_written:
        sys.stderr.write(
            f"{file} could not be written: choose a folder that exists and a name ending in .png.\n"
        )
    window.close_folder()
    return 0 if is_written else FileUnwritable.exit_code


def _wait(window: MainWindow, deadline: float) -> None:
    """Until all that the window shows has been there for a moment, or the deadline."""
    settled: float | None = None
    while (now := time.monotonic()) < deadline:
        _turn(_TURN_S)
        if not window.is_complete():
            settled = None
        elif settled is None:
            settled = now
        elif now - settled >= _SETTLE_S:
            return


def _turn(seconds: float) -> None:
    """Let the window work for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000.0), loop.quit)
    loop.exec()
