"""Ledgers with something in them: manifests of many projects, shots at every place of the route."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from companions.video_meta import Verdict
from fleet.jobs.model import Stage
from fleet.jobs.retry import Failure, GiveUp
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import Artifact, Lease, NewManifest
from tests.fleet.ledger.test_ledger import WHY, new_shot

BROKEN = Failure(code="picture_truncated", message="broken", retryable=False, curable=False)


def manifest(name: str, *, project: str = "p", path: str | None = None) -> NewManifest:
    return NewManifest(
        id=f"id-{name}",
        sha256="1" * 64,
        project_id=project,
        batch_id=name,
        path=path or f"/in/{name}.video_manifest.json",
    )


def submit(
    ledger: Ledger, of: NewManifest, names: Sequence[str], *, priority: int = 0, now: float = 1.0
) -> list[str]:
    shots = [new_shot(name, priority=priority) for name in names]
    ledger.submit(of, shots, now=now)
    return [shot.id for shot in shots]


def next_job(ledger: Ledger, stage: Stage, *, now: float = 10.0) -> Lease:
    lease = ledger.lease(stage, now=now, node="here")
    assert lease is not None
    return lease


def generate(ledger: Ledger, *, now: float = 10.0) -> str:
    lease = next_job(ledger, Stage.GENERATE, now=now)
    ledger.succeed(lease, now=now, report="{}")
    return lease.shot.id


def finish(ledger: Ledger, folder: Path, *, now: float = 11.0) -> str:
    lease = next_job(ledger, Stage.FINISH, now=now)
    clip = folder / f"{lease.shot.id}.mp4"
    clip.write_bytes(b"clip")
    artifact = Artifact(path=str(clip), sha256="2" * 64, size_bytes=4)
    ledger.succeed(lease, now=now, report="{}", artifact=artifact)
    return lease.shot.id


def publish(ledger: Ledger, *, verdict: Verdict = Verdict.PASS, now: float = 12.0) -> str:
    lease = next_job(ledger, Stage.PUBLISH, now=now)
    good = verdict in {Verdict.PASS, Verdict.FLAGGED}
    ledger.end(
        lease,
        verdict=verdict,
        reasons=() if verdict is Verdict.PASS else (WHY,),
        clip_sha256="2" * 64 if good else None,
        curable=False,
        now=now,
    )
    return lease.shot.id


def make(
    ledger: Ledger, folder: Path, *, verdict: Verdict = Verdict.PASS, now: float = 10.0
) -> str:
    """Take the next shot all the way."""
    shot_id = generate(ledger, now=now)
    assert finish(ledger, folder, now=now + 1.0) == shot_id
    assert publish(ledger, verdict=verdict, now=now + 2.0) == shot_id
    return shot_id


def break_one(ledger: Ledger, *, now: float = 10.0) -> str:
    """The next shot is given up and ends as failed."""
    lease = next_job(ledger, Stage.GENERATE, now=now)
    ledger.fail(lease, BROKEN, GiveUp(BROKEN), now=now)
    assert publish(ledger, verdict=Verdict.FAILED, now=now + 2.0) == lease.shot.id
    return lease.shot.id
