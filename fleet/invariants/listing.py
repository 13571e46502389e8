"""What must be true of a fleet at any time, one sentence each, and what a breach of it is.

The sentences are what the promise comes down to: every shot ends as exactly one published clip
with its meta, or as one named reason; nothing is lost, doubled or half-written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class Invariant(StrEnum):
    """The name of each."""

    LEDGER_WHOLE = "ledger-whole"
    ONE_END = "one-end"
    JOBS_AGREE = "jobs-agree"
    JOBS_FOUND = "jobs-found"
    EVENTS_TELL = "events-tell"
    ATTEMPTS_COUNTED = "attempts-counted"
    LEASES_HELD = "leases-held"
    TALLIES_TRUE = "tallies-true"
    ONE_A_PLACE = "one-a-place"
    CLIPS_STAND = "clips-stand"
    METAS_TELL = "metas-tell"
    STAGING_EXACT = "staging-exact"
    CHECKPOINTS_EXACT = "checkpoints-exact"
    NOTHING_LEFT = "nothing-left"


SENTENCES: Final[Mapping[Invariant, str]] = {
    Invariant.LEDGER_WHOLE: "The ledger's file is whole, and all it refers to is in it.",
    Invariant.ONE_END: "Every shot has one verdict with its reason, or a job to be done next.",
    Invariant.JOBS_AGREE: "The stages of a shot are where its route can have taken them.",
    Invariant.JOBS_FOUND: "Every job is in the lane and rank where the dispatcher looks for it.",
    Invariant.EVENTS_TELL: "The events, replayed, lead to the state of every job.",
    Invariant.ATTEMPTS_COUNTED: "Every lease was one attempt, and every result one that succeeded.",
    Invariant.LEASES_HELD: "A lease belongs to a living dispatcher and to one running attempt.",
    Invariant.TALLIES_TRUE: "The counts that summaries are read from are the counts of the rows.",
    Invariant.ONE_A_PLACE: "One shot at most is on its way to a place; clips there are on record.",
    Invariant.CLIPS_STAND: "Every published clip lies in its place, byte for byte, and no other.",
    Invariant.METAS_TELL: "Beside its place, every shot that ended has the meta that says how.",
    Invariant.STAGING_EXACT: "Staging holds the clips that wait to be published, and no others.",
    Invariant.CHECKPOINTS_EXACT: "Kept frames are those on record, or pieces of shots to make.",
    Invariant.NOTHING_LEFT: "No temporary file is left, in the home or beside clips.",
}

AT_REST: Final = frozenset(
    {Invariant.STAGING_EXACT, Invariant.CHECKPOINTS_EXACT, Invariant.NOTHING_LEFT}
)
"""Those that a working fleet breaks for moments, so that only one at rest can be held to them."""


@dataclass(frozen=True, slots=True)
class GiveBackLease:
    """A dead dispatcher's leases go back to the queue."""


@dataclass(frozen=True, slots=True)
class CloseAttempt:
    """An attempt that nobody carries out any more is recorded as interrupted."""

    token: str


@dataclass(frozen=True, slots=True)
class ForgetPieces:
    """What is kept of a shot's pieces goes; those that are needed are made again."""

    shot_id: str


@dataclass(frozen=True, slots=True)
class MakeAgain:
    """A finished clip was lost before it was published; the shot is made again."""

    shot_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class Reopen:
    """A published clip is gone; the shot is opened again."""

    shot_id: str


@dataclass(frozen=True, slots=True)
class WriteMeta:
    """The meta is written again, from the ledger."""

    shot_id: str


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A file of ours that nothing refers to is removed."""

    path: Path


@dataclass(frozen=True, slots=True)
class ForgetFrames:
    """The record of kept frames that cannot be used is removed, and what is left of them."""

    shot_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class CountAgain:
    """The tallies are counted anew."""


Remedy = (
    GiveBackLease
    | CloseAttempt
    | MakeAgain
    | Reopen
    | WriteMeta
    | RemoveFile
    | ForgetFrames
    | ForgetPieces
    | CountAgain
)


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where an invariant does not hold.

    Attributes:
        about: the shot, job or file.
        what: what is wrong with it, for people.
        remedy: what mends it; None where only a person can decide.
    """

    invariant: Invariant
    about: str
    what: str
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one invariant; ``unjudged`` says why it could not be looked into."""

    invariant: Invariant
    breaches: Sequence[Breach] = ()
    unjudged: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether it holds; None if it was not judged."""
        return None if self.unjudged else not self.breaches


@dataclass(frozen=True, slots=True)
class Examination:
    """What looking into a fleet found, one finding for each invariant.

    Attributes:
        at_work: a dispatcher worked meanwhile, so that not all could be judged.
        quick: hashes were not compared, only sizes.
        shots: how many the ledger has.
    """

    findings: Sequence[Finding]
    at_work: bool
    quick: bool
    shots: int

    @property
    def broken(self) -> Sequence[Finding]:
        """Those that do not hold."""
        return [finding for finding in self.findings if finding.holds is False]

    @property
    def breaches(self) -> Sequence[Breach]:
        """Every place where one does not hold."""
        return [breach for finding in self.findings for breach in finding.breaches]
