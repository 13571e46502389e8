"""Which faults a seed means, and when they fall.  Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
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

LONGEST_DELAY_S: Final = 1.2

NEED_A_CLUSTER: Final = frozenset(
    {Mischief.NODE, Mischief.GCS, Mischief.HEAD, Mischief.KEEPER, Mischief.ALL, Mischief.DRAIN}
)
"""What only befalls a cluster that stays; embedded, there is one machine and one command."""
NEED_NODES: Final = frozenset({Mischief.NODE, Mischief.DRAIN})


@dataclass(frozen=True, slots=True)
class Fault:
    """One piece of mischief.

    Attributes:
        delay_s: how long after the portion of the work that comes before it was submitted, so
            that faults fall at any point of an attempt.
        pick: 0..1, which of the possible victims it is.
    """

    what: Mischief
    delay_s: float
    pick: float


def plan_faults(*, seed: int, count: int, cluster: bool, nodes: int) -> Sequence[Fault]:
    """The faults of a seed, in the order they fall.

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
    return [
        Fault(what=what, delay_s=chance.uniform(0.0, LONGEST_DELAY_S), pick=chance.random())
        for what in chosen
    ]


def portions(shots: int, faults: int) -> Sequence[range]:
    """The work in portions, one before each fault and one after the last, all about as large."""
    count = min(shots, faults + 1)
    edges = [round(shots * i / count) for i in range(count + 1)]
    return [range(begin, end) for begin, end in pairwise(edges)]
