"""A sync that is killed again and again: nothing half is ever seen, and a clean run mends it.

``make bench ARGS=sync_kills`` does the same more often, and counts the bytes.
"""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.cli import fleet
from tests.chaos.sync_kills import Killer, Tally, Watcher, results_look, sets_look
from tests.chaos.transit import (
    WRITTEN,
    desk,
    fault_of_results,
    fault_of_set,
    files_in,
    inbox_of,
    label_of,
    outbox_of,
    results,
    set_id,
    shoot,
    visible_sets,
)
from tests.fleet.sync.sshd import ALIAS, Sshd

KILLS: Final = 8
"""In each of four tests."""
PACE: Final = "bandwidth_mbit_s = 160.0\ntries = 2\n"
"""20 MB/s: what travels takes long enough to be killed under way."""
SIZE: Final = 1_000_000
LONGEST_S: Final = 1.6
"""Between two deaths at most: about as long as a command takes when nobody dies."""
TRANSPORTS: Final = ("rsync", "sftp")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_push_that_is_killed_anywhere_shows_each_set_whole_and_once(
    transport: str, tmp_path: Path, host: Sshd
) -> None:
    here = desk(tmp_path, host, transport=transport, more=PACE)
    inbox, seed, tally = inbox_of(host), 20260107, Tally()
    manifests: list[Path] = []

    with Watcher(sets_look(inbox)) as watcher:
        killer = Killer(host, here, random.Random(seed), LONGEST_S, watcher, tally)
        while tally.killed < KILLS:
            number = tally.rounds
            manifests.append(
                shoot(here.folder, pictures=20, size_bytes=SIZE, seed=number, name=f"s{number}",
                      created_at=WRITTEN + timedelta(minutes=number))
            )  # fmt: skip
            killer.carry("push", ALIAS, here.folder, kills=KILLS - tally.killed)
        clean = fleet(here.home, "push", ALIAS, here.folder)

    assert clean.code == 0, (clean.err, seed, tally)
    there = visible_sets(inbox)
    assert sorted(each.name for each in there) == sorted(map(set_id, manifests)), (seed, tally)
    assert [fault for each in there if (fault := fault_of_set(each))] == [], (seed, tally)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_pull_that_is_killed_anywhere_shows_no_clip_but_whole_ones_and_no_meta_without_its_clip(
    transport: str, tmp_path: Path, host: Sshd
) -> None:
    here = desk(tmp_path, host, transport=transport, more=PACE)
    seed, tally = 20260108, Tally()
    manifest = shoot(here.folder, pictures=20, size_bytes=1000, seed=1)
    assert fleet(here.home, "push", ALIAS, here.folder).code == 0
    outbox = outbox_of(host) / label_of(inbox_of(host))
    takes = [results(outbox, manifest, size_bytes=SIZE, failed=1)]

    with Watcher(results_look(here.folder, takes)) as watcher:
        killer = Killer(host, here, random.Random(seed), LONGEST_S, watcher, tally)
        while tally.killed < KILLS:
            # The fleet made every clip anew: old ones give way to new ones, meta and clip.
            takes.append(results(outbox, manifest, size_bytes=SIZE, take=len(takes), failed=1))
            killer.carry("pull", ALIAS, here.folder, kills=KILLS - tally.killed)
        clean = fleet(here.home, "pull", ALIAS, here.folder)

    assert clean.code == 0, (clean.err, seed, tally)
    assert fault_of_results(here.folder, takes[-1:]) is None, (seed, tally)
    assert set(takes[-1]) <= set(files_in(here.folder)), (seed, tally)
    assert not list(here.folder.glob(".motionfleet-incoming/**/*.mp4")), (seed, tally)
