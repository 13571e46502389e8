"""The actor beside the dispatcher that keeps generated frames on the head's disk.

It runs in a process of its own, so that neither encoding nor a full disk can hold the dispatcher
up, and on the head, because only the head's disk is durable.  How frames become a file is
``fleet.checkpoint``'s to know; this only fetches and hands on, one chunk at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import ray
from ray import ObjectRef
from ray import exceptions as ray_errors
from ray.actor import ActorHandle

from fleet.cluster.remote import HEAD
from fleet.errors import WorkerLost

NAME: Final = "archive"
KEEPERS: Final = 2
"""Shots written or read at once: more would be at the cost of the dispatcher beside it."""
FETCH_TIMEOUT_S: Final = 60.0
"""How long one chunk (about 50 MB) may take to arrive from its node."""


class Writes(Protocol):
    """``fleet.checkpoint.frames.write_checkpoint``."""

    def __call__(self, path: Path, chunks: Iterable[Any]) -> Any:
        """The facts of what was written."""
        ...


class Reads(Protocol):
    """``fleet.checkpoint.frames.read_checkpoint``."""

    def __call__(self, path: Path, *, sha256: str, frames: int) -> Iterator[Any]:
        """Chunks of frames."""
        ...


class Archive:
    """The actor's body.  It remembers nothing: killed at any moment, it is simply started again."""

    def __init__(
        self, write: Writes, read: Reads, *, fetch_timeout_s: float = FETCH_TIMEOUT_S
    ) -> None:
        self._write, self._read = write, read
        self._fetch_timeout_s = fetch_timeout_s

    def pid(self) -> int:
        """The archive's process id; answering it means the archive is up."""
        return os.getpid()

    def keep(self, path: str, chunks: Sequence[ObjectRef[Any]]) -> Any:
        """Write the frames to ``path``; the ``CheckpointFacts`` of the file.

        Raises:
            FileUnwritable: the folder refuses, or the disk is full.
            BackendFailed: the frames are no frames, or the encoder failed.
            WorkerLost: a chunk did not arrive in time.  That it can never arrive is told by the
                same errors of Ray as in a worker.
        """
        return self._write(Path(path), (self._fetched(chunk) for chunk in chunks))

    def frames(self, path: str, *, sha256: str, frames: int) -> Iterator[Any]:
        """The kept frames, in chunks as they were written.

        To be called as a streaming generator whose backpressure bounds the chunks on their way.

        Raises:
            CheckpointUnusable: they cannot be read back whole.
        """
        yield from self._read(Path(path), sha256=sha256, frames=frames)

    def _fetched(self, chunk: ObjectRef[Any]) -> Any:
        try:
            return ray.get(chunk, timeout=self._fetch_timeout_s)
        except ray_errors.GetTimeoutError as error:
            what = f"frames did not arrive at the head within {self._fetch_timeout_s:g} s"
            raise WorkerLost(stage="checkpoint", what=what) from error


def start_archive(write: Writes, read: Reads) -> ActorHandle[Any]:
    """Start the archive on the head, or join the one that runs there already.

    By the head's resource and not by its number, which is another when it was started again.
    """
    actor: Any = ray.remote(Archive)
    handle: ActorHandle[Any] = actor.options(
        name=NAME,
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        max_task_retries=0,
        max_concurrency=KEEPERS,
        num_cpus=0,
        resources={HEAD: 0.001},
    ).remote(write, read)
    return handle
