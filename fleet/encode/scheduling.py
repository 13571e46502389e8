"""Encoder threads are ordinary threads: no encoder may starve the rest of a node."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


@contextlib.contextmanager
def ordinary_threads() -> Iterator[None]:
    """Take back the real-time priority that this process's threads were given within the block.

    Where it runs as root, as it does in a container, SVT-AV1 makes its threads and the one that
    opens it SCHED_FIFO at priority 99: they then run before everything else on the machine, the
    node's heartbeat included, and every thread made later inherits it.  There is no option
    against it.
    """
    before = _policies()
    yield
    for thread, policy in _policies().items():
        if policy in _REAL_TIME and before.get(thread) not in _REAL_TIME:
            # It may have ended by itself since.
            with contextlib.suppress(ProcessLookupError):
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


if sys.platform == "linux":
    _REAL_TIME = frozenset({os.SCHED_FIFO, os.SCHED_RR})

    def _policies() -> Mapping[int, int]:
        """How each thread of this process is scheduled, by its id."""
        found = {}
        for entry in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                found[int(entry.name)] = os.sched_getscheduler(int(entry.name))
        return found

else:
    _REAL_TIME = frozenset[int]()

    def _policies() -> Mapping[int, int]:
        return {}
