"""A cache with a budget in bytes: what was used longest ago goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Container, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """Values by key, together never over the budget; safe to use from several threads.

    A value larger than the whole budget is not kept.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """What is held now."""
        with self._lock:
            return self._bytes

    def get(self, key: K) -> V | None:
        """The value, which counts as used now; None if it is not held."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, *, size_bytes: int, keep: Container[K] = ()) -> bool:
        """Hold a value, in place of what was used longest ago; whether it is held.

        What is in ``keep`` stays as long as there is something else to drop, which may be the
        value itself: what is on the screen is not given up for what is no longer looked for.
        """
        with self._lock:
            self._drop(key)
            if size_bytes > self.budget_bytes:
                return False
            self._held[key] = (value, size_bytes)
            self._bytes += size_bytes
            if self._bytes > self.budget_bytes:
                self._make_room(keep)
            return key in self._held

    def drop(self, key: K) -> None:
        """Hold it no longer; harmless if it is not held."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Hold nothing any longer."""
        with self._lock:
            self._held.clear()
            self._bytes = 0

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return key in self._held

    def __len__(self) -> int:
        with self._lock:
            return len(self._held)

    def _make_room(self, keep: Container[K]) -> None:
        # The new value is the last in the row, so it goes only if all others are to be kept.
        for spare in [key for key in self._held if key not in keep]:
            if self._bytes <= self.budget_bytes:
                return
            self._drop(spare)
        while self._bytes > self.budget_bytes:
            self._drop(next(iter(self._held)))

    def _drop(self, key: K) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self._bytes -= found[1]
