"""Lines out of bytes as they come: what both ends of a channel have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

MAX_ANSWER_BYTES: Final = 128 * 1024 * 1024
"""The longest line a far side may send: results of some 400,000 shots."""
TAIL_BYTES: Final = 8192
"""How much of what a command says on stderr is kept."""


class TooLong(ValueError):
    """A line is longer than any there may be."""


class Lines:
    """Bytes in, whole lines out; never more in memory than one line and what came with it."""

    def __init__(self, *, limit: int = MAX_ANSWER_BYTES) -> None:
        self._limit = limit
        self._held = bytearray()
        self._looked_at = 0
        """Bytes of ``_held`` that are known to hold no end of a line: each is looked at once."""

    def add(self, data: bytes) -> None:
        """Take in ``data``, which comes next."""
        self._held += data

    def take(self) -> bytes | None:
        """The next line, newline included; None while its end is missing.

        Raises:
            TooLong: it is longer than the limit already.
        """
        end = self._held.find(b"\n", self._looked_at)
        if end < 0:
            self._looked_at = len(self._held)
            if self._looked_at > self._limit:
                raise TooLong
            return None
        if end >= self._limit:
            raise TooLong
        line = bytes(self._held[: end + 1])
        del self._held[: end + 1]
        self._looked_at = 0
        return line


class Tail:
    """The end of what a command says on stderr, read all along so that it is never kept waiting."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._held = b""
        self._thread = threading.Thread(target=self._drain, name="sync-stderr", daemon=True)
        self._thread.start()

    def text(self, *, within_s: float) -> str:
        """What it said last, once it is over or ``within_s`` have passed."""
        self._thread.join(timeout=within_s)
        return self._held.decode(errors="replace")

    def _drain(self) -> None:
        while True:
            try:
                data = self._read(TAIL_BYTES)
            except (OSError, ValueError):  # it was closed meanwhile
                return
            if not data:
                return
            self._held = (self._held + data)[-TAIL_BYTES:]
