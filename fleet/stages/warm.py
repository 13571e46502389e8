"""What a worker keeps loaded: the most recently used backends, within a limit of memory."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """A backend that says what its model holds."""

    @property
    def memory_bytes(self) -> int:
        """Memory its loaded model holds."""
        ...


B = TypeVar("B", bound=Sized)


class Warm(Generic[B]):
    """Backends by name.  The one asked for longest ago makes room for a new one."""

    def __init__(
        self,
        load: Callable[[str], B],
        *,
        limit_bytes: int | Callable[[], int],
        unload: Callable[[B], None] = lambda _: None,
    ) -> None:
        """``limit_bytes`` is asked only once something could have to go; ``unload`` is called
        with what has to."""
        self._load, self._limit_bytes, self._unload = load, limit_bytes, unload
        self._backends: dict[str, B] = {}  # the least recently used first

    @property
    def names(self) -> tuple[str, ...]:
        """What is loaded, most recently used first."""
        return tuple(reversed(self._backends))

    def get(self, name: str) -> B:
        """The backend ``name``, loaded if it is not.

        Room is made before the new one allocates anything: backends load their models at the
        first shot, and two large models do not fit one GPU even for a moment.
        """
        backend = self._backends.pop(name, None)
        if backend is None:
            backend = self._load(name)
            self._make_room(backend.memory_bytes)
            gc.collect()
        self._backends[name] = backend
        return backend

    def _make_room(self, size_bytes: int) -> None:
        if not self._backends:
            return
        limit = self._limit_bytes if isinstance(self._limit_bytes, int) else self._limit_bytes()
        while self._backends and self._used_bytes() + size_bytes > limit:
            # Others may refer to it still: it is told to let go, not only forgotten.
            self._unload(self._backends.pop(next(iter(self._backends))))

    def _used_bytes(self) -> int:
        return sum(backend.memory_bytes for backend in self._backends.values())
