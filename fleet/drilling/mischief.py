"""Which faults a seed means, and when they fall.  Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mischief(StrEnum):
    """What a drill does to a fleet."""

    WORKER = "kill a worker"
    DISPATCHER = "kill the dispatcher"
    ARCHIVE = "kill the keeper of frames"
    NODE = "kill a node"
    GCS = "kill the GCS"
    HEAD = "kill the head's raylet"
    KEEPER = "kill the cluster's keeper"
    ALL = "kill everything"
    COMMAND = "kill a command that follows"
    FREEZE = "stop a worker for a while"
    AGAIN = "submit everything again"
    CANCEL = "cancel a shot and ask for it again"
    DRAIN = "drain a node and use it again"


WEIGHTS: Final[dict[Mischief, int]] = {
    Mischief.WORKER: 10,
    Mischief.DISPATCHER: 6,
    Mischief.NODE: 5,
    Mischief.ARCHIVE: 3,
    Mischief.FREEZE: 3,
    Mischief.COMMAND: 3,
    Mischief.AGAIN: 3,
    Mischief.CANCEL: 4,
    Mischief.DRAIN: 3,
    Mischief.GCS: 2,
    Mischief.KEEPER: 2,
    Mischief.HEAD: 2,
    Mischief.ALL: 1,
}
"""How often each falls, against the others: what is likelier in a rack is likelier here."""

NEED_A_CLUSTER: Final = frozenset(
    {Mischief.NODE, Mischief.GCS, Mischief.HEAD, Mischief.KEEPER, Mischief.ALL, Mischief.DRAIN}
)
"""What only befalls a cluster that stays; embedded, there is one machine and one command."""
NEED_NODES: Final = frozenset({Mischief.NODE, Mischief.DRAIN})


@dataclass(frozen=True, slots=True)
class Fault:
    """One piece of mischief.

    Attributes:
        after: it falls once so many shots have ended.
        delay_s: and then after this long, so that faults fall within attempts, not between them.
        pick: 0..1, which of the possible victims it is.
    """

    what: Mischief
    after: int
    delay_s: float
    pick: float


def plan_faults(*, seed: int, count: int, shots: int, cluster: bool, nodes: int) -> Sequence[Fault]:
    """The faults of a seed, in the order they fall: spread over the first nine tenths of the work.

    Every kind that is possible falls at least once where ``count`` allows, then by weight.
    """
    chance = random.Random(seed)  # noqa: S311  (mischief, not secrets)
    kinds = [
        kind
        for kind in Mischief
        if (cluster or kind not in NEED_A_CLUSTER) and (nodes or kind not in NEED_NODES)
    ]
    chosen = list(kinds) if count >= len(kinds) else []
    weights = [WEIGHTS[kind] for kind in kinds]
    chosen += chance.choices(kinds, weights, k=count - len(chosen))
    chance.shuffle(chosen)
    times = sorted(chance.randint(0, max(0, shots * 9 // 10 - 1)) for _ in chosen)
    return [
        Fault(what=what, after=after, delay_s=chance.uniform(0.0, 0.3), pick=chance.random())
        for what, after in zip(chosen, times, strict=True)
    ]
