"""What the simulation keeps: the queue of each stage, and its workers.

Both are made for size.  A range of shots is one entry until its shots differ, and idle workers
that have the same models loaded are shown to the policy as one.
"""

from __future__ import annotations

import heapq

from fleet.jobs.model import Stage
from fleet.jobs.policy import Lane, Seat, Shares
from fleet.jobs.scenario import HEAD_MODEL


class Queue:
    """Queued jobs of one stage: lane by lane, each in the order of its shots."""

    def __init__(self) -> None:
        self.lanes: dict[int, Lane] = {}
        self.shares = Shares()
        self.since: dict[str, float] = {}
        self._lanes_of: dict[str, int] = {}
        self._ranges: dict[int, list[tuple[int, int]]] = {}
        self._singles: dict[int, list[int]] = {}
        self._met = True

    def add(self, like: Lane, first: int, count: int, *, now: float) -> None:
        """Queue the shots ``first`` and following; ``like`` says which lane they are of."""
        if count == 1:
            heapq.heappush(self._singles.setdefault(like.id, []), first)
        else:
            heapq.heappush(self._ranges.setdefault(like.id, []), (first, first + count))
        known = self.lanes.get(like.id)
        if known is None:
            count_of = self._lanes_of.get(like.manifest_id, 0)
            self._lanes_of[like.manifest_id] = count_of + 1
            if not count_of:
                self.since[like.manifest_id] = now
                self._met = False
            self._show(like, first)
        elif first < known.oldest:
            self._show(like, first)

    def take(self, lane: Lane) -> None:
        """Remove the lane's oldest job."""
        singles, ranges = self._singles.get(lane.id), self._ranges.get(lane.id)
        if singles and singles[0] == lane.oldest:
            heapq.heappop(singles)
        elif ranges:
            first, stop = ranges[0]
            if first + 1 < stop:
                heapq.heapreplace(ranges, (first + 1, stop))
            else:
                heapq.heappop(ranges)
        heads = [singles[0]] if singles else []
        if ranges:
            heads.append(ranges[0][0])
        if heads:
            self._show(lane, min(heads))
            return
        del self.lanes[lane.id]
        self._lanes_of[lane.manifest_id] -= 1
        if not self._lanes_of[lane.manifest_id]:
            del self._lanes_of[lane.manifest_id]
            self._met = False

    def meet(self) -> None:
        """Tell the shares which manifests have something queued, if that changed."""
        if not self._met:
            self.shares.meet(self._lanes_of)
            self._met = True

    def _show(self, like: Lane, oldest: int) -> None:
        self.lanes[like.id] = Lane(
            like.id, like.manifest_id, like.priority, like.model, oldest
        )  # fmt: skip


class Staff:
    """The workers of one stage.  Idle ones with the same models loaded are interchangeable, so
    the policy is shown one of each kind."""

    def __init__(self, stage: Stage, size: int, *, load_s: float, kept: int) -> None:
        models: tuple[str, ...] = (HEAD_MODEL,) if stage is Stage.PUBLISH else ()
        self._names = [f"{stage.value}-{number}" for number in range(size)]
        self._models = [models] * size
        self._load_s, self._kept = load_s, kept
        self._seats: dict[tuple[str, ...], Seat] = {}
        self.idle: dict[tuple[str, ...], list[int]] = {}
        self.loads = 0
        self.busy_s = 0.0
        self.awaited_busy_s = 0.0
        for number in reversed(range(size)):
            self.free(number)

    def free(self, number: int) -> None:
        """That worker has nothing to do."""
        self.idle.setdefault(self._models[number], []).append(number)

    def seats(self) -> list[Seat]:
        """One idle worker of each kind."""
        return [self._seats.get(models) or self._seat(models) for models in self.idle]

    def take(self, seat: Seat, model: str) -> tuple[int, float]:
        """An idle worker of the kind of ``seat``, and the seconds it loads ``model`` before."""
        alike = self.idle[seat.models]
        number = alike.pop()
        if not alike:
            del self.idle[seat.models]
        held = self._models[number]
        if held and held[0] == model:
            return number, 0.0
        others = tuple(other for other in held if other != model)
        self._models[number] = (model, *others)[: self._kept]
        if model in held:
            return number, 0.0
        self.loads += 1
        return number, self._load_s

    def name(self, number: int) -> str:
        """What that worker is called."""
        return self._names[number]

    def _seat(self, models: tuple[str, ...]) -> Seat:
        seat = Seat(name="+".join(models), models=models)
        self._seats[models] = seat
        return seat
