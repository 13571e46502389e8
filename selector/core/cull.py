"""The state of a cull: groups, what was decided on each, what is shown, and in which order.

Holds no window and touches no disk: the desk asks it what to show and tells it what was decided.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from selector.core.decisions import Considered
from selector.core.groups import Group

PACE_WINDOW_S: Final = 60.0
"""The pace is that of the last minute's decisions."""
SOONEST_PACE_S: Final = 5.0
"""Two keys in a row are no pace yet."""


class Verdict(StrEnum):
    """What was decided on a group."""

    OPEN = "open"  #: some of its pictures were not decided on
    PICKED = "picked"  #: one or more of its pictures are picked
    REJECTED = "rejected"  #: all were passed over


class Filter(StrEnum):
    """Which groups are shown."""

    ALL = "all"
    OPEN = "open"
    PICKED = "picked"
    REJECTED = "rejected"
    VIABLE = "viable"  #: with a picture whose viability reaches the threshold
    BLOCKED = "blocked"  #: with a picture or companion that cannot be used


class Order(StrEnum):
    """In which order groups are shown."""

    NAME = "name"
    VIABILITY = "viability"  #: the most promising first


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the cull is.

    Attributes:
        decided, total, picked, rejected: groups.
        per_minute: the pace of the last minute's decisions; 0 before there is one.
    """

    decided: int
    total: int
    picked: int
    rejected: int
    per_minute: float


class Cull:
    """Groups and decisions.  Pictures go by their names relative to the opened folder."""

    def __init__(self, groups: Sequence[Group], standing: Mapping[str, Considered]) -> None:
        """``standing`` is what the journal says of each picture."""
        self.groups = tuple(groups)
        self._standing = dict(standing)
        self._group_of = {name: g for g, group in enumerate(self.groups) for name in group.pictures}
        self._verdicts = [self._judge(group) for group in self.groups]
        self._count = Counter(self._verdicts)
        self._moments: deque[float] = deque()

    def verdict(self, group: int) -> Verdict:
        """What was decided on that group."""
        return self._verdicts[group]

    def picked(self, group: int) -> tuple[str, ...]:
        """The pictures of that group which are picked."""
        return tuple(n for n in self.groups[group].pictures if self.is_picked(n))

    def is_picked(self, name: str) -> bool:
        """Whether that picture is picked."""
        each = self._standing.get(name)
        return each is not None and each.picked

    def all_picked(self) -> tuple[str, ...]:
        """Every picked picture, in the order of groups."""
        return tuple(name for g in range(len(self.groups)) for name in self.picked(g))

    def group_of(self, name: str) -> int | None:
        """The group that picture is in."""
        return self._group_of.get(name)

    def decide(self, pictures: Iterable[Considered], *, open_again: bool, now: float) -> None:
        """Take in what was decided; ``now`` in seconds, for the pace.

        ``open_again``: these pictures are undecided from now on, and do not count for the pace.
        """
        touched: set[int] = set()
        for each in pictures:
            if open_again:
                self._standing.pop(each.name, None)
            else:
                self._standing[each.name] = each
            if each.name in self._group_of:
                touched.add(self._group_of[each.name])
        for group in touched:
            self._count[self._verdicts[group]] -= 1
            self._verdicts[group] = self._judge(self.groups[group])
            self._count[self._verdicts[group]] += 1
        if not open_again:
            self._moments.append(now)
        elif self._moments:
            self._moments.pop()

    def progress(self, now: float) -> Progress:
        """How far the cull is at ``now``."""
        while self._moments and now - self._moments[0] > PACE_WINDOW_S:
            self._moments.popleft()
        spent = now - self._moments[0] if len(self._moments) > 1 else 0.0
        picked, rejected = self._count[Verdict.PICKED], self._count[Verdict.REJECTED]
        return Progress(
            decided=picked + rejected,
            total=len(self.groups),
            picked=picked,
            rejected=rejected,
            per_minute=60.0 * (len(self._moments) - 1) / spent if spent >= SOONEST_PACE_S else 0.0,
        )

    def shown(
        self,
        wanted: Filter,
        *,
        order: Order = Order.NAME,
        scores: Mapping[str, float] | None = None,
        threshold: float = 0.5,
        blocked: frozenset[str] = frozenset(),
    ) -> tuple[int, ...]:
        """The groups that are shown, in order.

        Args:
            wanted: which.
            order: in which order.
            scores: viability by picture, as far as known.
            threshold: from which score on a picture is viable.
            blocked: pictures that cannot be used, or whose companion cannot.
        """
        scores = scores or {}

        def best(group: int) -> float:
            return max((scores.get(n, -1.0) for n in self.groups[group].pictures), default=-1.0)

        def fits(group: int) -> bool:
            if wanted is Filter.VIABLE:
                return best(group) >= threshold
            if wanted is Filter.BLOCKED:
                return not blocked.isdisjoint(self.groups[group].pictures)
            return wanted is Filter.ALL or self._verdicts[group].value == wanted.value

        found = [group for group in range(len(self.groups)) if fits(group)]
        if order is Order.VIABILITY:
            found.sort(key=best, reverse=True)  # stable: equals stay in the order of names
        return tuple(found)

    def next_open(self, after: int, shown: Sequence[int]) -> int | None:
        """The next undecided group of ``shown`` after the group ``after``, else the first one."""
        at = shown.index(after) if after in shown else -1
        for group in (*shown[at + 1 :], *shown[: at + 1]):
            if self._verdicts[group] is Verdict.OPEN:
                return group
        return None

    def _judge(self, group: Group) -> Verdict:
        known = [self._standing.get(name) for name in group.pictures]
        if any(each is not None and each.picked for each in known):
            return Verdict.PICKED
        return Verdict.OPEN if any(each is None for each in known) else Verdict.REJECTED
