"""How many workers a machine gets."""

from __future__ import annotations

import pytest

from fleet.cluster.pools import (
    Machine,
    frames_budget_bytes,
    object_store_bytes,
    pool_sizes,
    this_machine,
)
from fleet.jobs.model import Pool
from fleet.settings import Settings

GIB = 1024**3


@pytest.mark.parametrize(
    ("cores", "memory_gib", "each"), [(1, 8, 1), (2, 24, 1), (8, 64, 2), (64, 16, 4), (8, 1, 1)]
)
def test_each_pool_gets_a_slot_for_four_cores_as_far_as_memory_goes(
    cores: int, memory_gib: int, each: int
) -> None:
    sizes = pool_sizes(Machine(cores=cores, memory_bytes=memory_gib * GIB), Settings())

    assert sizes == {Pool.GENERATION: each, Pool.INTERPOLATION: each}


def test_settings_say_otherwise() -> None:
    machine = Machine(cores=2, memory_bytes=8 * GIB)
    settings = Settings(generation_slots=3, object_store_mb=500)

    assert pool_sizes(machine, settings)[Pool.GENERATION] == 3
    assert object_store_bytes(machine, settings) == 500 * 1024**2


def test_frames_never_fill_the_store_because_the_clips_need_room_too() -> None:
    machine = this_machine()
    store = object_store_bytes(machine, Settings())

    assert store <= machine.memory_bytes // 4
    assert frames_budget_bytes(store) < store
