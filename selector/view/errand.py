"""The same thing done with many files in a thread, with its progress told to the window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from selector.view.telling import teller

_EVERY: Final = 20
T = TypeVar("T")
R = TypeVar("R")


class Errand(Generic[T, R]):
    """Calls a function with each of some items, in a thread of its own.

    Attributes:
        results: what came of the items, in their order; whole when ``done`` was told.
        told: its signals: ``advanced(count)`` now and then, then ``done(errand)``, or
            ``failed(why)`` where the disk refused.

    What was told just before ``stop`` may arrive after it: a listener that starts one errand
    after another looks whose ``done`` it is.
    """

    def __init__(self, items: Sequence[T], each: Callable[[T], R]) -> None:
        """``each`` runs in the thread, so it must hold on to nothing of Qt's."""
        self.told = teller()
        self.results: list[R] = []
        self._items, self._each = items, each
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="errand", daemon=True).start()

    def stop(self) -> None:
        """Tell nothing any more, and end after the item that is under way; does not wait for it:
        a disk that is gone may not answer at all."""
        self._stopping.set()

    def _run(self) -> None:
        try:
            for count, item in enumerate(self._items):
                if self._stopping.is_set():
                    return
                if count % _EVERY == 0:
                    self.told.advanced.emit(count)
                self.results.append(self._each(item))
        except OSError as error:
            if not self._stopping.is_set():
                self.told.failed.emit(str(error))
        else:
            if not self._stopping.is_set():
                self.told.done.emit(self)
