"""What will be wanted next: pictures to show and pictures to look at, the most urgent first.  Pure.

Pictures go by their names, groups by their number; ``shown`` are the groups that are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from selector.core.groups import Group

AROUND: Final = 32
"""A group may be a folder of thousands: so many of its pictures are wanted to either side."""
_NEXT: Final = (1, 2, 3, -1, 4, 5, 6)


def to_show(
    groups: Sequence[Group], shown: Sequence[int], *, group: int, candidate: int
) -> list[str]:
    """The current candidate, its group, the groups to come and the one before."""
    if group < 0:
        return []
    here = groups[group].pictures
    names = [here[candidate], *here[max(0, candidate - AROUND) : candidate + AROUND]]
    at = shown.index(group) if group in shown else -1
    for offset in _NEXT:
        if at >= 0 and 0 <= at + offset < len(shown):
            names += groups[shown[at + offset]].pictures[:AROUND]
    return list(dict.fromkeys(names))


def to_look_at(
    groups: Sequence[Group], shown: Sequence[int], *, group: int, awaited: Iterable[str]
) -> Iterator[str]:
    """Picks that wait for their proposal, what is seen now, then all in the order shown.

    A name may come more than once.
    """
    at = shown.index(group) if group in shown else 0
    here = groups[group].pictures if group >= 0 else ()
    onward = (name for g in (*shown[at:], *shown[:at]) for name in groups[g].pictures)
    rest = (name for each in groups for name in each.pictures)  # filtered out, yet to be scored
    return chain(sorted(awaited), here, onward, rest)
