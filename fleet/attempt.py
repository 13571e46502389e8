"""One attempt at one job: load, work, apply.

Called by the dispatcher, which frames it: deadlines, failures and slots are the dispatcher's.
What a shot needs between generate and finish (its picture and its frames, as references into
Ray's object store) is held here, because references die with the process that owns them.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
from ray import ObjectRef

from companions import files
from companions.picture import read_picture_bytes
from fleet.cluster.failures import FramesGone
from fleet.errors import BackendFailed
from fleet.jobs.budget import frames_bytes
from fleet.ledger import reading
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import Artifact, Lease
from fleet.settings import Home, Settings
from fleet.stages.base import FinishReport, FinishTask, GenerateReport, GenerateTask
from fleet.stages.generate import CHUNK_FRAMES
from fleet.stages.meta import build_meta
from fleet.stages.publish import Target, publish

Heard = Callable[[int], None]
"""Called with the number of frames that are done so far."""


@dataclass(slots=True)
class _Held:
    frames_bytes: int
    picture: ObjectRef[Any] | None = None
    chunks: list[ObjectRef[Any]] = field(default_factory=list)
    report: GenerateReport | None = None


class Attempts:
    """Carries out leases, and holds the frames that are under way."""

    def __init__(self, *, home: Home, settings: Settings, ledger: Ledger) -> None:
        self._home, self._settings, self._ledger = home, settings, ledger
        self._held: dict[str, _Held] = {}

    @property
    def frames_in_flight(self) -> int:
        """Bytes of frames that are booked or in memory."""
        return sum(held.frames_bytes for held in self._held.values())

    def book(self, lease: Lease) -> None:
        """Count a shot's frames against the budget, before the first of them is made."""
        self._held[lease.shot.id] = _Held(frames_bytes(lease.shot.recipe))

    def forget(self, shot_id: str) -> None:
        """Let go of a shot's picture and frames; harmless if none are held."""
        self._held.pop(shot_id, None)

    def forget_ended(self) -> None:
        """Let go of shots that ended elsewhere: replaced by a newer submission, say."""
        for shot_id in list(self._held):
            if reading.shot(self._ledger.database, shot_id).verdict is not None:
                self.forget(shot_id)

    async def generate(self, lease: Lease, worker: Any, heard: Heard) -> None:
        """Send the picture to ``worker`` and take its frames in as they are made.

        Raises:
            PictureRefused, BackendFailed, LeaseLost, LedgerUnusable, or what Ray raises.
        """
        shot = lease.shot
        data = await asyncio.to_thread(read_picture_bytes, Path(shot.picture))
        held = self._held[shot.id]
        held.picture = ray.put(data)
        task = GenerateTask(
            shot_id=shot.id,
            image_path=shot.image_path,
            recipe=shot.recipe,
            attempt=lease.attempt,
        )
        stream = worker.generate.options(num_returns="streaming").remote(task, held.picture)
        async for chunk in stream:
            held.chunks.append(chunk)
            heard(len(held.chunks) * CHUNK_FRAMES)
        # The last item is the report; a stream that failed ends with what it raised instead.
        report = await result(held.chunks.pop())
        if not isinstance(report, GenerateReport):
            raise BackendFailed(backend="generate", what="the stream ended without a report")
        held.report = report
        self._ledger.succeed(
            lease,
            now=time.time(),
            report=report.model_dump_json(),
            peak_memory_bytes=report.peak_memory_bytes,
        )

    async def finish(self, lease: Lease, worker: Any, heard: Heard) -> None:
        """Have ``worker`` finish the frames, and put the clip where it outlives every process.

        Raises:
            FramesGone, BackendFailed, LeaseLost, LedgerUnusable, or what Ray raises.
        """
        shot = lease.shot
        held = self._held.get(shot.id)
        if held is None or held.report is None:
            raise FramesGone
        task = FinishTask(
            shot_id=shot.id,
            image_path=shot.image_path,
            recipe=shot.recipe,
            attempt=lease.attempt,
            generated=held.report.generated,
            encode_threads=self._settings.encode_threads,
        )
        stream = worker.finish.options(num_returns="streaming").remote(
            task, held.picture, held.chunks
        )
        report: FinishReport | None = None
        clip: bytes | None = None
        async for ref in stream:
            item = await result(ref)
            if isinstance(item, int):
                heard(item)
            elif isinstance(item, FinishReport):
                report = item
            else:
                clip = item
        if report is None or clip is None:
            raise BackendFailed(backend="finish", what="the stream ended without a clip")
        artifact = await asyncio.to_thread(self._stage_clip, lease, report, clip)
        self._ledger.succeed(
            lease,
            now=time.time(),
            report=report.model_dump_json(),
            peak_memory_bytes=report.peak_memory_bytes,
            artifact=artifact,
        )
        self.forget(shot.id)

    async def publish(self, lease: Lease) -> None:
        """Put clip and meta in place, or the meta alone for a shot that was given up.

        Raises:
            TargetTaken, SetBusy, FileUnwritable, LeaseLost, LedgerUnusable.
        """
        shot = lease.shot
        history = self._ledger.history(shot.id)
        meta = build_meta(history, settings=self._settings, now=time.time())
        staged = Path(history.artifact.path) if history.artifact else None
        known = reading.published_hashes(self._ledger.database, shot.target)
        place = Target(Path(shot.target))
        await asyncio.to_thread(publish, place, meta, staged=staged, known_hashes=known)
        failures = [job.failure for job in history.jobs.values() if job.failure is not None]
        self._ledger.end(
            lease,
            verdict=meta.verdict,
            reasons=meta.reasons,
            clip_sha256=meta.clip.sha256 if meta.clip else None,
            curable=any(failure.curable for failure in failures),
            now=time.time(),
        )
        self.forget(shot.id)
        if staged is not None:
            await asyncio.to_thread(staged.unlink, missing_ok=True)

    def _stage_clip(self, lease: Lease, report: FinishReport, clip: bytes) -> Artifact:
        if hashlib.sha256(clip).hexdigest() != report.clip.sha256:
            raise BackendFailed(backend="finish", what="the clip changed on its way to the head")
        path = self._home.staging / f"{lease.shot.id}.{lease.token[:8]}.mp4"
        with files.reporting_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomic(path, clip)
        return Artifact(path=str(path), sha256=report.clip.sha256, size_bytes=len(clip))


async def result(ref: ObjectRef[Any]) -> Any:
    """The value of ``ref``.

    Not ``await ref``: in an asyncio actor that grows memory by kilobytes a call (ray#45895).
    """
    return await asyncio.wrap_future(ref.future())
