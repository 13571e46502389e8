"""Whether a failed attempt is tried again, when, and under which name it is given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from companions.errors import MotionfleetError
from fleet.errors import OutOfMemory

LONGEST_DELAY_S: Final = 30.0
"""No backoff is longer: after a minute a fault of the surroundings is over, or it is not."""


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
        longest_delay_s: the wait never exceeds this, nor ``LONGEST_DELAY_S``.
        max_losses: how often a job may lose its node or its inputs, which is no try of its own.
    """

    max_attempts: int = 3
    first_delay_s: float = 0.5
    longest_delay_s: float = LONGEST_DELAY_S
    max_losses: int = 20


@dataclass(frozen=True, slots=True)
class Past:
    """What a job went through, the attempt that just failed included.

    Attributes:
        tries: attempts that count, from 1.
        losses: attempts that ended because their node or their inputs went away.
        memory_plan: index of the memory plan it had, among those the manifest allows.
        memory_plans: how many the manifest allows; 0 if it names none.
    """

    tries: int
    losses: int = 0
    memory_plan: int = 0
    memory_plans: int = 0


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Queue the job again, not before ``delay_s`` from now.

    Attributes:
        given_back: the attempt does not count as a try: it was not the shot's fault.
        memory_plan: index of the memory plan of the next attempt.
    """

    delay_s: float
    given_back: bool = False
    memory_plan: int = 0


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Discard the job; ``failure`` is the reason that is told."""

    failure: Failure


def decide(
    failure: Failure, past: Past, policy: RetryPolicy, *, lost: bool = False
) -> TryAgain | GiveUp:
    """What follows from a failed attempt.

    ``lost`` says that it ended through its surroundings: a node that went away, inputs that went
    with it.  That is no try, but it is capped too, or a shot that takes whole nodes with it would
    go round for ever.
    """
    if lost:
        if past.losses >= policy.max_losses:
            return GiveUp(failure)
        return TryAgain(0.0, given_back=True, memory_plan=past.memory_plan)
    if failure.code == OutOfMemory.code and past.memory_plan + 1 < past.memory_plans:
        # Another plan is another attempt: the shot has all its tries with it.
        return TryAgain(0.0, given_back=True, memory_plan=past.memory_plan + 1)
    if not failure.retryable or past.tries >= policy.max_attempts:
        return GiveUp(failure)
    delay_s = policy.first_delay_s * 2.0 ** (past.tries - 1)
    return TryAgain(
        min(delay_s, policy.longest_delay_s, LONGEST_DELAY_S), memory_plan=past.memory_plan
    )
