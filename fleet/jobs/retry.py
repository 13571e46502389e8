"""Whether a failed attempt is tried again, when, and under which name it is given up."""

from __future__ import annotations

from dataclasses import dataclass

from companions.errors import MotionfleetError


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failed attempt tells: a stable code, words, and whether another try could help.

    Attributes:
        code: the error's ``reason``, such as ``worker_lost``.
        message: the same for people.
        retryable: another attempt now may end differently.
        curable: another submission later may end differently (a missing picture put back).
    """

    code: str
    message: str
    retryable: bool
    curable: bool


def failure_of(error: MotionfleetError) -> Failure:
    """A known error as the ledger records it."""
    return Failure(
        code=error.reason, message=str(error), retryable=error.retryable, curable=error.curable
    )


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast.

    Attributes:
        max_attempts: tries in all, the first included.
        first_delay_s: wait before the second try; doubles each time.
        longest_delay_s: the wait never exceeds this.
    """

    max_attempts: int = 3
    first_delay_s: float = 0.5
    longest_delay_s: float = 30.0


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Queue the job again, not before ``delay_s`` from now."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Discard the job; ``failure`` is the reason that is told."""

    failure: Failure


def decide(failure: Failure, *, attempt: int, policy: RetryPolicy) -> TryAgain | GiveUp:
    """What follows from the failure of attempt number ``attempt`` (from 1)."""
    if not failure.retryable or attempt >= policy.max_attempts:
        return GiveUp(failure)
    delay_s = policy.first_delay_s * 2.0 ** (attempt - 1)
    return TryAgain(min(delay_s, policy.longest_delay_s))
