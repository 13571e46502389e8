"""What a fleet would do with a queue: its route and its scheduling policy, with a clock of its own.

Pure, and over the same ``policy.choose`` and ``budget.admits`` that the dispatcher asks, so that
``fleet plan`` foresees what would really be decided.  Jobs are not listed: a group of shots that
are alike is a lane with a range of numbers, so a million shots are a few megabytes and minutes.

What it knows of: three stages in a row, workers of two pools and the head's publishers, models
that have to be loaded and are kept, the byte budget, priorities, fairness, patience, groups that
arrive later, and a dispatcher that does one thing at a time.  What it does not: failures.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fleet.jobs.budget import admits
from fleet.jobs.model import POOL_OF, Stage
from fleet.jobs.policy import Lane, Seat, choose
from fleet.jobs.scenario import Began, Forecast, Group, Site
from fleet.jobs.simulated import Queue, Staff

_ORDER: Final = (Stage.PUBLISH, Stage.FINISH, Stage.GENERATE)
"""The end of the route is filled first, so that memory empties."""
_AFTER: Final[Mapping[Stage, Stage]] = {
    Stage.GENERATE: Stage.FINISH,
    Stage.FINISH: Stage.PUBLISH,
}


def simulate(
    groups: Sequence[Group], site: Site, *, watch: Callable[[Began], None] | None = None
) -> Forecast:
    """What the fleet at ``site`` would do with ``groups``, given in the order submitted.

    The same arguments give the same forecast.

    Raises:
        ValueError: a pool that is needed has no worker, or no group is awaited.
    """
    if not any(group.awaited and group.count for group in groups):
        raise ValueError("nothing is awaited")
    for stage in (Stage.GENERATE, Stage.FINISH):
        if site.seats(stage) < 1 and any(_needs(group, stage) for group in groups):
            raise ValueError(f"the pool {POOL_OF[stage]} has no worker")
    return _Simulation(groups, site, watch).run()


def jittered(mean_s: float, *, spread: float, seed: int) -> Callable[[int], float]:
    """Seconds that vary evenly within ``mean_s`` times 1 - ``spread`` to 1 + ``spread``.

    The same shot takes the same time in every simulation of one seed, so that two sites are
    compared on the same work.
    """

    def seconds(index: int) -> float:
        # splitmix64: far cheaper than a generator of its own for each shot
        bits = (index + 1) * 0x9E3779B97F4A7C15 + seed * 0xD1342543DE82EF95
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return mean_s * (1.0 + spread * (2.0 * ((bits ^ (bits >> 31)) / 2**64) - 1.0))

    return seconds


class _Simulation:
    def __init__(
        self, groups: Sequence[Group], site: Site, watch: Callable[[Began], None] | None
    ) -> None:
        self._groups, self._site, self._watch = groups, site, watch
        self._queues = {stage: Queue() for stage in Stage}
        self._staff = {
            stage: Staff(stage, site.seats(stage), kept=max(1, site.models_kept),
                          load_s=site.load_s.get(POOL_OF[stage], 0.0) if stage in POOL_OF else 0.0)
            for stage in Stage
        }  # fmt: skip
        self._lanes = _lanes_of(groups)
        self._first: list[int] = []
        self._left = [group.count for group in groups]
        self._awaited = sum(group.count for group in groups if group.awaited)
        self._ends_s = [0.0] * len(groups)
        self._waits_s = {group.manifest_id: 0.0 for group in groups if group.count}
        self._in_flight = 0
        self._blocked = False
        self._jobs = 0
        self._handled_until = 0.0
        self._events: list[tuple[float, int, Stage | None, int, int, int]] = []
        self._numbers = 0

    def run(self) -> Forecast:
        """From the first submission to the last awaited clip."""
        number = 0
        for index, group in enumerate(self._groups):
            self._first.append(number)
            number += group.count
            if group.count:
                self._at(max(group.arrives_s, self._site.start_s), None, 0, 0, index)
        now = 0.0
        while self._awaited:
            now = self._events[0][0]
            while self._events and self._events[0][0] <= now:
                _, _, stage, worker, shot, index = heapq.heappop(self._events)
                if stage is None:
                    self._arrive(index, now)
                else:
                    self._end(stage, worker, shot, index, now)
            for stage in _ORDER:
                if self._queues[stage].lanes and self._staff[stage].idle:
                    self._fill(stage, now)
        return self._forecast(now)

    def _at(self, when_s: float, stage: Stage | None, worker: int, shot: int, group: int) -> None:
        self._numbers += 1
        heapq.heappush(self._events, (when_s, self._numbers, stage, worker, shot, group))

    def _arrive(self, index: int, now: float) -> None:
        group = self._groups[index]
        lane = self._lanes[group.begins][index]
        self._blocked = False
        if group.begins is Stage.FINISH:
            self._in_flight += group.frames_bytes * group.count
        self._queues[group.begins].add(lane, self._first[index], group.count, now=now)

    def _end(self, stage: Stage, worker: int, shot: int, index: int, now: float) -> None:
        self._staff[stage].free(worker)
        if stage is Stage.FINISH:
            self._in_flight -= self._groups[index].frames_bytes
            self._blocked = False
        following = _AFTER.get(stage)
        if following is not None:
            self._queues[following].add(self._lanes[following][index], shot, 1, now=now)
            return
        self._left[index] -= 1
        self._awaited -= self._groups[index].awaited
        self._ends_s[index] = now

    def _fill(self, stage: Stage, now: float) -> None:
        """Give out jobs of ``stage`` until there is no job, no worker, or no room for frames."""
        if stage is Stage.GENERATE and self._blocked:
            return  # nothing has changed since it was full
        queue, staff = self._queues[stage], self._staff[stage]
        while queue.lanes and staff.idle:
            queue.meet()
            choice = choose(
                list(queue.lanes.values()), staff.seats(), queue.shares,
                patience_s=self._site.patience_s,
            )  # fmt: skip
            if choice is None:
                return
            lane = choice.lane
            shot = lane.oldest
            index = bisect.bisect_right(self._first, shot) - 1
            if stage is Stage.GENERATE and not self._book(self._groups[index].frames_bytes):
                self._blocked = True
                return
            self._begin(stage, lane, choice.seat, shot, index, now)

    def _begin(
        self, stage: Stage, lane: Lane, seat: Seat, shot: int, index: int, now: float
    ) -> None:
        queue, staff, group = self._queues[stage], self._staff[stage], self._groups[index]
        time = group.times[stage]
        work_s = time(shot - self._first[index]) if callable(time) else time
        number, load_s = staff.take(seat, lane.model)
        queue.take(lane)
        queue.shares.charge(lane.manifest_id, seconds=work_s)
        waited_s = now - queue.since[lane.manifest_id]
        self._waits_s[lane.manifest_id] = max(self._waits_s[lane.manifest_id], waited_s)
        queue.since[lane.manifest_id] = now
        begin_s = max(now, self._handled_until) + self._site.handling_s
        self._handled_until = begin_s
        end_s = begin_s + load_s + work_s
        staff.busy_s += load_s + work_s
        if group.awaited:
            staff.awaited_busy_s += load_s + work_s
        self._jobs += 1
        self._at(end_s, stage, number, shot, index)
        if self._watch is not None:
            self._watch(
                Began(shot=shot, group=index, stage=stage, worker=staff.name(number),
                      loaded=load_s > 0.0, begin_s=begin_s, end_s=end_s)
            )  # fmt: skip

    def _book(self, wanted: int) -> bool:
        budget = self._site.frames_budget
        if budget is not None and not admits(
            in_flight=self._in_flight, wanted=wanted, budget=budget
        ):
            return False
        self._in_flight += wanted
        return True

    def _forecast(self, now: float) -> Forecast:
        for end_s, _, stage, _, _, index in self._events:
            if stage is not None:  # under way still, and counted to its end
                self._staff[stage].busy_s -= end_s - now
                if self._groups[index].awaited:
                    self._staff[stage].awaited_busy_s -= end_s - now
        ends_s: dict[str, float] = {}
        for group, end_s in zip(self._groups, self._ends_s, strict=True):
            ends_s[group.manifest_id] = max(end_s, ends_s.get(group.manifest_id, 0.0))
        return Forecast(
            ends_s=ends_s,
            group_ends_s=tuple(self._ends_s),
            makespan_s=now,
            busy_s={stage: staff.busy_s for stage, staff in self._staff.items()},
            awaited_busy_s={stage: staff.awaited_busy_s for stage, staff in self._staff.items()},
            seats={stage: self._site.seats(stage) for stage in Stage},
            loads={stage: staff.loads for stage, staff in self._staff.items()},
            longest_wait_s=self._waits_s,
            jobs=self._jobs,
            handling_share=self._jobs * self._site.handling_s / now if now else 0.0,
        )


def _needs(group: Group, stage: Stage) -> bool:
    return group.count > 0 and _ORDER.index(stage) <= _ORDER.index(group.begins)


def _lanes_of(groups: Sequence[Group]) -> Mapping[Stage, Sequence[Lane]]:
    """The lane of each group at each stage; groups that the policy cannot tell apart share it."""
    ids: dict[tuple[str, int, str, str], int] = {}
    lanes: dict[Stage, list[Lane]] = {stage: [] for stage in Stage}
    for group in groups:
        key = (group.manifest_id, group.priority, group.generator, group.interpolator)
        number = ids.setdefault(key, len(ids))
        for stage in Stage:
            lanes[stage].append(
                Lane(number, group.manifest_id, group.priority, group.model(stage), 0)
            )
    return lanes
