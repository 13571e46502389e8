"""A worker: one Ray actor that holds one slot of one pool and does that pool's stage."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import ray
from ray import ObjectRef
from ray.actor import ActorHandle

from fleet.jobs.model import Pool


class StageWork(Protocol):
    """What a worker is given to do; ``fleet.stages.base.Stages`` says what it means."""

    def generate(self, task: Any, picture: bytes) -> Iterator[Any]:
        """Chunks of frames, then the report."""
        ...

    def finish(self, task: Any, picture: bytes, chunks: Iterator[Any]) -> Iterator[Any]:
        """Words on progress, the report, the clip."""
        ...


class Worker:
    """The actor's body.  Stateless but for loaded models: inputs and results travel."""

    def __init__(self, stages: StageWork) -> None:
        self._stages = stages

    def pid(self) -> int:
        """The worker's process id; answering it means the worker is up."""
        return os.getpid()

    def generate(self, task: object, picture: bytes) -> Iterator[object]:
        """Chunks of frames as they are made, then the report."""
        yield from self._stages.generate(task, picture)

    def finish(
        self, task: object, picture: bytes, chunks: Sequence[ObjectRef[Any]]
    ) -> Iterator[object]:
        """Progress, the report, the clip; frames are fetched one chunk at a time."""
        yield from self._stages.finish(task, picture, (ray.get(chunk) for chunk in chunks))


def start_worker(pool: Pool, stages: StageWork) -> ActorHandle[Any]:
    """Start a worker on a free slot of ``pool``.

    Retries belong to the ledger, so the actor has none of its own.
    """
    actor: Any = ray.remote(Worker)
    handle: ActorHandle[Any] = actor.options(
        resources={pool.value: 1.0}, num_cpus=0, max_restarts=0, max_task_retries=0
    ).remote(stages)
    return handle
