"""A lock for the memory that one large picture takes on its way to the screen."""

from __future__ import annotations

import threading
from types import TracebackType


class LastFirst:
    """One at a time; of those who wait, the one who came last goes first.

    That is the picture that is looked at now.  Whoever came before it was wanted by a plan that
    was replaced since, or is wanted less.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: list[threading.Event] = []

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def __enter__(self) -> None:
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        mine.wait()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.pop().set()  # it has what was ours: nobody comes in between
            else:
                self._is_taken = False
