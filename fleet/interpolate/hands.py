"""Several pairs of frames at an interpolator at once, and what it makes in order.

Libraries share one pair among cores badly: on two of them a pair comes 1.3 to 1.4 times as soon,
two pairs side by side 1.6 to 1.9 times (``flow`` and ``flow-refine`` at 1280x720).  An interpolator
that has a device for itself says so (``Interpolator.side_by_side``) and is given one at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from companions.picture import Pixels
from fleet.interpolate.base import Interpolator


@dataclass(frozen=True, slots=True)
class Between:
    """What is asked of an interpolator: frames between two, at these fractions of the way."""

    before: Pixels
    after: Pixels
    fractions: Sequence[float]


def made_in_order(
    asked: Iterator[Pixels | Between], interpolator: Interpolator, *, hands: int
) -> Iterator[Pixels]:
    """Frames as they come, and in the place of each ``Between`` the frames it asks for.

    ``hands`` pairs are at work and one more is ready for the first hand that is free; ``asked`` is
    not read further ahead.  When the iterator is closed, pairs at work are waited for.

    Raises:
        Exception: what the interpolator raised, as itself.
    """
    hands = hands if interpolator.side_by_side else 1
    coming: deque[Pixels | Future[list[Pixels]]] = deque()
    at_work = 0
    with ExitStack() as after:
        threads = ThreadPoolExecutor(hands, thread_name_prefix="between")
        after.callback(threads.shutdown, wait=True, cancel_futures=True)
        for each in asked:
            if isinstance(each, Between):
                pair = each.before, each.after, each.fractions
                coming.append(threads.submit(interpolator.between, *pair))
                at_work += 1
            else:
                coming.append(each)
            del each  # what has come out is held by nobody here
            while coming and (at_work > hands or not isinstance(coming[0], Future)):
                ready = coming.popleft()
                if isinstance(ready, Future):
                    at_work -= 1
                yield from _frames(ready)
        while coming:
            yield from _frames(coming.popleft())


def _frames(ready: Pixels | Future[list[Pixels]]) -> list[Pixels]:
    return ready.result() if isinstance(ready, Future) else [ready]
