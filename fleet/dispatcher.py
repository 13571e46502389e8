"""The dispatcher: one Ray actor on the head that moves shots along their route.

It leases jobs from the ledger, sends them to free workers, records what comes back and publishes
what is finished.  It decides nothing that matters by itself: states are in ``jobs.machine``,
retries in ``jobs.retry``, budgets in ``jobs.budget``; Ray is transport and may forget.

A dispatcher that dies loses only what was in memory.  The next one takes the lock, gives back
the leases of the dead one and goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import logging.handlers
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import ray
from ray import ObjectRef

from companions import files
from companions.picture import read_picture_bytes
from fleet.cluster.failures import FramesGone, Meaning, meaning
from fleet.cluster.worker import start_worker
from fleet.errors import BackendFailed, FleetBusy, LeaseLost, LedgerUnusable
from fleet.jobs import retry
from fleet.jobs.budget import admits, frames_bytes
from fleet.jobs.model import POOL_OF, Pool, Stage
from fleet.ledger import reading
from fleet.ledger.ledger import Ledger
from fleet.ledger.lock import ProcessLock
from fleet.ledger.rows import Artifact, Lease
from fleet.settings import Home, Settings
from fleet.stages.base import FinishReport, FinishTask, GenerateReport, GenerateTask, Stages
from fleet.stages.meta import build_meta
from fleet.stages.publish import Target, publish

PUBLISHERS: Final = 2
"""Clips published at once: the disk is the limit, and two keep it busy."""
PUBLISH_DEADLINE_S: Final = 600.0
LOCK_PATIENCE_S: Final = 30.0
"""How long to wait for a killed submission's cluster to be gone; it takes about three seconds."""

_log = logging.getLogger("fleet.dispatcher")


@dataclass(frozen=True, slots=True)
class Running:
    """One attempt under way, for progress displays."""

    shot_id: str
    stage: Stage
    frames: int


@dataclass(slots=True)
class _Slot:
    pool: Pool
    worker: Any
    busy: bool = False


@dataclass(slots=True)
class _Held:
    """What is in memory for a shot between generate and finish."""

    frames_bytes: int
    picture: ObjectRef[Any] | None = None
    chunks: list[ObjectRef[Any]] = field(default_factory=list)
    report: GenerateReport | None = None


class Dispatcher:
    """The actor's body; see the module's docstring."""

    def __init__(
        self,
        *,
        home: Path,
        settings: Settings,
        slots: Mapping[Pool, int],
        stages: Stages,
        frames_budget: int,
    ) -> None:
        self._home = Home(home)
        self._settings = settings
        self._stages = stages
        self._budget = frames_budget
        self._sizes = dict(slots)
        self._lock = ProcessLock(self._home.dispatcher_lock)
        self._ledger: Ledger | None = None
        self._slots: list[_Slot] = []
        self._held: dict[str, _Held] = {}
        self._running: dict[str, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._publishing = 0
        self._wake = asyncio.Event()
        self._stopping = False
        self._fatal: LedgerUnusable | None = None

    # -- what others call -----------------------------------------------------------------------

    async def prepare(self) -> None:
        """Take the lock, reconcile ledger and disk, bring the workers up.

        Raises:
            FleetBusy: another dispatcher holds the ledger and does not go away.
            LedgerUnusable: the ledger cannot be used.
        """
        if self._ledger is not None:
            return
        await self._take_lock()
        self._log_to_file()
        self._ledger = Ledger(self._home.ledger)
        self._reconcile(self._ledger)
        for pool, count in self._sizes.items():
            self._slots += [_Slot(pool, start_worker(pool, self._stages)) for _ in range(count)]
        await asyncio.gather(*(_result(slot.worker.pid.remote()) for slot in self._slots))

    async def run(self) -> None:
        """Work until every shot in the ledger has ended, or ``stop`` is called.

        Raises:
            FleetBusy, LedgerUnusable: as ``prepare``; ``LedgerUnusable`` at any time.
        """
        await self.prepare()
        ledger = self._opened()
        self._stopping = False
        try:
            while not self._stopping and self._fatal is None:
                self._wake.clear()
                self._fill(ledger)
                due = reading.next_due(ledger.database)
                if not self._tasks and due is None:
                    return
                await self._something_happens(due)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._fatal is not None:
            raise self._fatal

    async def stop(self) -> None:
        """Start nothing more and return from ``run``; attempts under way are given back."""
        self._stopping = True
        self._wake.set()

    async def running(self) -> tuple[Running, ...]:
        """The attempts under way now."""
        return tuple(self._running.values())

    # -- start-up -------------------------------------------------------------------------------

    async def _take_lock(self) -> None:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not self._lock.acquire():
            if time.monotonic() > deadline:
                raise FleetBusy(home=self._home.root, holder=self._lock.holder())
            await asyncio.sleep(0.1)

    def _log_to_file(self) -> None:
        handler = logging.handlers.RotatingFileHandler(
            self._home.log, maxBytes=10_000_000, backupCount=3, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger = logging.getLogger("fleet")
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False

    def _reconcile(self, ledger: Ledger) -> None:
        now = time.time()
        recovery = ledger.recover(now=now)
        for shot_id, artifact in reading.staged(ledger.database):
            if not Path(artifact.path).is_file():
                ledger.restage(shot_id, now=now)
                _log.warning("shot=%s its finished clip left staging; made again", shot_id)
        wanted = {artifact.path for _, artifact in reading.staged(ledger.database)}
        if self._home.staging.is_dir():
            for entry in self._home.staging.iterdir():
                if str(entry) not in wanted:
                    entry.unlink(missing_ok=True)  # a clip whose record never came to be
        _log.info(
            "started: %d leases given back, %d shots to generate again",
            len(recovery.leases_expired),
            len(recovery.outputs_lost),
        )

    def _opened(self) -> Ledger:
        if self._ledger is None:
            raise LedgerUnusable(path=self._home.ledger, what="it is not open")
        return self._ledger

    # -- the loop -------------------------------------------------------------------------------

    def _fill(self, ledger: Ledger) -> None:
        """Give every free slot a job; the end of the route first, so that memory empties."""
        while self._publishing < PUBLISHERS and self._start(ledger, Stage.PUBLISH, None):
            self._publishing += 1
        for stage in (Stage.FINISH, Stage.GENERATE):
            for slot in self._slots:
                if slot.pool is POOL_OF[stage] and not slot.busy:
                    if stage is Stage.GENERATE and not self._has_room(ledger):
                        break
                    if not self._start(ledger, stage, slot):
                        break

    def _has_room(self, ledger: Ledger) -> bool:
        row = reading.next_job(ledger.database, Stage.GENERATE, now=time.time())
        if row is None:
            return False
        wanted = frames_bytes(reading.shot(ledger.database, row["shot_id"]).recipe)
        in_flight = sum(held.frames_bytes for held in self._held.values())
        return admits(in_flight=in_flight, wanted=wanted, budget=self._budget)

    def _start(self, ledger: Ledger, stage: Stage, slot: _Slot | None) -> bool:
        lease = ledger.lease(stage, now=time.time(), node=socket.gethostname())
        if lease is None:
            return False
        if slot is not None:
            slot.busy = True
        if stage is Stage.GENERATE:
            # Booked before the first await, so that the next look at the budget sees it.
            size = frames_bytes(lease.shot.recipe)
            self._held[lease.shot.id] = _Held(size)
        task = asyncio.get_running_loop().create_task(self._attempt(ledger, lease, slot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _something_happens(self, due: float | None) -> None:
        # A second at most: another process may submit to the ledger at any time.
        pause = 1.0 if due is None else min(1.0, max(0.005, due - time.time()))
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            pass

    # -- one attempt ----------------------------------------------------------------------------

    async def _attempt(self, ledger: Ledger, lease: Lease, slot: _Slot | None) -> None:
        self._running[lease.token] = Running(lease.shot.id, lease.stage, frames=0)
        deadline_s = self._deadline_s(lease.stage)
        try:
            async with asyncio.timeout(deadline_s):
                if slot is None:
                    await self._publish(ledger, lease)
                elif lease.stage is Stage.GENERATE:
                    await self._generate(ledger, lease, slot)
                else:
                    await self._finish(ledger, lease, slot)
        except LeaseLost as lost:
            _log.warning("%s", lost)
            self._held.pop(lease.shot.id, None)
        except LedgerUnusable as broken:
            self._fatal = broken
        except Exception as error:  # noqa: BLE001  (the attempt frame: whatever a shot raises is its own)
            found = meaning(error, stage=lease.stage.value, deadline_s=deadline_s)
            await self._fail(ledger, lease, slot, found)
        finally:
            del self._running[lease.token]
            if slot is None:
                self._publishing -= 1
            else:
                slot.busy = False
            self._wake.set()

    def _deadline_s(self, stage: Stage) -> float:
        match stage:
            case Stage.GENERATE:
                return self._settings.generate_deadline_s
            case Stage.FINISH:
                return self._settings.finish_deadline_s
            case Stage.PUBLISH:
                return PUBLISH_DEADLINE_S

    async def _generate(self, ledger: Ledger, lease: Lease, slot: _Slot) -> None:
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
        stream: Any = slot.worker.generate.options(num_returns="streaming").remote(
            task, held.picture
        )
        held.chunks = []
        async for chunk in stream:
            held.chunks.append(chunk)
            self._running[lease.token] = Running(shot.id, lease.stage, frames=len(held.chunks))
        # A stream that failed ends with a reference that raises what went wrong.
        report = await _result(held.chunks.pop())
        if not isinstance(report, GenerateReport):
            raise BackendFailed(backend="generate", what="the stream ended without a report")
        held.report = report
        ledger.succeed(
            lease,
            now=time.time(),
            report=report.model_dump_json(),
            peak_memory_bytes=report.peak_memory_bytes,
        )

    async def _finish(self, ledger: Ledger, lease: Lease, slot: _Slot) -> None:
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
        refs: Any = slot.worker.finish.options(num_returns=2).remote(
            task, held.picture, held.chunks
        )
        report_ref, clip_ref = refs
        report: FinishReport = await _result(report_ref)
        clip: bytes = await _result(clip_ref)
        artifact = await asyncio.to_thread(self._stage_clip, lease, report, clip)
        ledger.succeed(
            lease,
            now=time.time(),
            report=report.model_dump_json(),
            peak_memory_bytes=report.peak_memory_bytes,
            artifact=artifact,
        )
        del self._held[shot.id]

    def _stage_clip(self, lease: Lease, report: FinishReport, clip: bytes) -> Artifact:
        """Put a finished clip on the head's disk, where it outlives every process."""
        if hashlib.sha256(clip).hexdigest() != report.clip.sha256:
            raise BackendFailed(backend="finish", what="the clip changed on its way to the head")
        path = self._home.staging / f"{lease.shot.id}.{lease.token[:8]}.mp4"
        with files.reporting_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomic(path, clip)
        return Artifact(path=str(path), sha256=report.clip.sha256, size_bytes=len(clip))

    async def _publish(self, ledger: Ledger, lease: Lease) -> None:
        history = ledger.history(lease.shot.id)
        meta = build_meta(history, settings=self._settings, now=time.time())
        target = Target(Path(lease.shot.target))
        staged = Path(history.artifact.path) if history.artifact else None
        known = reading.published_hashes(ledger.database, lease.shot.target)
        await asyncio.to_thread(publish, target, meta, staged=staged, known_hashes=known)
        failures = [job.failure for job in history.jobs.values() if job.failure is not None]
        ledger.end(
            lease,
            verdict=meta.verdict,
            reasons=meta.reasons,
            clip_sha256=meta.clip.sha256 if meta.clip else None,
            curable=any(failure.curable for failure in failures),
            now=time.time(),
        )
        self._held.pop(lease.shot.id, None)
        if staged is not None:
            staged.unlink(missing_ok=True)

    async def _fail(self, ledger: Ledger, lease: Lease, slot: _Slot | None, found: Meaning) -> None:
        """Record a failed attempt, replace a worker that is gone, forget frames that are gone."""
        failure = found.failure
        decision = retry.decide(failure, attempt=lease.tries, policy=self._settings.retry)
        _log.warning(
            "shot=%s stage=%s attempt=%d code=%s then=%s: %s",
            lease.shot.id, lease.stage.value, lease.attempt, failure.code,
            type(decision).__name__, failure.message,
        )  # fmt: skip
        if slot is not None and found.worker_gone:
            ray.kill(slot.worker)
            slot.worker = start_worker(slot.pool, self._stages)
        try:
            ledger.fail(lease, failure, decision, now=time.time())
            if lease.stage is Stage.FINISH and isinstance(decision, retry.TryAgain):
                if found.frames_gone:
                    ledger.lose_output(lease.shot.id, now=time.time())
                    self._held.pop(lease.shot.id, None)
                return
        except LeaseLost as lost:
            _log.warning("%s", lost)
        except LedgerUnusable as broken:
            self._fatal = broken
        self._held.pop(lease.shot.id, None)


async def _result(ref: ObjectRef[Any]) -> Any:
    """The value of ``ref``.

    Not ``await ref``: in an asyncio actor that grows memory by kilobytes a call (ray#45895).
    """
    return await asyncio.wrap_future(ref.future())
