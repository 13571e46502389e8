"""When a failure is worth another try."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from companions.errors import PictureProblem, PictureRefused
from fleet.errors import OutOfMemory, WorkerLost
from fleet.jobs.budget import admits, frames_bytes
from fleet.jobs.retry import Failure, GiveUp, Past, RetryPolicy, TryAgain, decide, failure_of
from tests.fleet.making import recipe

LOST = failure_of(WorkerLost(stage="generate", what="killed"))
BROKEN = failure_of(
    PictureRefused(
        file="a.jpg", problem=PictureProblem.TRUNCATED, what="is truncated", remedy="Copy it."
    )
)


def test_a_broken_picture_is_not_tried_twice() -> None:
    assert decide(BROKEN, Past(tries=1), RetryPolicy()) == GiveUp(BROKEN)


def test_a_lost_worker_is_replaced_until_the_attempts_are_used_up() -> None:
    policy = RetryPolicy(max_attempts=3, first_delay_s=1.0)

    decisions = [decide(LOST, Past(tries=attempt), policy) for attempt in (1, 2, 3)]

    assert decisions == [TryAgain(1.0), TryAgain(2.0), GiveUp(LOST)]


@given(attempt=st.integers(1, 50), longest=st.floats(0.1, 600.0))
def test_the_wait_grows_but_never_beyond_the_longest(attempt: int, longest: float) -> None:
    policy = RetryPolicy(max_attempts=100, longest_delay_s=longest)

    decision = decide(LOST, Past(tries=attempt), policy)

    assert isinstance(decision, TryAgain)
    assert 0.0 < decision.delay_s <= longest


def test_a_lost_node_is_no_try_of_the_shot_but_losses_are_capped_too() -> None:
    policy = RetryPolicy(max_attempts=1, max_losses=2)

    def after(losses: int) -> TryAgain | GiveUp:
        return decide(LOST, Past(tries=1, losses=losses), policy, lost=True)

    assert [after(0), after(1), after(2)] == [
        TryAgain(0.0, given_back=True),
        TryAgain(0.0, given_back=True),
        GiveUp(LOST),
    ]


def test_out_of_memory_takes_the_next_plan_the_manifest_allows_and_then_counts_as_a_try() -> None:
    full = failure_of(OutOfMemory(stage="generate", what="CUDA"))
    policy = RetryPolicy(max_attempts=1)

    first = decide(full, Past(tries=1, memory_plan=0, memory_plans=2), policy)
    last = decide(full, Past(tries=1, memory_plan=1, memory_plans=2), policy)

    assert first == TryAgain(0.0, given_back=True, memory_plan=1)
    assert last == GiveUp(full)
    assert decide(full, Past(tries=1), policy) == GiveUp(full)


def test_a_retry_keeps_the_memory_plan_it_has() -> None:
    again = decide(LOST, Past(tries=1, memory_plan=1, memory_plans=2), RetryPolicy())

    assert isinstance(again, TryAgain)
    assert again.memory_plan == 1


def test_a_missing_picture_may_be_put_back_but_broken_bytes_stay_broken() -> None:
    missing = failure_of(
        PictureRefused(file="a.jpg", problem=PictureProblem.MISSING, what="gone", remedy="Copy it.")
    )

    assert (missing.curable, BROKEN.curable) == (True, False)


def test_a_failure_keeps_the_code_and_the_words_of_its_error() -> None:
    assert Failure(code="picture_truncated", message="a.jpg: is truncated. Copy it.",
                   retryable=False, curable=False) == BROKEN  # fmt: skip


def test_one_shot_may_always_start_however_large_it_is() -> None:
    assert admits(in_flight=0, wanted=10**12, budget=1)
    assert not admits(in_flight=1, wanted=10**12, budget=10**12)
    assert admits(in_flight=400, wanted=600, budget=1000)
    assert not admits(in_flight=400, wanted=601, budget=1000)


def test_the_budget_counts_the_generators_frames_and_not_the_clips() -> None:
    few = frames_bytes(recipe(width=64, height=64, fps=12, duration_s=2.0))

    assert few == 25 * 64 * 64 * 3
