"""When a failure is worth another try."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from companions.errors import PictureProblem, PictureRefused
from fleet.errors import WorkerLost
from fleet.jobs.budget import admits, frames_bytes
from fleet.jobs.retry import Failure, GiveUp, RetryPolicy, TryAgain, decide, failure_of
from tests.fleet.making import recipe

LOST = failure_of(WorkerLost(stage="generate", what="killed"))
BROKEN = failure_of(
    PictureRefused(
        file="a.jpg", problem=PictureProblem.TRUNCATED, what="is truncated", remedy="Copy it."
    )
)


def test_a_broken_picture_is_not_tried_twice() -> None:
    assert decide(BROKEN, attempt=1, policy=RetryPolicy()) == GiveUp(BROKEN)


def test_a_lost_worker_is_replaced_until_the_attempts_are_used_up() -> None:
    policy = RetryPolicy(max_attempts=3, first_delay_s=1.0)

    decisions = [decide(LOST, attempt=attempt, policy=policy) for attempt in (1, 2, 3)]

    assert decisions == [TryAgain(1.0), TryAgain(2.0), GiveUp(LOST)]


@given(attempt=st.integers(1, 50), longest=st.floats(0.1, 600.0))
def test_the_wait_grows_but_never_beyond_the_longest(attempt: int, longest: float) -> None:
    policy = RetryPolicy(max_attempts=100, longest_delay_s=longest)

    decision = decide(LOST, attempt=attempt, policy=policy)

    assert isinstance(decision, TryAgain)
    assert 0.0 < decision.delay_s <= longest


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
