"""The same thing done with many files in a thread, with its progress told to the window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from selector.view.telling import teller

STOP_S: Final = 2.0
_EVERY: Final = 20
T = TypeVar("T")
R = TypeVar("R")


class Errand(Generic[T, R]):
    """Calls a function with each of some items, in a thread of its own.

    Attributes:
        told: its signals: ``advanced(count)`` now and then, then ``done(results)``, in the order
            of the items, or ``failed(why)`` where the disk refused.
    """

    def __init__(self, items: Sequence[T], each: Callable[[T], R]) -> None:
        """``each`` runs in the thread, so it must hold on to nothing of Qt's."""
        self.told = teller()
        self._items, self._each = items, each
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="errand", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing any more, and end after the item that is under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        results = []
        try:
            for count, item in enumerate(self._items):
                if self._stopping.is_set():
                    return
                if count % _EVERY == 0:
                    self.told.advanced.emit(count)
                results.append(self._each(item))
        except OSError as error:
            self.told.failed.emit(str(error))
        else:
            if not self._stopping.is_set():
                self.told.done.emit(results)
