"""What must be true of one shot by the ledger alone.  Pure: facts in, breaches out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from companions.video_meta import Verdict
from fleet.errors import IllegalTransition
from fleet.invariants.listing import Breach, CloseAttempt, GiveBackLease, Invariant
from fleet.jobs import machine
from fleet.jobs.model import Event, Finished, JobState, Leased, Stage


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job's row; ``state`` is as written, known or not."""

    stage: str
    state: str
    token: str | None
    found: bool
    """Whether its rank and its lane are those the dispatcher looks for it in."""


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """An attempt's row."""

    stage: str
    number: int
    token: str
    outcome: str
    ended: bool


@dataclass(frozen=True, slots=True)
class ShotFacts:
    """All that the ledger's rows say of one shot; ``events`` are (stage, kind), oldest first."""

    id: str
    verdict: str | None
    reasons: int
    finished: bool
    jobs: Sequence[JobFacts]
    attempts: Sequence[AttemptFacts]
    events: Sequence[tuple[str, str]]

    @property
    def route(self) -> tuple[str, ...]:
        """The states of its stages, in the order of the route."""
        by_stage = {job.stage: job.state for job in self.jobs}
        return tuple(by_stage.get(stage, "missing") for stage in Stage)


def _kind(event: type[Event]) -> str:
    """What the ledger calls an event."""
    return re.sub("(?<!^)(?=[A-Z])", "_", event.__name__).lower()


_EVENT_OF: Final[Mapping[str, type[Event]]] = {_kind(event): event for event in get_args(Event)}

_TO_DO: Final = frozenset({JobState.QUEUED, JobState.LEASED})
_MADE: Final = frozenset({JobState.SUCCEEDED, JobState.CANCELLED})
"""Cancelled, because what was made before a shot was withdrawn is not made again with it."""
_OVER: Final = frozenset({JobState.SUCCEEDED, JobState.DISCARDED})
_WAITING: Final = frozenset({JobState.WAITING})
_WITHDRAWN: Final = frozenset({JobState.CANCELLED})

_Places = tuple[frozenset[JobState], ...]
_UNDER_WAY: Final[Sequence[_Places]] = (
    (_TO_DO, _WAITING, _WAITING),
    (_MADE, _TO_DO, _WAITING),
    (_MADE, _MADE | _OVER, _TO_DO),
    (frozenset({JobState.DISCARDED}), frozenset({JobState.SKIPPED}), _TO_DO),
)
"""Where generate, finish and publish can be while something is left to do."""
_AT_ITS_END: Final[Sequence[_Places]] = (
    (_MADE, _MADE | _OVER, _OVER),
    (frozenset({JobState.DISCARDED}), frozenset({JobState.SKIPPED}), _OVER),
    (_MADE, _MADE, _WITHDRAWN),
)
"""Where they can be when nothing is."""
_WITH_A_CLIP: Final = frozenset({Verdict.PASS, Verdict.FLAGGED})


def breaches_of(shot: ShotFacts, *, at_work: bool) -> Iterator[Breach]:
    """Every breach of the invariants that concern one shot in the ledger.

    ``at_work`` says that a dispatcher lives, who may hold leases.
    """
    yield from _end(shot)
    yield from _jobs(shot)
    yield from _events(shot)
    yield from _attempts(shot)
    yield from _leases(shot, at_work=at_work)


def _end(shot: ShotFacts) -> Iterator[Breach]:
    def breach(what: str) -> Breach:
        return Breach(Invariant.ONE_END, shot.id, what)

    over = _fits(shot.route, _AT_ITS_END)
    if shot.verdict is None:
        if over:
            yield breach("it has not ended, and none of its stages has anything to do")
        elif shot.finished or shot.reasons:
            yield breach("it has not ended, but has a time or a reason of its end")
        return
    known = {verdict.value for verdict in Verdict}
    if shot.verdict not in known:
        yield breach(f"its verdict is {shot.verdict!r}, which is none")
    elif _fits(shot.route, _UNDER_WAY):
        yield breach(f"it has ended ({shot.verdict}), and a stage has something to do")
    elif shot.verdict in _WITH_A_CLIP and shot.route[-1] != JobState.SUCCEEDED:
        yield breach(f"it has ended ({shot.verdict}), and its clip was not published")
    if shot.verdict != Verdict.PASS and not shot.reasons:
        yield breach(f"it ended as {shot.verdict} without a reason")
    if not shot.finished:
        yield breach(f"it ended as {shot.verdict} without a time")


def _jobs(shot: ShotFacts) -> Iterator[Breach]:
    if not _fits(shot.route, (*_UNDER_WAY, *_AT_ITS_END)):
        told = ", ".join(f"{stage} {state}" for stage, state in zip(Stage, shot.route, strict=True))
        yield Breach(Invariant.JOBS_AGREE, shot.id, f"no route leads to: {told}")
    for job in shot.jobs:
        if not job.found:
            yield Breach(
                Invariant.JOBS_FOUND,
                f"{shot.id}/{job.stage}",
                "its lane is another manifest's or priority's, or its rank is not its priority's",
            )


def _events(shot: ShotFacts) -> Iterator[Breach]:
    try:
        replayed = replay(shot.events)
    except IllegalTransition as illegal:
        yield Breach(
            Invariant.EVENTS_TELL,
            illegal.job,
            f"by its events it took {illegal.event} while {illegal.state}",
        )
        return
    for job in shot.jobs:
        led = replayed.get(job.stage)
        if led != job.state:
            yield Breach(
                Invariant.EVENTS_TELL,
                f"{shot.id}/{job.stage}",
                f"it is {job.state}, and its events lead to {led}",
            )


def replay(events: Sequence[tuple[str, str]]) -> Mapping[str, JobState]:
    """The states of a shot's jobs after its events, given as (stage, kind), oldest first.

    Raises:
        IllegalTransition: an event that the state before it does not have.
    """
    states = {
        stage.value: JobState.QUEUED if stage is machine.FIRST else JobState.WAITING
        for stage in Stage
    }
    for stage, kind in events:
        event = _EVENT_OF.get(kind)
        if stage in states and event is not None:
            states[stage] = machine.advance(states[stage], event(), job=stage)
    return states


def _attempts(shot: ShotFacts) -> Iterator[Breach]:
    told = Counter(shot.events)
    for stage in Stage:
        tries = [attempt for attempt in shot.attempts if attempt.stage == stage]
        job = f"{shot.id}/{stage.value}"

        def breach(what: str, *, job: str = job) -> Breach:
            return Breach(Invariant.ATTEMPTS_COUNTED, job, what)

        yield from _uncounted(
            breach, len(tries), told[stage.value, _kind(Leased)], what="attempts", of="leases"
        )
        yield from _uncounted(
            breach,
            sum(attempt.outcome == "succeeded" for attempt in tries),
            told[stage.value, _kind(Finished)],
            what="attempts that succeeded",
            of="results",
        )
        if sorted(attempt.number for attempt in tries) != list(range(1, len(tries) + 1)):
            yield breach("its attempts are not numbered from 1")


def _uncounted(
    breach: Callable[[str], Breach], found: int, expected: int, *, what: str, of: str
) -> Iterator[Breach]:
    if found != expected:
        yield breach(f"{found} {what}, and {expected} {of} by its events")


def _leases(shot: ShotFacts, *, at_work: bool) -> Iterator[Breach]:
    running = {attempt.token: attempt for attempt in shot.attempts if attempt.outcome == "running"}
    for job in shot.jobs:
        about = f"{shot.id}/{job.stage}"
        if job.state != JobState.LEASED:
            if job.token is not None:
                yield Breach(Invariant.LEASES_HELD, about, f"it is {job.state} and has a token")
            continue
        attempt = running.pop(job.token or "", None)
        if attempt is None or attempt.stage != job.stage:
            yield Breach(
                Invariant.LEASES_HELD, about, "it is leased to no attempt", GiveBackLease()
            )
        elif not at_work:
            yield Breach(
                Invariant.LEASES_HELD, about, "its dispatcher lives no more", GiveBackLease()
            )
    for attempt in running.values():
        yield Breach(
            Invariant.LEASES_HELD,
            f"{shot.id}/{attempt.stage}",
            f"attempt {attempt.number} is running, and holds no lease",
            CloseAttempt(attempt.token),
        )
    for attempt in shot.attempts:
        if attempt.ended == (attempt.outcome == "running"):
            yield Breach(
                Invariant.LEASES_HELD,
                f"{shot.id}/{attempt.stage}",
                f"attempt {attempt.number} is {attempt.outcome}, and that at no time",
            )


def _fits(route: Sequence[str], places: Sequence[_Places]) -> bool:
    return any(
        all(state in allowed for state, allowed in zip(route, place, strict=True))
        for place in places
    )
