"""What Ray's exceptions mean for a shot."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from ray import exceptions as ray_errors

from companions.errors import PictureProblem, PictureRefused
from fleet.cluster.failures import FramesGone, Meaning, meaning
from fleet.errors import CheckpointUnusable, OutOfMemory
from fleet.stages.drill import CudaOutOfMemoryError

# Ray's exceptions carry no types.
errors: Any = ray_errors


def found(error: BaseException) -> Meaning:
    return meaning(error, stage="generate", deadline_s=60.0, node="gpu-1")


def raised_by_a_worker(cause: Exception) -> Exception:
    told: Exception = errors.RayTaskError(
        function_name="generate", traceback_str="Traceback ...", cause=cause
    )
    return told


def test_an_error_a_stage_raised_keeps_its_own_name_and_words() -> None:
    cause = PictureRefused(
        file="a.jpg", problem=PictureProblem.TRUNCATED, what="is truncated", remedy="Copy it."
    )

    failure = found(raised_by_a_worker(cause)).failure

    assert (failure.code, failure.message) == ("picture_truncated", str(cause))
    assert not failure.retryable


def test_an_error_nobody_foresaw_is_told_without_its_traceback_and_tried_again() -> None:
    failure = found(raised_by_a_worker(KeyError("frames"))).failure

    assert failure.code == "internal_error"
    assert "KeyError: 'frames'" in failure.message
    assert "Traceback" not in failure.message
    assert failure.retryable


@pytest.mark.parametrize(
    "error",
    [
        errors.ActorDiedError(),
        errors.WorkerCrashedError(),
        errors.NodeDiedError("gone"),
    ],
)
def test_a_worker_that_is_gone_is_replaced_and_the_shot_tried_again(error: Exception) -> None:
    told = found(error)

    assert told.worker_gone
    assert not told.frames_gone
    assert (told.failure.code, told.failure.retryable) == ("worker_lost", True)


@pytest.mark.parametrize(
    "error",
    [
        errors.OutOfMemoryError("full"),
        raised_by_a_worker(MemoryError()),
        raised_by_a_worker(CudaOutOfMemoryError("CUDA out of memory")),
        raised_by_a_worker(OutOfMemory(stage="generate", what="VRAM")),
    ],
)
def test_a_worker_that_ran_out_of_memory_is_replaced_by_a_fresh_one(error: Exception) -> None:
    told = found(error)

    assert told.worker_gone
    assert (told.failure.code, told.failure.retryable) == ("out_of_memory", True)


def test_a_full_disk_of_a_node_is_told_with_the_nodes_name() -> None:
    failure = found(raised_by_a_worker(OSError(errno.ENOSPC, "No space left on device"))).failure

    assert failure.code == "node_disk_full"
    assert "gpu-1" in failure.message
    assert failure.retryable


def test_damaged_kept_frames_are_frames_that_are_gone() -> None:
    error = CheckpointUnusable(path=Path("a.frames.nut"), what="its hash differs")

    assert found(raised_by_a_worker(error)).frames_gone


@pytest.mark.parametrize(
    "error",
    [
        FramesGone(),
        errors.ObjectLostError("00" * 28, None, ""),
        errors.OwnerDiedError("00" * 28, None, ""),
    ],
)
def test_frames_that_are_gone_are_generated_again_by_the_same_worker(error: Exception) -> None:
    told = found(error)

    assert told.frames_gone
    assert not told.worker_gone
    assert told.failure.retryable


def test_a_stage_past_its_deadline_costs_its_worker() -> None:
    told = found(TimeoutError())

    assert told.worker_gone
    assert told.failure.code == "stage_timed_out"
    assert "60 s" in told.failure.message
