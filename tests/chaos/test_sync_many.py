"""Ten thousand small files go across as one set, and cost next to nothing the second time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.acceptance.cli import fleet
from tests.chaos.transit import desk, fault_of_set, inbox_of, set_id, shoot, visible_sets
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import ALIAS, Sshd

FILES: Final = 10_000
LIMIT_S: Final = 60.0
"""Far more than it takes on a busy machine; what is quadratic takes longer still."""
A_WORD: Final = 100_000
"""Bytes of a conversation in which nothing travels, whatever the number of files."""


def test_ten_thousand_small_files_arrive_as_one_set_and_nothing_of_them_travels_again(
    tmp_path: Path, host: Sshd
) -> None:
    here = desk(tmp_path, host)
    manifest = shoot(here.folder, pictures=FILES, size_bytes=200, seed=1)

    with Proxy(host.port) as line:
        host.write_client_config(port=line.port)
        first = fleet(here.home, "push", ALIAS, here.folder, timeout_s=LIMIT_S)
        (arrived,) = visible_sets(inbox_of(host))
        line.reset_counters()
        again = fleet(here.home, "push", ALIAS, here.folder, timeout_s=LIMIT_S)

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert arrived.name == set_id(manifest)
    assert fault_of_set(arrived) is None
    assert line.up + line.down < A_WORD
