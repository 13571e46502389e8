"""How threads tell something to the window's objects, which may be gone by then.

A thread holds on to a teller and to nothing else of Qt's: an object of Qt's must not die in a
thread, nor be told anything when it is dead.  Listeners that are gone hear nothing.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Signal


class Teller(QObject):
    """Signals that may be emitted from any thread at any time.

    Signals:
        advanced(count): so many are done.
        done(result): it is over, and what came of it.
        failed(why): it is over, and could not be done.
    """

    advanced = Signal(int)
    done = Signal(object)
    failed = Signal(str)


_KEPT: Final[list[Teller]] = []
"""Never let go of, because nobody knows when a thread has let go; a session makes some dozens."""


def teller() -> Teller:
    """A new teller, which lives as long as the program."""
    made = Teller()
    _KEPT.append(made)
    return made
