"""Bugs of our own while the window is open: told once each, and the window stays.

Qt calls our code from its loop, where an exception can end nothing and would only be printed; and
an operator who is in the middle of a cull is helped by a window that stays: it has what was
decided, also what is not on the disk yet.
"""

from __future__ import annotations

import sys
import threading
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Signal


class Bugs(QObject):
    """Takes what nobody caught, from any thread.

    Signals:
        told(text): there was a bug, in words for the operator.
    """

    told = Signal(str)

    def __init__(self, *, debug: bool, parent: QObject | None = None) -> None:
        """``debug`` prints tracebacks on stderr."""
        super().__init__(parent)
        self._debug = debug
        self._known: set[str] = set()

    def install(self) -> None:
        """From now on."""
        sys.excepthook = self.take
        threading.excepthook = lambda each: self.take(
            each.exc_type, each.exc_value, each.exc_traceback
        )

    def take(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell it, unless it was told before: a bug in painting comes with every frame."""
        frames = traceback.extract_tb(trace)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        if f"{kind.__name__} {place}" in self._known:
            return
        self._known.add(f"{kind.__name__} {place}")
        text = (
            f"This is a bug in motionfleet ({kind.__name__}: {error}). What was decided before is "
            "kept. Please report it with what `selector --debug` shows."
        )
        sys.stderr.write(text + "\n")
        if self._debug:
            traceback.print_exception(kind, error, trace)
        self.told.emit(text)
