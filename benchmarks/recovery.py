"""How soon the fleet works on: ``python -m benchmarks.recovery [--quick]``.

A head and a node on this machine, always more shots than workers, and what can befall them: each
several times, each measured from the blow to the next lease that only recovery can have given, as
the ledger tells it.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks.report import Figure, tell
from benchmarks.standing import ONE_EACH, Standing
from fleet.drilling.arena import kill
from fleet.ledger import control
from fleet.ledger.selection import Selection
from fleet.stages.drill import Drill, Fault, Trouble

RUNS: Final = 5
GCS_RUNS: Final = 3
"""Fewer: the keeper waits longer before each restart, and gives up at the sixth."""
PATIENCE_S: Final = 60.0
SETTLED_S: Final = 1.0
GCS_LOOK_S: Final = 8.0
YIELDS: Final = [f"yields_{number}" for number in range(RUNS)]
DEAF: Final = [f"deaf_{number}" for number in range(RUNS)]
STAGES: Final = Drill(
    generate_s=0.3,
    finish_s=0.1,
    faults={name: Fault("generate", Trouble.SLOW) for name in YIELDS}
    | {name: Fault("generate", Trouble.HANG) for name in DEAF},
)
GRACE_S: Final = 2.0
SETTINGS: Final = f"cancel_grace_s = {GRACE_S}\n"
FEWEST: Final = 100
MORE: Final = 300
_LEASES: Final = "SELECT min(started_at) FROM attempts WHERE stage <> 'publish'"


class Recovery:
    """One fleet, hit again and again."""

    def __init__(self, cluster: Standing) -> None:
        self.cluster = cluster
        self.arena = cluster.arena

    def dispatcher(self) -> float:
        """Seconds from the dispatcher's kill to the next lease."""
        self._settle()
        begun = time.time()
        _kill_one(self.arena.actors("Dispatcher"))
        dead = time.time()
        return self._first("", dead) - begun

    def worker(self) -> float:
        """Seconds from a worker's kill to the first lease of the one in its place."""
        self._settle()
        known = {row["worker"] for row in self._rows("SELECT DISTINCT worker FROM attempts")}
        begun = time.time()
        _kill_one(self.arena.actors("Worker"))
        query = "SELECT worker, started_at FROM attempts WHERE started_at > ? AND worker <> ''"

        def new() -> list[float]:
            rows = self._rows(query, begun)
            return [row["started_at"] for row in rows if row["worker"] not in known]

        self._wait(lambda: bool(new()), "a new worker's lease")
        return min(new()) - begun

    def gcs(self) -> tuple[float, float]:
        """Seconds from the GCS's kill to the next lease, and the longest pause soon after it."""
        self._settle()
        begun = time.time()
        _kill_one(self.arena.gcs())
        dead = time.time()
        soonest = self._first("", dead) - begun
        self._wait(lambda: time.time() > begun + GCS_LOOK_S, "some seconds")
        query = "SELECT started_at FROM attempts WHERE stage <> 'publish' AND started_at > ?"
        at = [dead, *sorted(row["started_at"] for row in self._rows(query, dead)), time.time()]
        return soonest, max(later - sooner for sooner, later in pairwise(at))

    def cancel(self, name: str) -> float:
        """Seconds from the cancelling of a running shot to the next lease in its slot."""
        (shot_id,) = self.cluster.submit(1, names=[name], priority=10)
        query = "SELECT * FROM attempts WHERE shot_id = ? AND started_at < ?"

        def running() -> bool:
            # For so long that it is at what it will not end by itself.
            return bool(self._rows(query, shot_id, time.time() - SETTLED_S))

        self._wait(running, f"an attempt at {name}")
        slot = self._rows(query, shot_id, time.time())[0]["worker"].rpartition("/")[0]
        self._keep_busy()
        begun = time.time()
        control.cancel(
            self.cluster.database, Selection(shots=(shot_id,)), who="a benchmark",
            spare_publishing=True, now=begun,
        )  # fmt: skip
        return self._first(" AND worker LIKE ?", begun, f"{slot}/%") - begun

    def node(self) -> tuple[float, float, float]:
        """A node joins, and its raylet is killed when it is at work.

        Seconds from ``ray start`` and from its end to the first lease on it, and from the kill
        until the last of its shots is under way elsewhere.
        """
        self._keep_busy()
        begun = time.time()
        name = self.cluster.join(ONE_EACH)
        joined = time.time()
        first = self._first(" AND node = ?", begun, name)
        self.cluster.wait_for_workers(2 * len(ONE_EACH))
        self._settle()
        at = self._rows("SELECT * FROM attempts WHERE node = ? AND outcome = 'running'", name)
        killed = time.time()
        _kill_one(self.arena.raylets())
        elsewhere = [
            self._first(" AND shot_id = ? AND node <> ?", killed, row["shot_id"], name) - killed
            for row in at
        ]
        self.cluster.wait_for_workers(len(ONE_EACH))
        return first - begun, max(0.0, first - joined), max(elsewhere, default=0.0)

    # -- looking ----------------------------------------------------------------------------------

    def _keep_busy(self) -> None:
        if self.cluster.unfinished() < FEWEST:
            self.cluster.submit(MORE)

    def _settle(self) -> None:
        """Wait until everybody is at work."""
        self._keep_busy()
        running = "SELECT 1 FROM attempts WHERE outcome = 'running' AND stage = 'generate'"
        nodes = 1 + len(self.arena.raylets())
        self._wait(lambda: len(self._rows(running)) >= nodes, "workers at work")

    def _first(self, which: str, after: float, *values: str) -> float:
        """When the first such lease after that time was given, which is waited for."""
        query = f"{_LEASES} AND started_at > ?{which}"

        def first() -> float | None:
            found: float | None = self._rows(query, after, *values)[0][0]
            return found

        self._wait(lambda: first() is not None, f"a lease{which}")
        found = first()
        assert found is not None
        return found

    def _rows(self, query: str, *values: str | float) -> list[sqlite3.Row]:
        return self.cluster.database.rows(query, values)

    def _wait(self, true: Callable[[], bool], what: str) -> None:
        self.cluster.wait_until(true, within_s=PATIENCE_S, what=what)


def _kill_one(pids: list[int]) -> None:
    if not pids or not kill(pids[-1]):
        raise RuntimeError("there was nobody to kill")


def main(*, quick: bool) -> None:
    """Measure and tell."""
    runs, gcs_runs = (1, 1) if quick else (RUNS, GCS_RUNS)
    with (
        tempfile.TemporaryDirectory() as folder,
        Standing(Path(folder) / "fleet", stages=STAGES, settings=SETTINGS) as cluster,
    ):
        fleet = Recovery(cluster)
        nodes = [fleet.node() for _ in range(runs)]
        cancelled = [fleet.cancel(name) for name in YIELDS[:runs]]
        ended = [fleet.cancel(name) for name in DEAF[:runs]]
        workers = [fleet.worker() for _ in range(runs)]
        dispatchers = [fleet.dispatcher() for _ in range(runs)]
        gcs = [fleet.gcs() for _ in range(gcs_runs)]

    def figure(name: str, seconds: list[float], target: float | None = None) -> Figure:
        return Figure(name, statistics.median(seconds), "s", target=target, runs=len(seconds))

    tell(
        "recovery",
        [
            figure("dispatcher killed: next lease", dispatchers, 3.0),
            figure("the slowest of these", [max(dispatchers)]),
            figure("worker killed: first lease of its replacement", workers, 2.0),
            figure("the slowest of these", [max(workers)]),
            figure("raylet killed: its shots under way elsewhere", [each[2] for each in nodes]),
            figure("GCS killed: next lease", [each[0] for each in gcs]),
            figure("GCS killed: longest pause between leases", [each[1] for each in gcs]),
            figure("running shot cancelled, yields: next lease in its slot", cancelled, 2.0),
            figure(f"the same, deaf, {GRACE_S:g} s of grace", ended),
            figure("ray start of a node: first lease on it", [each[0] for each in nodes]),
            figure("node joined: first lease on it", [each[1] for each in nodes]),
        ],
        what="head and one node on this machine, stages of 300/100 ms",
    )


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
