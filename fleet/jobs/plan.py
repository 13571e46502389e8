"""When a queue will be done, what it will cost, and how the workers were better divided.

Pure: all of it is asked of the simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleet.jobs.model import POOL_OF, Pool, Stage
from fleet.jobs.scenario import Forecast, Group, Seconds, Site
from fleet.jobs.simulate import simulate

TRY_ALL: Final = 12
"""Up to so many workers every split is tried; beyond, only where the best one can be."""
ENOUGH_SHOTS: Final = 25
"""Shots for each worker that tell one split from another; of more, every n-th is simulated."""
DISPATCHER: Final = "dispatcher"
PUBLISHING: Final = "publishing"


@dataclass(frozen=True, slots=True)
class Split:
    """The same number of workers, divided otherwise.

    Attributes:
        workers: how many each pool would have.
        makespan_s: seconds until all that is awaited would be done.
    """

    workers: Mapping[Pool, int]
    makespan_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is foreseen.

    Attributes:
        forecast: the simulation.
        clips: how many are awaited.
        cost: what the awaited clips will cost in all; None without a price.
        bottleneck: the pool that a further worker would help most; or ``publishing``, or
            ``dispatcher``, which no worker can help.
        better: the split that finishes soonest, if it is sooner than the site's own.
    """

    forecast: Forecast
    clips: int
    cost: float | None
    bottleneck: str
    better: Split | None

    @property
    def cost_per_clip(self) -> float | None:
        """What one awaited clip will cost; None without a price."""
        return None if self.cost is None else self.cost / self.clips


def plan(
    groups: Sequence[Group], site: Site, *, per_hour: Mapping[Pool, float] | None = None
) -> Plan:
    """What becomes of the awaited groups among ``groups`` at ``site``.

    ``per_hour`` is what an hour of one worker of each pool costs.

    Raises:
        ValueError: as ``simulate``.
    """
    forecast = simulate(groups, site)
    return Plan(
        forecast=forecast,
        clips=sum(group.count for group in groups if group.awaited),
        cost=None if per_hour is None else cost(forecast, per_hour),
        bottleneck=bottleneck(forecast),
        better=_better(groups, site, forecast),
    )


def cost(forecast: Forecast, per_hour: Mapping[Pool, float]) -> float:
    """What the awaited shots cost: whole pools are paid until they are done, idle or not.

    Where others' work is done meanwhile, it bears its share.
    """
    total = 0.0
    for stage, pool in POOL_OF.items():
        busy_s = forecast.busy_s[stage]
        share = forecast.awaited_busy_s[stage] / busy_s if busy_s else 1.0
        hours = forecast.seats[stage] * forecast.makespan_s / 3600.0
        total += per_hour.get(pool, 0.0) * hours * share
    return total


def bottleneck(forecast: Forecast) -> str:
    """Name of what holds all else up."""
    stage = forecast.bottleneck
    if forecast.handling_share > forecast.utilisation(stage):
        return DISPATCHER
    pool = POOL_OF.get(stage)
    return PUBLISHING if pool is None else pool.value


def best_split(total: int, span_s: Callable[[int], float], *, guess: int) -> int:
    """How many of ``total`` workers the generation pool should have, for ``span_s`` to be least.

    ``span_s`` says how long all takes with so many; it falls and then rises, but for a little
    unevenness.  ``guess`` is where to begin.
    """
    known: dict[int, float] = {}

    def span(generation: int) -> float:
        if generation not in known:
            known[generation] = span_s(generation)
        return known[generation]

    if total <= TRY_ALL:
        return min(range(1, total), key=lambda k: (span(k), abs(k - guess)))
    best = min(max(guess, 1), total - 1)
    step = max(2, total // 50)
    while step:
        near = [k for k in (best - step, best + step) if 1 <= k < total]
        sooner = min(near, key=span, default=best)
        if span(sooner) < span(best):
            best = sooner
        else:
            step //= 2
    return best


def _better(groups: Sequence[Group], site: Site, forecast: Forecast) -> Split | None:
    total = sum(site.workers.values())
    if total < 2:
        return None
    few = _thinned(groups, most=ENOUGH_SHOTS * total)

    def divided(generation: int) -> Mapping[Pool, int]:
        return {Pool.GENERATION: generation, Pool.INTERPOLATION: total - generation}

    def span_s(generation: int) -> float:
        return simulate(few, replace(site, workers=divided(generation))).makespan_s

    work_s = {pool: forecast.busy_s[stage] for stage, pool in POOL_OF.items()}
    all_s = sum(work_s.values())
    guess = round(total * work_s[Pool.GENERATION] / all_s) if all_s else total // 2
    workers = divided(best_split(total, span_s, guess=guess))
    if workers == site.workers:
        return None
    makespan_s = simulate(groups, replace(site, workers=workers)).makespan_s
    return Split(workers, makespan_s) if makespan_s < forecast.makespan_s else None


def _thinned(groups: Sequence[Group], *, most: int) -> Sequence[Group]:
    """About ``most`` shots in the same proportions."""
    count = sum(group.count for group in groups)
    if count <= most:
        return groups
    kept = []
    for group in groups:
        fewer = -(-group.count * most // count)
        kept.append(replace(group, count=fewer, times=_every(group, fewer)))
    return kept


def _every(group: Group, fewer: int) -> Mapping[Stage, Seconds]:
    """The times of every n-th shot, so that ``fewer`` cover the whole group."""
    step = group.count / fewer if fewer else 1.0

    def thinned(time: Seconds) -> Seconds:
        return (lambda index: time(int(index * step))) if callable(time) else time

    return {stage: thinned(time) for stage, time in group.times.items()}
