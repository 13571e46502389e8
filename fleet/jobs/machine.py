"""The one table of states and legal steps, and what a step of one stage means for the others.

Whether a failure becomes ``AttemptFailed`` or ``GivenUp`` is decided by ``retry.decide`` before
the event is made, so the table stays total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fleet.errors import IllegalTransition
from fleet.jobs.model import (
    Adopted,
    AttemptFailed,
    Cancelled,
    Event,
    Finished,
    GivenUp,
    JobState,
    Leased,
    LeaseExpired,
    OutputLost,
    Ready,
    Recalled,
    Reopened,
    Skipped,
    Stage,
)

TRANSITIONS: Final[Mapping[tuple[JobState, type[Event]], JobState]] = {
    (JobState.WAITING, Ready): JobState.QUEUED,
    (JobState.WAITING, Skipped): JobState.SKIPPED,
    (JobState.QUEUED, Leased): JobState.LEASED,
    (JobState.QUEUED, Recalled): JobState.WAITING,
    (JobState.QUEUED, GivenUp): JobState.DISCARDED,
    (JobState.LEASED, Finished): JobState.SUCCEEDED,
    (JobState.LEASED, AttemptFailed): JobState.QUEUED,
    (JobState.LEASED, GivenUp): JobState.DISCARDED,
    (JobState.LEASED, LeaseExpired): JobState.QUEUED,
    (JobState.LEASED, Recalled): JobState.WAITING,
    (JobState.WAITING, Cancelled): JobState.CANCELLED,
    (JobState.QUEUED, Cancelled): JobState.CANCELLED,
    (JobState.LEASED, Cancelled): JobState.CANCELLED,
    (JobState.SUCCEEDED, Cancelled): JobState.CANCELLED,
    (JobState.SKIPPED, Cancelled): JobState.CANCELLED,
    (JobState.DISCARDED, Cancelled): JobState.CANCELLED,
    (JobState.SUCCEEDED, OutputLost): JobState.QUEUED,
    (JobState.SUCCEEDED, Reopened): JobState.WAITING,
    (JobState.DISCARDED, Reopened): JobState.WAITING,
    (JobState.SKIPPED, Reopened): JobState.WAITING,
    (JobState.CANCELLED, Reopened): JobState.WAITING,
    (JobState.QUEUED, Adopted): JobState.SUCCEEDED,
    (JobState.WAITING, Adopted): JobState.SUCCEEDED,
}

FIRST: Final = Stage.GENERATE
LAST: Final = Stage.PUBLISH


def advance(state: JobState, event: Event, *, job: str) -> JobState:
    """The state after ``event``; ``job`` names the job in the error.

    Raises:
        IllegalTransition: the state has no such edge.
    """
    try:
        return TRANSITIONS[state, type(event)]
    except KeyError:
        raise IllegalTransition(job=job, state=state, event=type(event).__name__) from None


def consequences(stage: Stage, event: Event) -> Sequence[tuple[Stage, Event]]:
    """The events of the same shot's other jobs that follow from ``event`` at ``stage``.

    A shot that is given up is published all the same: its meta says why.
    """
    match stage, event:
        case Stage.GENERATE, Finished():
            return ((Stage.FINISH, Ready()),)
        case Stage.FINISH, Finished():
            return ((Stage.PUBLISH, Ready()),)
        case Stage.GENERATE, GivenUp():
            return ((Stage.FINISH, Skipped()), (Stage.PUBLISH, Ready()))
        case Stage.FINISH, GivenUp():
            return ((Stage.PUBLISH, Ready()),)
        case Stage.GENERATE, OutputLost():
            return ((Stage.FINISH, Recalled()),)
    return ()
