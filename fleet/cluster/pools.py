"""How many workers each pool gets on this machine.  Pure, but for asking the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from fleet.jobs.model import Pool
from fleet.settings import Settings

_GIB = 1024**3
_WORKER_BYTES = 1 * _GIB


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine offers."""

    cores: int
    memory_bytes: int


def this_machine() -> Machine:
    """The cores this process may use, and the machine's memory."""
    try:
        cores = len(os.sched_getaffinity(0))  # respects containers and taskset
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(cores=cores, memory_bytes=memory)


def pool_sizes(machine: Machine, settings: Settings) -> Mapping[Pool, int]:
    """Slots per pool: one for every four cores, within memory, unless the settings say otherwise.

    A shot keeps about two cores busy (rendering, flow and encoding have threads of their own),
    and each shot passes both pools.
    """
    each = max(1, min(machine.cores // 4, machine.memory_bytes // (4 * _WORKER_BYTES)))
    return {
        Pool.GENERATION: settings.generation_slots or each,
        Pool.INTERPOLATION: settings.interpolation_slots or each,
    }


def object_store_bytes(machine: Machine, settings: Settings) -> int:
    """Memory for frames between workers: a quarter of the machine's, at most 8 GiB."""
    if settings.object_store_mb is not None:
        return settings.object_store_mb * 1024**2
    return max(200 * 1024**2, min(8 * _GIB, machine.memory_bytes // 4))


def frames_budget_bytes(store_bytes: int) -> int:
    """Frames that may be under way at once: what the store holds, less room for clips."""
    return int(store_bytes * 0.7)
