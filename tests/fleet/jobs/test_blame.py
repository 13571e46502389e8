"""Whether the shot is at fault or the node."""

from __future__ import annotations

from fleet.jobs.blame import BLOCK_AFTER, Suspicions
from fleet.jobs.model import Stage

GENERATE, FINISH = Stage.GENERATE, Stage.FINISH


def test_a_node_on_which_one_shot_after_the_other_fails_is_blamed_with_the_last_words() -> None:
    suspicions = Suspicions()

    found = [
        suspicions.failed("gpu-1", GENERATE, shot_id=f"s{i}", message=f"no CUDA device ({i})")
        for i in range(BLOCK_AFTER)
    ]

    assert found[:-1] == [None] * (BLOCK_AFTER - 1)
    blame = found[-1]
    assert blame is not None
    assert blame.node == "gpu-1"
    assert "no CUDA device (4)" in blame.reason
    assert blame.shot_ids == ("s0", "s1", "s2", "s3", "s4")


def test_one_shot_alone_never_blames_a_node_however_often_it_fails_there() -> None:
    suspicions = Suspicions()

    for _ in range(10 * BLOCK_AFTER):
        assert suspicions.failed("gpu-1", GENERATE, shot_id="killer", message="died") is None


def test_a_success_of_the_same_stage_clears_a_node_and_one_of_another_stage_does_not() -> None:
    suspicions = Suspicions()
    for i in range(BLOCK_AFTER - 1):
        suspicions.failed("gpu-1", GENERATE, shot_id=f"s{i}", message="died")

    suspicions.succeeded("gpu-1", FINISH)
    assert suspicions.failed("gpu-1", GENERATE, shot_id="last", message="died") is not None

    for i in range(BLOCK_AFTER - 1):
        suspicions.failed("gpu-1", GENERATE, shot_id=f"s{i}", message="died")
    suspicions.succeeded("gpu-1", GENERATE)
    assert suspicions.failed("gpu-1", GENERATE, shot_id="last", message="died") is None


def test_shots_that_fail_on_every_node_blame_none() -> None:
    suspicions = Suspicions()

    for i in range(10 * BLOCK_AFTER):
        assert suspicions.failed("gpu-1", GENERATE, shot_id=f"s{i}", message="bad") is None
        assert suspicions.failed("gpu-2", GENERATE, shot_id=f"s{i}", message="bad") is None


def test_a_node_that_was_forgiven_begins_anew() -> None:
    suspicions = Suspicions()
    for i in range(BLOCK_AFTER - 1):
        suspicions.failed("gpu-1", GENERATE, shot_id=f"s{i}", message="died")

    suspicions.forgive("gpu-1")

    assert suspicions.failed("gpu-1", GENERATE, shot_id="last", message="died") is None
