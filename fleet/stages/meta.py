"""The meta of a shot from what the ledger knows of it.  Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from typing import Final

from companions.video_meta import (
    Attempt,
    Cost,
    ManifestUsed,
    Reason,
    Verdict,
    VideoMeta,
)
from fleet.jobs.model import Stage
from fleet.ledger.rows import AttemptRow, History
from fleet.settings import Settings
from fleet.stages.base import FinishReport, GenerateReport

_PAID: Final = frozenset({Stage.GENERATE, Stage.FINISH})
QUARANTINE_CODES: Final = frozenset(
    {"worker_lost", "stage_timed_out", "out_of_memory", "node_lost", "internal_error"}
)
"""Failures that nobody foresaw, or that end a worker or a node: a shot that repeats them is set
aside for a person."""


def build_meta(
    history: History, *, settings: Settings, now: float, helped_s: float = 0.0
) -> VideoMeta:
    """How the shot ended, complete: verdict, reasons, figures, attempts, cost.

    ``helped_s``: what workers lent to a shot that was never generated spent on it; else its report
    says that.
    """
    shot = history.shot
    made = _generate_report(history)
    done = _finish_report(history)
    if done is not None:
        verdict, reasons = done.verdict, done.reasons
    else:
        verdict, reasons = _failure(history)
    return VideoMeta(
        shot_id=shot.id,
        shot_fingerprint=shot.fingerprint,
        manifest=ManifestUsed(
            project_id=shot.manifest.project_id,
            batch_id=shot.manifest.batch_id,
            sha256=shot.manifest.sha256,
        ),
        image=shot.image_path,
        verdict=verdict,
        reasons=reasons,
        recipe=shot.recipe,
        framing=done.framing if done else None,
        model=made.model if made else None,
        frames=done.frames if done else None,
        clip=done.clip if done else None,
        master=done.master if done else None,
        checks=done.checks if done else (),
        attempts=tuple(_attempt(row) for row in history.attempts if row.stage in _PAID),
        cost=_cost(history, settings, helped_s=made.helped_seconds if made else helped_s),
        software=done.software if done else {"motionfleet": metadata.version("motionfleet")},
        finished_at=datetime.fromtimestamp(now, UTC),
    )


def _generate_report(history: History) -> GenerateReport | None:
    text = history.jobs[Stage.GENERATE].report
    return GenerateReport.model_validate_json(text) if text else None


def _finish_report(history: History) -> FinishReport | None:
    if history.artifact is None:
        return None
    text = history.jobs[Stage.FINISH].report
    return FinishReport.model_validate_json(text) if text else None


def _failure(history: History) -> tuple[Verdict, tuple[Reason, ...]]:
    for stage in (Stage.GENERATE, Stage.FINISH):
        failure = history.jobs[stage].failure
        if failure is not None:
            verdict = Verdict.QUARANTINED if failure.code in QUARANTINE_CODES else Verdict.FAILED
            return verdict, (Reason(code=failure.code, message=failure.message),)
    message = "The shot ended without a clip, and no stage says why; please report this."
    return Verdict.FAILED, (Reason(code="unexplained", message=message),)


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        stage=row.stage.value,
        number=row.number,
        outcome=row.outcome,
        started_at=datetime.fromtimestamp(row.started_at, UTC),
        duration_sec=round(row.duration_s, 3),
        node=row.node,
        gpu=row.gpu,
        peak_memory_bytes=row.peak_memory_bytes,
    )


def _cost(history: History, settings: Settings, *, helped_s: float) -> Cost:
    seconds = helped_s + sum(row.duration_s for row in history.attempts if row.stage in _PAID)
    return Cost(
        seconds=round(seconds, 3),
        rate_per_hour=settings.rate_per_hour,
        amount=round(seconds / 3600.0 * settings.rate_per_hour, 6),
        currency=settings.currency,
    )
