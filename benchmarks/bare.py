"""The peer of the dispatcher: the same calls to the same workers, by bare Ray, with nothing around.

``python -m benchmarks.bare ADDRESS SHOTS`` on a cluster whose dispatcher has nothing to do.  One
actor, one loop for each worker, a short queue between the pools: no ledger, no leases, no
publishing.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.standing import ROOT, Standing

LIMIT_S: Final = 3600.0


class Bare:
    """The actor's body: as many loops as there are workers, and a queue between."""

    def __init__(self, generators: Sequence[Any], finishers: Sequence[Any]) -> None:
        self._generators, self._finishers = generators, finishers

    async def run(self, generate_task: Any, finish_task: Any, picture: Any, shots: int) -> float:
        """Seconds for ``shots`` shots."""
        ready: asyncio.Queue[list[Any]] = asyncio.Queue(maxsize=len(self._finishers))
        to_make, to_finish = iter(range(shots)), iter(range(shots))
        begun = time.perf_counter()
        await asyncio.gather(
            *(self._make(each, generate_task, picture, to_make, ready)
              for each in self._generators),
            *(self._take(each, finish_task, picture, to_finish, ready)
              for each in self._finishers),
        )  # fmt: skip
        return time.perf_counter() - begun

    async def _make(
        self, worker: Any, task: Any, picture: Any, numbers: Any, ready: asyncio.Queue[Any]
    ) -> None:
        for _ in numbers:
            chunks = await _drain(worker.generate, task, picture)
            await ready.put(chunks[:-1])

    async def _take(
        self, worker: Any, task: Any, picture: Any, numbers: Any, ready: asyncio.Queue[Any]
    ) -> None:
        for _ in numbers:
            await _drain(worker.finish, task, picture, await ready.get())


async def _drain(method: Any, *arguments: Any) -> list[Any]:
    stream = method.options(num_returns="streaming").remote("token", *arguments)
    refs = [ref async for ref in stream]
    await asyncio.wrap_future(refs[-1].future())
    return refs


def bare(cluster: Standing, shots: int) -> float:
    """Seconds for that many shots by bare calls to the cluster's workers."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare", cluster.address, str(shots)],
        env=cluster.environment(), cwd=ROOT, stdin=subprocess.DEVNULL,
        check=True, capture_output=True, text=True, timeout=LIMIT_S,
    )  # fmt: skip
    return float(told.stdout.split()[-1])


def main(address: str, shots: int) -> None:
    """Find the workers, run, say how long it took."""
    import ray

    from fleet.cluster.remote import HEAD, NAMESPACE, connected
    from fleet.jobs.model import Pool
    from fleet.stages.base import FinishTask, GenerateTask
    from tests.fleet.making import recipe

    with connected(address):
        listed: Any = ray.util.list_named_actors
        names = sorted(name for name in listed() if name.startswith("worker/"))
        pools = {
            pool: [ray.get_actor(n, namespace=NAMESPACE) for n in names if f"/{pool.value}/" in n]
            for pool in Pool
        }
        body: Any = ray.remote(Bare)
        actor = body.options(num_cpus=0, resources={HEAD: 0.001}).remote(
            pools[Pool.GENERATION], pools[Pool.INTERPOLATION]
        )
        made = GenerateTask("s", "s.png", recipe(), 1)
        done = FinishTask("s", "s.png", recipe(), 1, 2, 1)
        print(ray.get(actor.run.remote(made, done, b"picture", shots)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
