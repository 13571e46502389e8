"""Threads behind what the window shows: they do one thing after the other until they are closed.

An error that nobody foresaw is told by ``threading.excepthook`` and ends its thread; another takes
its place, so it costs what it happened on and not the rest of the session.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

Job = Callable[[], object]

CLOSE_S: Final = 2.0
UNFORESEEN: Final = (
    "for a reason that was not foreseen. The terminal that the selector was started from says more."
)
"""The end of what is told of something on which such an error happened."""


class Crew:
    """Threads of one kind, and the lock under which they are told what there is to do.

    Attributes:
        changed: held while what the threads go by is read or changed; ``notify_all`` wakes them.
        is_closing: whether they are to end; nothing is told by them from then on.
    """

    def __init__(self, name: str) -> None:
        self.changed = threading.Condition()
        self.is_closing = False
        self._name = name
        self._threads: set[threading.Thread] = set()

    def hire(self, take: Callable[[], Job | None]) -> None:
        """Start a thread, unless this is closed.

        ``take`` gives what is to be done now, None: nothing; it is called with ``changed`` held.
        What it gives is called with nothing held, and sees to it, even where it fails, that it is
        not given again.  Only the thread holds on to ``take``: whoever hires it is no cycle.
        """
        with self.changed:
            if self.is_closing:
                return
            thread = threading.Thread(target=self._work, args=(take,), name=self._name, daemon=True)
            self._threads.add(thread)
            thread.start()

    @property
    def is_hired(self) -> bool:
        """Whether there is a thread."""
        return bool(self._threads)

    def close(self) -> bool:
        """End the threads; whether they have: what one is at is given up after two seconds."""
        with self.changed:
            self.is_closing = True
            self.changed.notify_all()
            threads = list(self._threads)
        until = time.monotonic() + CLOSE_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _work(self, take: Callable[[], Job | None]) -> None:
        try:
            while (job := self._next(take)) is not None:
                job()
                del job  # it may hold a whole picture, and the next one may be long in coming
        finally:
            with self.changed:
                self._threads.discard(threading.current_thread())
                self.hire(take)  # nobody is, when this is closed

    def _next(self, take: Callable[[], Job | None]) -> Job | None:
        with self.changed:
            while not self.is_closing:
                job = take()
                if job is not None:
                    return job
                self.changed.wait()
        return None
