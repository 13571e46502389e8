"""A cache with a budget in bytes: what was used longest ago goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
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
        return self._bytes

    def get(self, key: K) -> V | None:
        """The value, which counts as used now; None if it is not held."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, *, size_bytes: int) -> None:
        """Hold a value, in place of what was used longest ago."""
        with self._lock:
            self._drop(key)
            if size_bytes > self.budget_bytes:
                return
            self._held[key] = (value, size_bytes)
            self._bytes += size_bytes
            while self._bytes > self.budget_bytes:
                _, (_, freed) = self._held.popitem(last=False)
                self._bytes -= freed

    def drop(self, key: K) -> None:
        """Hold it no longer; harmless if it is not held."""
        with self._lock:
            self._drop(key)

    def __contains__(self, key: K) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def _drop(self, key: K) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self._bytes -= found[1]
