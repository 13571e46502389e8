"""Random operations with kill -9 among them: every byte of every original is accounted for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.companions.sets.sequences import World, run

KILLS = 60

pytestmark = pytest.mark.usefixtures("bin_folder")


def test_killed_again_and_again_on_one_disk_nothing_is_lost(tmp_path: Path) -> None:
    world = World(
        [tmp_path / "a", tmp_path / "b", tmp_path / "c"],
        tmp_path / "log",
        seed=random.randrange(10**6),
    )

    tally = run(world, kills=KILLS)

    assert min(tally.killed, tally.killed_resuming) > 0
    assert {"move", "copy", "rename", "trash"} <= {*tally.words}


def test_killed_again_and_again_across_disks_nothing_is_lost(
    tmp_path: Path, other_disk: Path
) -> None:
    world = World(
        [tmp_path / "a", other_disk / "b"], tmp_path / "log", seed=random.randrange(10**6)
    )

    tally = run(world, kills=KILLS)

    assert min(tally.killed, tally.killed_resuming) > 0
    assert {"move", "copy", "rename"} <= {*tally.words}
