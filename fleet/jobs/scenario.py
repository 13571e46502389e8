"""What a simulation is given and what it tells: groups of shots, the site they are made at, the
forecast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fleet.jobs.model import POOL_OF, Pool, Stage

HEAD_MODEL: Final = ""
"""Publishing needs no model."""
Seconds = float | Callable[[int], float]
"""How long a stage takes: the same for every shot, or by the shot's place in its group."""


@dataclass(frozen=True, slots=True)
class Group:
    """Shots of one manifest that are alike.

    Attributes:
        manifest_id: whose they are.
        count: how many.
        times: seconds of each stage, loading of models not included.
        priority: larger is sooner.
        generator: model of the generation pool.
        interpolator: model of the interpolation pool.
        frames_bytes: what the frames of one shot weigh against the budget.
        arrives_s: when they are submitted.
        begins: the stage they are at already.
        awaited: the simulation ends with the last shot of such groups.
    """

    manifest_id: str
    count: int
    times: Mapping[Stage, Seconds]
    priority: int = 0
    generator: str = "camera"
    interpolator: str = "flow"
    frames_bytes: int = 0
    arrives_s: float = 0.0
    begins: Stage = Stage.GENERATE
    awaited: bool = True

    def model(self, stage: Stage) -> str:
        """What a worker must have loaded for ``stage``."""
        match stage:
            case Stage.GENERATE:
                return self.generator
            case Stage.FINISH:
                return self.interpolator
            case Stage.PUBLISH:
                return HEAD_MODEL


@dataclass(frozen=True, slots=True)
class Site:
    """Where the work is done.

    Attributes:
        workers: how many each pool has.
        load_s: seconds to load a model, by pool.
        models_kept: how many models a worker keeps loaded.
        publishers: clips published at once.
        start_s: seconds until the first worker is ready.
        handling_s: the dispatcher's own seconds for each job; it does one thing at a time.
        frames_budget: bytes of generated frames that may be under way; None for no limit.
        patience_s: as ``policy.choose``.
    """

    workers: Mapping[Pool, int]
    load_s: Mapping[Pool, float] = field(default_factory=dict)
    models_kept: int = 1
    publishers: int = 2
    start_s: float = 0.0
    handling_s: float = 0.0
    frames_budget: int | None = None
    patience_s: float = 120.0

    def seats(self, stage: Stage) -> int:
        """How many jobs of ``stage`` can be under way."""
        pool = POOL_OF.get(stage)
        return self.publishers if pool is None else self.workers[pool]


@dataclass(frozen=True, slots=True)
class Began:
    """A job that a worker began; for whoever watches.  Times in seconds from the start."""

    shot: int
    group: int
    stage: Stage
    worker: str
    loaded: bool
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """How it went.  Times in seconds from the start.

    Attributes:
        ends_s: when the last shot of each manifest was published.
        group_ends_s: the same for each group, in the order given.
        makespan_s: when the last awaited shot was published.
        busy_s: worker-seconds of each stage, loading included, until then.
        awaited_busy_s: those of them that went into awaited groups.
        seats: how many jobs of each stage could be under way.
        loads: models loaded, by stage.
        longest_wait_s: for each manifest, the longest it had something queued at a stage and
            was not given a worker there.
        jobs: how many were begun.
        handling_share: share of the time that the dispatcher itself was at work.
    """

    ends_s: Mapping[str, float]
    group_ends_s: Sequence[float]
    makespan_s: float
    busy_s: Mapping[Stage, float]
    awaited_busy_s: Mapping[Stage, float]
    seats: Mapping[Stage, int]
    loads: Mapping[Stage, int]
    longest_wait_s: Mapping[str, float]
    jobs: int
    handling_share: float

    def utilisation(self, stage: Stage) -> float:
        """Share of its seats' time that ``stage`` was at work, 0 to 1."""
        room = self.seats[stage] * self.makespan_s
        return self.busy_s[stage] / room if room else 0.0

    @property
    def bottleneck(self) -> Stage:
        """The stage with the least idle time: a seat more there helps most."""
        return max(Stage, key=self.utilisation)
