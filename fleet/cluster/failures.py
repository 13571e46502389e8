"""What Ray's exceptions mean for a shot.

Ray wraps a worker's exception in ``RayTaskError``; its own do not share one useful base:

    RayError
    +-- RayTaskError               the stage raised: look at the cause
    +-- RayActorError              the worker is gone
    |   +-- ActorDiedError, ActorUnavailableError (may or may not have executed)
    +-- WorkerCrashedError, NodeDiedError, ActorUnschedulableError      the worker is gone
    +-- OutOfMemoryError           the host's memory is full: Ray ended the worker
    +-- ObjectLostError, OwnerDiedError, ...                   the frames are gone
"""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass

from ray import exceptions as ray_errors

from companions.errors import MotionfleetError
from fleet.errors import (
    CheckpointUnusable,
    NodeDiskFull,
    OutOfMemory,
    StageTimedOut,
    WorkerLost,
)
from fleet.jobs.retry import Failure, failure_of


class FramesGone(Exception):
    """The dispatcher holds no frames for a shot that is to be finished."""


_FRAMES_GONE = (
    FramesGone,
    ray_errors.ObjectLostError,
    ray_errors.OwnerDiedError,
    ray_errors.ObjectReconstructionFailedError,
    ray_errors.ObjectFetchTimedOutError,
)
_WORKER_GONE = (
    ray_errors.RayActorError,
    ray_errors.ActorUnschedulableError,  # its node went away before it was up
    ray_errors.WorkerCrashedError,
    ray_errors.NodeDiedError,
)
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def _is_cuda_full(cause: BaseException) -> bool:
    # By name: torch is not imported where nothing runs on a GPU.
    kinds = {kind.__name__ for kind in type(cause).__mro__}
    return "OutOfMemoryError" in kinds and "RuntimeError" in kinds


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an exception means: the failure to record, and what it took with it."""

    failure: Failure
    worker_gone: bool = False
    frames_gone: bool = False


def is_silence(error: BaseException) -> bool:
    """Whether the worker itself did not say what happened: it, or its node, is gone."""
    return isinstance(error, _WORKER_GONE)


def is_node_death(error: ray_errors.RayActorError) -> bool:
    """Whether Ray says that an actor ended with its node, and not by itself."""
    return "node has died" in str(error)


def meaning(error: BaseException, *, stage: str, deadline_s: float, node: str) -> Meaning:
    """Translate whatever an attempt on ``node`` raised."""
    cause = error
    if isinstance(error, ray_errors.RayTaskError) and error.cause is not None:
        cause = error.cause
    if isinstance(cause, CheckpointUnusable):
        return Meaning(failure_of(cause), frames_gone=True)
    if isinstance(cause, OutOfMemory):
        # The rest of its memory is in pieces: only a fresh process has all of it.
        return Meaning(failure_of(cause), worker_gone=True)
    if isinstance(cause, MotionfleetError):
        return Meaning(failure_of(cause))
    if isinstance(cause, OSError) and cause.errno in _DISK_FULL:
        return Meaning(failure_of(NodeDiskFull(node=node, what=cause.strerror or "no space")))
    if isinstance(cause, asyncio.TimeoutError):
        timed_out = StageTimedOut(stage=stage, deadline_s=deadline_s)
        return Meaning(failure_of(timed_out), worker_gone=True)
    if isinstance(cause, _FRAMES_GONE):
        lost = WorkerLost(stage=stage, what="the frames it held are lost")
        return Meaning(failure_of(lost), frames_gone=True)
    if isinstance(cause, MemoryError | ray_errors.OutOfMemoryError) or _is_cuda_full(cause):
        what = str(cause).strip().splitlines()
        full = OutOfMemory(stage=stage, what=what[0][:300] if what else "the machine's memory")
        return Meaning(failure_of(full), worker_gone=True)
    if isinstance(cause, _WORKER_GONE):
        words = str(cause).strip().splitlines()
        lost = WorkerLost(stage=stage, what=words[0] if words else type(cause).__name__)
        return Meaning(failure_of(lost), worker_gone=True)
    named = f"{type(cause).__name__}: {cause}"[:1000]
    return Meaning(
        Failure(
            code="internal_error",
            message=f"{stage} failed in a way nobody foresaw ({named}). Please report this with "
            f"fleet.log; the other shots went on.",
            retryable=True,
            curable=True,
        )
    )
