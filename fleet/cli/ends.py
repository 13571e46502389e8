"""How shots ended, from ledger and metas, ready to show.  Prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from companions.video_meta import Reason, Verdict, VideoMeta
from fleet.jobs.model import JobState, Stage
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.rows import ShotRow
from fleet.settings import Home
from fleet.stages.publish import Target

ADHERENCE = "adherence"


@dataclass(frozen=True, slots=True)
class End:
    """One shot's end, or where it is now.

    Attributes:
        image: the picture's path in its manifest.
        target: where its clip is published.
        state: its verdict, or what it waits for.
        verdict: None while the shot has not ended.
        meta: its own meta, if that is in place.
    """

    id: str
    image: str
    target: str
    state: str
    verdict: Verdict | None
    reasons: tuple[Reason, ...]
    meta: VideoMeta | None

    @classmethod
    def of(cls, shot: ShotRow, state: str, meta: VideoMeta | None) -> Self:
        """The end of a shot as the ledger has it."""
        return cls(shot.id, shot.image_path, shot.target, state, shot.verdict, shot.reasons, meta)

    @property
    def frames(self) -> str:
        """Frames in the clip."""
        return str(self.meta.clip.frames) if self.meta and self.meta.clip else ""

    @property
    def adherence(self) -> str:
        """The largest corner error, as text."""
        value = self.adherence_value
        return f"{value:.4f}" if value is not None else ""

    @property
    def adherence_value(self) -> float | None:
        """How far the clip strays from the rectangles: corner error over diagonal."""
        if self.meta is None:
            return None
        return next((check.value for check in self.meta.checks if check.name == ADHERENCE), None)

    @property
    def outcome(self) -> str:
        """Where the clip lies, or why there is none."""
        why = " ".join(reason.message for reason in self.reasons)
        if self.verdict is Verdict.PASS:
            return self.target
        if self.verdict is Verdict.FLAGGED:
            return f"{self.target} ({why})"
        return why

    @property
    def clip(self) -> str | None:
        """Where the clip lies, if there is one."""
        return self.target if self.verdict in {Verdict.PASS, Verdict.FLAGGED} else None

    def as_json(self) -> dict[str, object]:
        """The same for machines."""
        return {
            "shot": self.id,
            "image": self.image,
            "state": self.state,
            "verdict": self.verdict.value if self.verdict else None,
            "reasons": [reason.model_dump() for reason in self.reasons],
            "clip": self.clip,
            "frames": self.meta.clip.frames if self.meta and self.meta.clip else None,
            "adherence": self.adherence_value,
        }


def ends_of(ids: Sequence[str] | None, *, home: Home, metas: bool) -> list[End]:
    """The shots of ``ids``, or all, in the order submitted; with their metas if asked.

    Raises:
        LedgerUnusable: the ledger cannot be read.
    """
    database = Database(home.ledger)
    try:
        rows = reading.shots(database, ids=ids)
        states = reading.job_states(database, ids=ids)
    finally:
        database.close()
    return [
        End.of(row, phase(row, states[row.id]), meta_of(row) if metas else None) for row in rows
    ]


def phase(shot: ShotRow, jobs: Mapping[Stage, JobState]) -> str:
    """In one word: the verdict, or what the shot is waiting for or doing."""
    if shot.verdict is not None:
        return shot.verdict.value
    doing = {
        Stage.GENERATE: "generating",
        Stage.FINISH: "finishing",
        Stage.PUBLISH: "publishing",
    }
    waiting = {Stage.GENERATE: "queued", Stage.FINISH: "generated", Stage.PUBLISH: "finished"}
    for stage in (Stage.PUBLISH, Stage.FINISH, Stage.GENERATE):
        if jobs[stage] is JobState.LEASED:
            return doing[stage]
        if jobs[stage] is JobState.QUEUED:
            return waiting[stage]
    return "queued"


def meta_of(shot: ShotRow) -> VideoMeta | None:
    """The shot's own meta, if it is in place."""
    if shot.verdict is None:
        return None
    meta = Target(Path(shot.target)).read_meta()
    return meta if meta is not None and meta.shot_id == shot.id else None
