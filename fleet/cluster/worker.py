"""A worker: one Ray actor that holds one slot of one pool and does that pool's stage.

Detached and named, so that it outlives its dispatcher and the next one finds it, its models still
loaded.  It does one attempt at a time and can be told to stop it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import ray
from ray import ObjectRef
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from fleet.cluster.gpu import gpu_name
from fleet.errors import AttemptStopped
from fleet.jobs.model import Pool
from fleet.jobs.progress import Progress

CONTROL: Final = "control"
"""Concurrency group of the calls that must be answered while a stage is at work."""


class StageWork(Protocol):
    """What a worker is given to do; ``fleet.stages.base.Stages`` says what it means."""

    @property
    def models(self) -> Sequence[str]:
        """Models that are loaded, most recently used first."""
        ...

    def generate(
        self,
        task: Any,
        picture: bytes,
        stopped: Callable[[], bool],
        tell: Callable[[Progress], None],
    ) -> Iterator[Any]:
        """Chunks of frames, then the report."""
        ...

    def finish(
        self, task: Any, picture: bytes, chunks: Iterator[Any], stopped: Callable[[], bool]
    ) -> Iterator[Any]:
        """Words on progress, the report, the clip."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What a worker says of itself.

    Attributes:
        pid: its process.
        models: what it has loaded, most recently used first.
        busy: lease token of the attempt it is at, or empty.
        gpu: name of its GPU, or empty.
        progress: how far that attempt is; None where it has told nothing.
    """

    pid: int
    models: tuple[str, ...]
    busy: str
    gpu: str
    progress: Progress | None = None


class Worker:
    """The actor's body.  Stateless but for loaded models: inputs and results travel."""

    def __init__(self, stages: StageWork) -> None:
        self._stages = stages
        self._busy = ""
        self._progress: Progress | None = None
        self._stopped: set[str] = set()
        self._guard = threading.Lock()

    @ray.method(concurrency_group=CONTROL)
    def state(self) -> WorkerState:
        """What it is at; answering means that it is up."""
        with self._guard:
            busy, progress = self._busy, self._progress
        return WorkerState(os.getpid(), tuple(self._stages.models), busy, gpu_name(), progress)

    @ray.method(concurrency_group=CONTROL)
    def stop(self, token: str) -> None:
        """End the attempt ``token``, or whichever is under way if that is empty.

        Cooperative: it ends where the stage next looks, which it does between frames or steps.
        """
        with self._guard:
            self._stopped.add(token or self._busy)

    def generate(self, token: str, task: object, picture: bytes) -> Iterator[object]:
        """Chunks of frames as they are made, then the report."""
        stopped = self._begin(token)
        try:
            yield from self._until(
                self._stages.generate(task, picture, stopped, self._tell), stopped, stage="generate"
            )
        finally:
            self._end(token)

    def finish(
        self, token: str, task: object, picture: bytes, chunks: Sequence[ObjectRef[Any]]
    ) -> Iterator[object]:
        """Progress, the report, the clip; frames are fetched one chunk at a time."""
        stopped = self._begin(token)
        fetched = (ray.get(chunk) for chunk in chunks)
        try:
            yield from self._until(
                self._stages.finish(task, picture, fetched, stopped), stopped, stage="finish"
            )
        finally:
            self._end(token)

    def _begin(self, token: str) -> Callable[[], bool]:
        with self._guard:
            self._busy, self._progress = token, None
        return lambda: token in self._stopped

    def _end(self, token: str) -> None:
        with self._guard:
            self._busy, self._progress = "", None
            self._stopped.discard(token)

    def _tell(self, progress: Progress) -> None:
        with self._guard:
            self._progress = progress

    @staticmethod
    def _until(
        items: Iterator[object], stopped: Callable[[], bool], *, stage: str
    ) -> Iterator[object]:
        for item in items:
            if stopped():
                raise AttemptStopped(stage=stage)
            yield item
        if stopped():
            raise AttemptStopped(stage=stage)


def start_worker(
    pool: Pool, stages: StageWork, *, name: str, node_id: str, gpus: float = 0.0
) -> ActorHandle[Any]:
    """Start a worker on a free slot of ``pool`` on that node, with a share of its GPUs.

    Retries belong to the ledger, so the actor has none of its own.
    """
    remote: Any = ray.remote
    actor = remote(concurrency_groups={CONTROL: 2})(Worker)
    handle: ActorHandle[Any] = actor.options(
        name=name,
        lifetime="detached",
        resources={pool.value: 1.0},
        num_cpus=0,
        num_gpus=gpus,
        max_restarts=0,
        max_task_retries=0,
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
    ).remote(stages)
    return handle
