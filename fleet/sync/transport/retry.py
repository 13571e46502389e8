"""Trying again: which failure deserves it, how long to wait before, and the loop around an action.

Transports try once.  Whoever calls them decides here, and can say so to the operator.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from companions.errors import MotionfleetError
from fleet.sync.errors import HostUnreachable, TransferFailed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before each further try.

    Attributes:
        first_s: before the second try; doubles each time.
        most_s: never longer.
        jitter: the share of a wait that is left to chance, so that desks whose host came back do
            not all knock at the same moment.
    """

    first_s: float = 1.0
    most_s: float = 60.0
    jitter: float = 0.5

    def wait_s(self, failed: int, *, chance: float) -> float:
        """The wait after ``failed`` failed tries (1 or more); ``chance`` is in [0, 1)."""
        # The exponent is bounded: 2.0 ** 2000 is no float.
        full = min(self.most_s, self.first_s * 2.0 ** min(failed - 1, 32))
        return full * (1.0 - self.jitter * chance)


BACKOFF: Final = Backoff()


def deserves_another_try(error: MotionfleetError) -> bool:
    """Whether the same transfer may succeed a little later."""
    return isinstance(error, TransferFailed | HostUnreachable)


def run_with_retries(
    action: Callable[[], T],
    *,
    tries: int,
    sleep: Callable[[float], bool],
    tell: Callable[[MotionfleetError, int, float], None],
    backoff: Backoff = BACKOFF,
    chance: Callable[[], float] = random.random,
) -> T:
    """What ``action`` returns, tried up to ``tries`` times.

    Args:
        sleep: waits for so many seconds; true when it was woken to give up, at once if that was
            before (``stop.event.wait`` is one).
        tell: called before each wait with the failure, how many tries have failed, and the wait.

    Raises:
        MotionfleetError: what does not deserve another try, at once; else the last try's.
    """
    failed = 0
    while True:
        try:
            return action()
        except MotionfleetError as error:
            failed += 1
            # Asked first: whoever stopped it is not to be told that it will be tried again.
            if failed >= tries or not deserves_another_try(error) or sleep(0.0):
                raise
            wait_s = backoff.wait_s(failed, chance=chance())
            tell(error, failed, wait_s)
            if sleep(wait_s):
                raise
