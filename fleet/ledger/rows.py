"""What goes into the ledger and what comes out of it, as frozen values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from companions.video_manifest import Recipe
from companions.video_meta import Reason, Verdict
from fleet.jobs.model import JobState, Stage
from fleet.jobs.retry import Failure


@dataclass(frozen=True, slots=True)
class NewManifest:
    """One submission: which manifest, and where it lies."""

    id: str
    sha256: str
    project_id: str
    batch_id: str
    path: str


@dataclass(frozen=True, slots=True)
class InPlace:
    """A clip and its meta that lie where a shot would publish them, and are that shot's own."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    clip_sha256: str


@dataclass(frozen=True, slots=True)
class NewShot:
    """One shot to be made.

    Attributes:
        id: stable: the same shot for the same clip has the same id on every submission.
        picture: absolute path of the picture.
        image_path: the same, relative to the manifest's folder.
        target: absolute path of the clip to publish.
        fault: why it cannot be made, if that is known already.
        intact: whether its published files, if the ledger knows of any, are still in place.
        in_place: those files, if they are its own: a ledger that does not know of them adopts them.
        looked_at: when that was looked at, in seconds since the epoch: what ended later is not
            judged by it.
    """

    id: str
    picture: str
    image_path: str
    target: str
    fingerprint: str
    recipe: Recipe
    priority: int
    fault: Failure | None = None
    intact: bool = True
    looked_at: float = math.inf
    in_place: InPlace | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission did to the ledger, by shot id."""

    new: Sequence[str]
    known: Sequence[str]
    reopened: Sequence[str]
    replaced: Sequence[str]
    adopted: Sequence[str] = ()
    """New to the ledger, but their clips are in place: there is nothing to make."""


@dataclass(frozen=True, slots=True)
class ShotRow:
    """A shot as the ledger holds it; ``verdict`` is None until it has ended."""

    id: str
    manifest: NewManifest
    picture: str
    image_path: str
    target: str
    fingerprint: str
    recipe: Recipe
    priority: int
    submitted_at: float
    finished_at: float | None
    verdict: Verdict | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class JobRow:
    """One stage of a shot: its state, its tries, and its report or its failure."""

    stage: Stage
    state: JobState
    tries: int
    report: str | None
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try at one stage; times in seconds since the epoch, UTC."""

    stage: Stage
    number: int
    started_at: float
    ended_at: float | None
    outcome: str
    message: str
    node: str
    peak_memory_bytes: int
    seconds: float | None = None
    """How long it took by a clock that is never set; None where nobody lived to tell."""
    worker: str = ""
    gpu: str = ""

    @property
    def duration_s(self) -> float:
        """How long it took; between its wall times where nothing better is known."""
        if self.seconds is not None:
            return self.seconds
        return max(0.0, self.ended_at - self.started_at) if self.ended_at is not None else 0.0


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened, in the order it happened."""

    seq: int
    at: float
    shot_id: str
    stage: str
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished clip in staging, to be published."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Generated frames of a shot, kept on the head's disk until its clip is published."""

    path: str
    sha256: str
    size_bytes: int
    frames: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's right to one job; ``token`` fences results of anyone else."""

    token: str
    shot: ShotRow
    stage: Stage
    attempt: int
    tries: int
    started_at: float
    losses: int = 0
    memory_plan: int = 0

    @property
    def job(self) -> str:
        """Name of the job, for messages."""
        return f"{self.shot.id}/{self.stage.value}"


@dataclass(frozen=True, slots=True)
class History:
    """All the ledger knows of one shot."""

    shot: ShotRow
    jobs: Mapping[Stage, JobRow]
    attempts: Sequence[AttemptRow]
    artifact: Artifact | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What start-up reconciliation found: shots whose work is repeated, by reason."""

    leases_expired: Sequence[str]
    outputs_lost: Sequence[str]
    resumed: Sequence[str] = ()
    """Shots whose kept frames are finished without being generated again."""
