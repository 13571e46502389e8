"""What the dispatcher costs: ``python -m benchmarks.dispatch``.

Overhead: 500 shots whose stages do nothing go through ledger, dispatcher, three stages and real
publishing; the same payload goes through the same two workers by bare Ray calls, pipelined as
well as one actor can.  The difference per shot is the overhead.

Efficiency: 40 shots of 500 ms and 200 ms, one slot each; ideal is 40 x 0.5 + 0.2 s.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, tell
from fleet.ledger.database import Database
from fleet.settings import Home, Settings
from tests.fleet.drilling import prepare

SHOTS = 500
RUNS = 3
ONE_EACH = Settings(generation_slots=1, interpolation_slots=1)


def dispatched(shots: int, *, generate_s: float, finish_s: float) -> float:
    """Seconds from the first lease to the last end, workers warm; in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.dispatch", "drill", folder, str(shots),
             str(generate_s), str(finish_s)],
            check=True,
        )  # fmt: skip
        database = Database(Home(Path(folder) / "home").ledger)
        row = database.rows(
            "SELECT max(ended_at) - min(started_at) AS span, count(*) AS n FROM attempts"
        )[0]
        database.close()
        if row["n"] != 3 * shots:
            raise RuntimeError(f"{row['n']} attempts for {shots} shots")
        return float(row["span"])


def drill(folder: Path, shots: int, generate_s: float, finish_s: float) -> None:
    """One drill, through everything but the work itself."""
    from fleet import client
    from fleet.embedded import work_until_done
    from fleet.stages.drill import Drill

    manifest = prepare(folder, [f"shot{i:04d}" for i in range(shots)])
    home = Home(folder / "home")
    submission = client.read_submission(manifest, out=None, home=home)
    client.queue(submission, home=home)
    work_until_done(
        [planned.row.id for planned in submission.shots],
        home=home,
        settings=ONE_EACH,
        stages=Drill(generate_s=generate_s, finish_s=finish_s),
        tick=lambda _doing, _frames: None,
    )


class Bare:
    """The same calls with nothing around them: two pipelined loops, a queue of one between."""

    def __init__(self, generator: Any, finisher: Any) -> None:
        self._generator, self._finisher = generator, finisher

    async def run(self, generate_task: Any, finish_task: Any, picture: Any, shots: int) -> float:
        """Seconds for ``shots`` shots."""
        ready: asyncio.Queue[list[Any]] = asyncio.Queue(maxsize=1)
        begun = time.perf_counter()
        makers = [self._make(generate_task, picture, shots, ready)]
        takers = [self._take(finish_task, picture, shots, ready)]
        await asyncio.gather(*makers, *takers)
        return time.perf_counter() - begun

    async def _make(self, task: Any, picture: Any, shots: int, ready: asyncio.Queue[Any]) -> None:
        for _ in range(shots):
            chunks = await self._drain(self._generator.generate, task, picture)
            await ready.put(chunks[:-1])

    async def _take(self, task: Any, picture: Any, shots: int, ready: asyncio.Queue[Any]) -> None:
        for _ in range(shots):
            await self._drain(self._finisher.finish, task, picture, await ready.get())

    async def _drain(self, method: Any, *arguments: Any) -> list[Any]:
        stream = method.options(num_returns="streaming").remote("token", *arguments)
        refs = [ref async for ref in stream]
        await asyncio.wrap_future(refs[-1].future())
        return refs


def bare(shots: int) -> float:
    """Seconds for the same payload by bare Ray calls; in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.dispatch", "bare", str(shots)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(told.stdout.split()[-1])


def run_bare(shots: int) -> float:
    """The bare calls themselves."""
    from fleet.cluster import environment

    with tempfile.TemporaryDirectory() as folder:
        environment.prepare(Home(Path(folder)))
        import ray

        from fleet.cluster.embedded import embedded_cluster
        from fleet.cluster.pools import this_machine
        from fleet.cluster.worker import start_worker
        from fleet.jobs.model import Pool
        from fleet.stages.base import FinishTask, GenerateTask
        from fleet.stages.drill import Drill
        from tests.fleet.making import recipe

        with embedded_cluster(settings=ONE_EACH, machine=this_machine()):
            here = ray.get_runtime_context().get_node_id()
            workers = [start_worker(pool, Drill(), name=pool.value, node_id=here) for pool in Pool]
            ray.get([worker.state.remote() for worker in workers])
            body: Any = ray.remote(Bare)
            actor = body.options(num_cpus=0).remote(*workers)
            made = GenerateTask("s", "s.png", recipe(), 1)
            done = FinishTask("s", "s.png", recipe(), 1, 2, 1)
            seconds: float = ray.get(actor.run.remote(made, done, b"picture", shots))
            return seconds


def main() -> None:
    """Measure and tell."""
    ours = [dispatched(SHOTS, generate_s=0, finish_s=0) / SHOTS * 1000 for _ in range(RUNS)]
    raw = [bare(SHOTS) / SHOTS * 1000 for _ in range(RUNS)]
    mine, theirs = statistics.median(ours), statistics.median(raw)
    ideal = 40 * 0.5 + 0.2
    actual = dispatched(40, generate_s=0.5, finish_s=0.2)
    tell(
        "dispatch",
        [
            Figure("one shot, ledger + dispatcher + publishing", mine, "ms", runs=RUNS),
            Figure("one shot, bare Ray calls", theirs, "ms", runs=RUNS),
            Figure("overhead per shot", mine - theirs, "ms", target=10.0, runs=RUNS),
            Figure("pipeline efficiency, 40 shots of 500/200 ms", ideal / actual, "",
                   target=0.94, better="more"),
        ],
        what=f"{SHOTS} empty shots, one slot each pool, one node",
    )  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["drill", folder, shots, generate_s, finish_s]:
            drill(Path(folder), int(shots), float(generate_s), float(finish_s))
        case ["bare", shots]:
            print(run_bare(int(shots)))
        case _:
            main()
