"""What a job is: one stage of one shot, and the events that can happen to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """A step on a shot's route."""

    GENERATE = "generate"  #: frames from the keyframe, in the generation pool
    FINISH = "finish"  #: interpolate, check and encode, in the interpolation pool
    PUBLISH = "publish"  #: clip and meta to their place, on the head


class Pool(StrEnum):
    """Workers that serve one stage; also the name of the Ray resource that counts its slots."""

    GENERATION = "generation"
    INTERPOLATION = "interpolation"


POOL_OF: Final[Mapping[Stage, Pool]] = {
    Stage.GENERATE: Pool.GENERATION,
    Stage.FINISH: Pool.INTERPOLATION,
}
"""The pool of each stage; publishing is the head's own work and has none."""


class JobState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"  #: for the stage before it
    QUEUED = "queued"  #: for a slot in its pool
    LEASED = "leased"  #: one worker holds it
    SUCCEEDED = "succeeded"  #: its result is recorded
    DISCARDED = "discarded"  #: given up, with a reason
    SKIPPED = "skipped"  #: an earlier stage was given up, so there is nothing to do
    CANCELLED = "cancelled"  #: withdrawn, or replaced by a newer shot for the same clip


@dataclass(frozen=True, slots=True)
class Ready:
    """The stage before it is over; it can be queued."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A worker took it, for one attempt."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt's result is in."""


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The attempt failed and another one is worth it."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The attempt failed and another one is not worth it."""


@dataclass(frozen=True, slots=True)
class LeaseExpired:
    """Whoever held it is gone: a dispatcher that died, a machine that lost power."""


@dataclass(frozen=True, slots=True)
class OutputLost:
    """It had succeeded, but what it made is gone (frames live in memory only)."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What it was to work on is gone; it waits again."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """An earlier stage was given up."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The shot was withdrawn, or a newer one for the same clip replaced it."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """The operator asked again for a shot that had ended."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What it would make is in place already, from a time the ledger does not remember."""


Event = (
    Ready
    | Leased
    | Finished
    | AttemptFailed
    | GivenUp
    | LeaseExpired
    | OutputLost
    | Recalled
    | Skipped
    | Cancelled
    | Reopened
    | Adopted
)
