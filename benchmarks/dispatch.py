"""What the dispatcher costs: ``python -m benchmarks.dispatch [--quick]``.

Overhead: shots whose stages do nothing go through ledger, dispatcher, three stages and real
publishing; the same payload goes through the same workers by bare Ray calls (``benchmarks.bare``),
in turns.  The difference per shot is the overhead.

Efficiency: stages of 500 ms and 200 ms, on one node with a slot of each pool, and on four raylets
with four and two; ideal is what these slots take with nothing between the stages.
"""

from __future__ import annotations

import heapq
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.bare import bare
from benchmarks.report import Figure, tell
from benchmarks.standing import ONE_EACH, Standing
from fleet.jobs.model import Pool
from fleet.stages.drill import Drill

EMPTY: Final = 500
RUNS: Final = 3
GENERATE_S: Final = 0.5
FINISH_S: Final = 0.2
LOAD: Final = Drill(generate_s=GENERATE_S, finish_s=FINISH_S)
ONE_NODE: Final = 40
FOUR_RAYLETS: Final = 160
NODES: Final = (
    {Pool.GENERATION: 1, Pool.INTERPOLATION: 1},
    {Pool.GENERATION: 1, Pool.INTERPOLATION: 0},
    {Pool.GENERATION: 1, Pool.INTERPOLATION: 0},
)
"""The nodes beside the head, which has one slot of each pool too."""


def ideal_s(shots: int, *, generators: int, finishers: int) -> float:
    """How long that many shots take if a worker is never kept waiting but by the other stage."""
    free = [0.0] * finishers
    for number in range(shots):
        made = (number // generators + 1) * GENERATE_S
        heapq.heappush(free, max(made, heapq.heappop(free)) + FINISH_S)
    return max(free)


def overhead(folder: Path, *, shots: int, runs: int) -> list[Figure]:
    """Milliseconds for an empty shot, both ways, in turns."""
    ours, raw = [], []
    with Standing(folder, stages=Drill()) as cluster:
        for run in range(runs + 1):
            each = bare(cluster, shots), cluster.finish(shots)
            if run:  # the first warms up both
                raw.append(each[0] / shots * 1000)
                ours.append(each[1] / shots * 1000)
    mine, theirs = statistics.median(ours), statistics.median(raw)
    return [
        Figure("one empty shot, ledger + dispatcher + publishing", mine, "ms", runs=runs),
        Figure("one empty shot, bare Ray calls", theirs, "ms", runs=runs),
        Figure("overhead per shot", mine - theirs, "ms", target=10.0, runs=runs),
    ]


def efficiency(
    folder: Path, *, shots: int, runs: int, nodes: tuple[dict[Pool, int], ...], target: float
) -> list[Figure]:
    """Part of the time that is work, both ways, in turns."""
    ours, raw = [], []
    slots = {pool: sum(each[pool] for each in (ONE_EACH, *nodes)) for pool in Pool}
    ideal = ideal_s(shots, generators=slots[Pool.GENERATION], finishers=slots[Pool.INTERPOLATION])
    with Standing(folder, stages=LOAD) as cluster:
        for each in nodes:
            cluster.join(each)
        cluster.wait_for_workers(sum(slots.values()))
        bare(cluster, sum(slots.values()))  # warms up
        cluster.finish(2 * sum(slots.values()))
        for _ in range(runs):
            raw.append(ideal / bare(cluster, shots))
            ours.append(ideal / cluster.finish(shots))
    where = f"{1 + len(nodes)} raylets" if nodes else "one node"
    what = f"{shots} shots of 500/200 ms, {where}"
    return [
        Figure(f"efficiency, {what}", statistics.median(ours), "", target=target, better="more",
               runs=runs),
        Figure(f"efficiency, {what}, bare Ray calls", statistics.median(raw), "", better="more",
               runs=runs),
    ]  # fmt: skip


def main(*, quick: bool) -> None:
    """Measure and tell."""
    runs, part = (1, 10) if quick else (RUNS, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = [
            *overhead(folder / "empty", shots=EMPTY // part, runs=runs),
            *efficiency(folder / "one", shots=ONE_NODE // part, runs=runs, nodes=(), target=0.94),
            *efficiency(
                folder / "four", shots=FOUR_RAYLETS // part, runs=runs, nodes=NODES, target=0.91
            ),
        ]
    tell("dispatch", figures, what=f"{EMPTY // part} empty shots on one node; pipelines")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
