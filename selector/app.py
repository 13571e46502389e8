"""The program with a window: Qt started, the window shown or drawn into a file."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from selector.core.errors import WindowUnavailable

if TYPE_CHECKING:
    from PySide6.QtCore import QtMsgType
    from PySide6.QtWidgets import QApplication

SCREENSHOT_S: Final = 10.0
"""Longest that a screenshot waits for pictures and proposals."""
_HEARTBEAT_MS: Final = 200
_IDLE_WORDS: Final = "This plugin does not support "
"""What Qt says wherever it draws in memory."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is asked of the window.

    Attributes:
        folder: to open; None for the start page.
        overlay: where companions go, if not beside the pictures.
        screenshot: draw the window into this file and end.
        page: which page to draw, as ``MainWindow.show_page`` calls it.
        debug: print bugs as tracebacks.
    """

    folder: Path | None = None
    overlay: Path | None = None
    screenshot: Path | None = None
    page: str = "cull"
    debug: bool = False


_MISSING: Final = (
    "Install it with: pip install 'motionfleet[selector]' (python3 deploy/preflight.py window "
    "names what the system lacks)."
)
_NO_SCREEN: Final = (
    "Start it on a desktop, or over ssh -Y; --screenshot draws the window without a screen."
)


def run(opening: Opening) -> int:
    """Show the window until it is closed; the exit code.

    Raises:
        WindowUnavailable: Qt, or a screen, is missing here.
        FileUnwritable: the screenshot cannot be written.
    """
    application = started(on_screen=opening.screenshot is None)
    from selector.view.bugs import Bugs
    from selector.view.shell.window import MainWindow

    window = MainWindow(remembers=opening.screenshot is None)
    bugs = Bugs(debug=opening.debug, parent=application)
    bugs.told.connect(window.tell_bug)
    bugs.install()
    if opening.folder is not None:
        window.open_folder(opening.folder, overlay=opening.overlay)
    window.show()
    if opening.screenshot is not None:
        from selector.view.shell.screenshot import draw

        draw(window, opening.screenshot, page=opening.page, patience_s=SCREENSHOT_S)
        return 0
    return application.exec()


def started(*, on_screen: bool = True) -> QApplication:
    """The application, made once; without ``on_screen`` it draws in memory where there is none.

    Raises:
        WindowUnavailable: Qt, or a screen, is missing here.
    """
    try:
        from PySide6.QtCore import QTimer, qInstallMessageHandler
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        raise WindowUnavailable(what=str(error), remedy=_MISSING) from error
    from selector.view.display import missing_display

    faulthandler.enable()
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    if (what := missing_display()) is not None:
        if on_screen:
            raise WindowUnavailable(what=what, remedy=_NO_SCREEN)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qInstallMessageHandler(_say)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("selector")
    application.setApplicationDisplayName("motionfleet selector")
    application.setOrganizationName("motionfleet")

    # Ctrl-C in the terminal closes the window as its close button does.  Python runs its handler
    # wherever it is, be it amid a paint, so the handler only notes it and the next beat closes.
    is_wanted = False

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal is_wanted
        signal.signal(number, signal.SIG_DFL)  # a second one ends it, whatever the window asks
        is_wanted = True

    def beat() -> None:
        nonlocal is_wanted
        if is_wanted:
            is_wanted = False
            application.closeAllWindows()

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    heartbeat = QTimer(application, interval=_HEARTBEAT_MS)
    heartbeat.timeout.connect(beat)
    heartbeat.start()
    return application


def _say(kind: QtMsgType, _where: object, text: str) -> None:
    """What Qt has to say, as far as anybody can do something about it."""
    if kind.name in ("QtDebugMsg", "QtInfoMsg") or text.startswith(_IDLE_WORDS):
        return
    sys.stderr.write(f"Qt: {text}\n")
