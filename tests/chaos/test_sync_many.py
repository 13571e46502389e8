"""Ten thousand small files go across as one set, and cost next to nothing the second time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from tests.acceptance.cli import fleet
from tests.chaos.transit import desk, fault_of_set, inbox_of, set_id, shoot, visible_sets
from tests.fleet.sync.sshd import ALIAS, Sshd

FILES: Final = 10_000
PATIENCE_S: Final = 30.0
"""Far more than it takes: a machine may be busy, and what is quadratic takes minutes."""


def test_ten_thousand_small_files_arrive_as_one_set_and_do_not_travel_again(
    tmp_path: Path, host: Sshd
) -> None:
    here = desk(tmp_path, host)
    manifest = shoot(here.folder, pictures=FILES, size_bytes=500, seed=1)
    inbox = inbox_of(host)

    first = fleet(here.home, "push", ALIAS, here.folder, timeout_s=PATIENCE_S)

    assert first.code == 0, first.err
    (arrived,) = visible_sets(inbox)
    assert arrived.name == set_id(manifest)
    assert fault_of_set(arrived) is None
    touched = {path: path.stat() for path in arrived.rglob("*")}

    begun = time.monotonic()
    again = fleet(here.home, "push", ALIAS, here.folder, timeout_s=PATIENCE_S)

    assert again.code == 0, again.err
    assert time.monotonic() - begun < PATIENCE_S
    assert {path: path.stat().st_mtime_ns for path in arrived.rglob("*")} == {
        path: stat.st_mtime_ns for path, stat in touched.items()
    }
