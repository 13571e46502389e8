"""Whether kill -9 ever costs a sync anything: ``python -m benchmarks.sync_kills [--quick]``.

Sets go across and clips come back, by rsync and by SFTP, while the desk's command, its rsync or
ssh, the fleet and the rsync on the other end and the server's own process are killed at random
moments.  All that time somebody looks at what is visible.  After each round one run that nobody
disturbs must leave equal trees.  What is wrong ends the run with an error.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.report import Figure, tell
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
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import ALIAS, Sshd

ROUNDS, PER_ROUND = 9, 4
FILES, SIZE = 16, 1_500_000
PACE: Final = "bandwidth_mbit_s = 160.0\ntries = 2\n"
"""20 MB/s: what travels takes long enough to be killed under way."""
LONGEST_S: Final = 2.5
"""About as long as a round takes when nobody dies."""


@dataclass
class Trial:
    """One direction by one transport.

    Attributes:
        travelled: bytes that went over the line in the direction of the files.
        needed: bytes of the files.
    """

    root: Path
    host: Sshd
    line: Proxy
    transport: str
    chance: random.Random
    tally: Tally
    travelled: int = 0
    needed: int = 0
    looks: int = 0

    def push(self, rounds: int) -> None:
        """Sets across."""
        here = desk(self.root, self.host, transport=self.transport, more=PACE)
        inbox = inbox_of(self.host)
        manifests: list[Path] = []
        with Watcher(sets_look(inbox)) as watcher:
            killer = self._killer(watcher)
            for number in range(rounds):
                manifests.append(
                    shoot(here.folder, pictures=FILES, size_bytes=SIZE, seed=number,
                          name=f"s{number}", created_at=WRITTEN + timedelta(minutes=number))
                )  # fmt: skip
                before = self.line.up
                killer.carry("push", ALIAS, here.folder, kills=PER_ROUND)
                self._clean(here.home, "push", here.folder)
                self._count(self.line.up - before, files=FILES)
                there = visible_sets(inbox)
                assert sorted(each.name for each in there) == sorted(map(set_id, manifests))
                assert [fault for each in there if (fault := fault_of_set(each))] == []
        self.looks += watcher.looks

    def pull(self, rounds: int) -> None:
        """Clips back, each round other ones of the same shots."""
        here = desk(self.root, self.host, transport=self.transport, more=PACE)
        manifest = shoot(here.folder, pictures=FILES, size_bytes=1000, seed=1)
        self._clean(here.home, "push", here.folder)
        outbox = outbox_of(self.host) / label_of(inbox_of(self.host))
        takes = [results(outbox, manifest, size_bytes=SIZE, failed=1)]
        with Watcher(results_look(here.folder, takes)) as watcher:
            killer = self._killer(watcher)
            for _ in range(rounds):
                takes.append(results(outbox, manifest, size_bytes=SIZE, take=len(takes), failed=1))
                before = self.line.down
                killer.carry("pull", ALIAS, here.folder, kills=PER_ROUND)
                self._clean(here.home, "pull", here.folder)
                self._count(self.line.down - before, files=FILES - 1)
                fault = fault_of_results(here.folder, takes[-1:])
                assert fault is None, fault
                assert set(takes[-1]) <= set(files_in(here.folder))
        self.looks += watcher.looks

    def _killer(self, watcher: Watcher) -> Killer:
        here = desk(self.root, self.host, transport=self.transport, more=PACE)
        return Killer(self.host, here, self.chance, LONGEST_S, watcher, self.tally)

    def _clean(self, home: Path, word: str, folder: Path) -> None:
        ran = fleet(home, word, ALIAS, folder)
        assert ran.code == 0, ran.err

    def _count(self, travelled: int, *, files: int) -> None:
        self.travelled += travelled
        self.needed += files * SIZE


def main(arguments: Sequence[str]) -> None:
    """Kill, look and tell."""
    rounds = 1 if "--quick" in arguments else ROUNDS
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    figures, tallies, begun, looks = [], [], perf_counter(), 0
    for transport in ("rsync", "sftp"):
        directions: dict[str, Callable[[Trial, int], None]] = {
            "push": Trial.push, "pull": Trial.pull,
        }  # fmt: skip
        for word, carry in directions.items():
            with tempfile.TemporaryDirectory(prefix="sync-kills-") as name:
                root = Path(name)
                host = Sshd(root / "sshd")
                host.start()
                try:
                    with Proxy(host.port) as line:
                        host.write_client_config(port=line.port)
                        chance = random.Random(f"{seed} {transport} {word}")
                        trial = Trial(root, host, line, transport, chance, Tally())
                        carry(trial, rounds)
                finally:
                    host.stop()
            tallies.append(trial.tally)
            looks += trial.looks
            share = trial.travelled / trial.needed
            figures += [
                Figure(f"kill -9 amid a {word} by {transport}", trial.tally.killed, "kills"),
                Figure("  bytes that travelled, of those needed", share, "", 1.25, runs=rounds),
            ]
    kinds = sorted({kind for tally in tallies for kind in tally.kills})
    figures += [
        *(Figure(f"of them the {kind}", sum(tally.kills[kind] for tally in tallies), "kills")
          for kind in kinds),
        Figure("kill -9 in all", sum(tally.killed for tally in tallies), "kills",
               target=60 if rounds == ROUNDS else None, better="more"),
        Figure("looks at what is visible", looks, "looks"),
        Figure("sets, clips and metas seen half, lost or twice", 0, "files", target=0),
        Figure("all of it", perf_counter() - begun, "s"),
    ]  # fmt: skip
    tell("sync_kills", figures, what=f"kill -9 of any process of a sync, seed {seed}")


if __name__ == "__main__":
    main(sys.argv[1:])
