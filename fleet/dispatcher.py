"""The dispatcher: one Ray actor on the head that moves shots along their route.

It leases jobs from the ledger, gives them to free workers and frames every attempt.  It decides
nothing that matters by itself: states are in ``jobs.machine``, retries in ``jobs.retry``, budgets
in ``jobs.budget``; Ray is transport and may forget.

A dispatcher that dies loses only what was in memory.  The next one takes the lock, gives back
the leases of the dead one and goes on.
"""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ray

from fleet.attempt import Attempts, result
from fleet.cluster.failures import Meaning, meaning
from fleet.cluster.worker import start_worker
from fleet.errors import FleetBusy, LeaseLost, LedgerUnusable
from fleet.jobs import retry
from fleet.jobs.budget import admits, frames_bytes
from fleet.jobs.model import POOL_OF, Pool, Stage
from fleet.ledger import reading
from fleet.ledger.ledger import Ledger
from fleet.ledger.lock import ProcessLock
from fleet.ledger.rows import Lease
from fleet.settings import Home, Settings
from fleet.stages.base import Stages

PUBLISHERS: Final = 2
"""Clips published at once: the disk is the limit, and two keep it busy."""
PUBLISH_DEADLINE_S: Final = 600.0
LOCK_PATIENCE_S: Final = 30.0
"""How long to wait for a killed submission's cluster to be gone; it takes about three seconds."""
LOOK_AGAIN_S: Final = 1.0
"""Longest pause between looks at the ledger: another process may submit to it at any time."""

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
        _log_to(self._home.log)
        ledger = Ledger(self._home.ledger)
        _reconcile(ledger, self._home)
        self._attempts = Attempts(home=self._home, settings=self._settings, ledger=ledger)
        for pool, count in self._sizes.items():
            self._slots += [_Slot(pool, start_worker(pool, self._stages)) for _ in range(count)]
        await asyncio.gather(*(result(slot.worker.pid.remote()) for slot in self._slots))
        self._ledger = ledger

    async def run(self) -> None:
        """Work until every shot in the ledger has ended, or ``stop`` is called.

        Raises:
            FleetBusy: as ``prepare``.
            LedgerUnusable: as ``prepare``, or at any time later.
        """
        await self.prepare()
        ledger = self._ledger
        if ledger is None:
            raise LedgerUnusable(path=self._home.ledger, what="it is not open")
        self._stopping = False
        try:
            while not self._stopping and self._fatal is None:
                self._wake.clear()
                self._fill(ledger)
                queue = reading.queue(ledger.database, now=time.time())
                if not self._tasks and queue.empty:
                    return
                await self._something_happens(queue.next_due)
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

    # -- the loop -------------------------------------------------------------------------------

    async def _take_lock(self) -> None:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not self._lock.acquire():
            if time.monotonic() > deadline:
                raise FleetBusy(home=self._home.root, holder=self._lock.holder())
            await asyncio.sleep(0.1)

    def _fill(self, ledger: Ledger) -> None:
        """Give every free slot a job; the end of the route first, so that memory empties."""
        while self._publishing < PUBLISHERS and self._start(ledger, Stage.PUBLISH, None):
            self._publishing += 1
        for stage in (Stage.FINISH, Stage.GENERATE):
            for slot in self._slots:
                if slot.pool is not POOL_OF[stage] or slot.busy:
                    continue
                if stage is Stage.GENERATE and not self._has_room(ledger):
                    break
                if not self._start(ledger, stage, slot):
                    break

    def _has_room(self, ledger: Ledger) -> bool:
        row = reading.next_job(ledger.database, Stage.GENERATE, now=time.time())
        if row is None:
            return False
        wanted = frames_bytes(reading.shot(ledger.database, row["shot_id"]).recipe)
        if self._admits(wanted):
            return True
        self._attempts.forget_ended()
        return self._admits(wanted)

    def _admits(self, wanted: int) -> bool:
        return admits(in_flight=self._attempts.frames_in_flight, wanted=wanted, budget=self._budget)

    def _start(self, ledger: Ledger, stage: Stage, slot: _Slot | None) -> bool:
        lease = ledger.lease(stage, now=time.time(), node=socket.gethostname())
        if lease is None:
            return False
        if slot is not None:
            slot.busy = True
        if stage is Stage.GENERATE:
            self._attempts.book(lease)  # before the next look at the budget
        task = asyncio.get_running_loop().create_task(self._attempt(ledger, lease, slot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _something_happens(self, due: float | None) -> None:
        pause = LOOK_AGAIN_S if due is None else max(0.005, due - time.time())
        try:
            async with asyncio.timeout(min(LOOK_AGAIN_S, pause)):
                await self._wake.wait()
        except TimeoutError:
            return

    # -- the attempt frame ----------------------------------------------------------------------

    async def _attempt(self, ledger: Ledger, lease: Lease, slot: _Slot | None) -> None:
        deadline_s = self._deadline_s(lease.stage)
        self._running[lease.token] = Running(lease.shot.id, lease.stage, frames=0)
        try:
            async with asyncio.timeout(deadline_s):
                await self._carry_out(lease, slot)
        except LeaseLost as lost:
            _log.warning("%s", lost)
            self._attempts.forget(lease.shot.id)
        except LedgerUnusable as broken:
            self._fatal = broken
        except Exception as error:  # noqa: BLE001  (the attempt frame: what a shot raises is its own)
            found = meaning(error, stage=lease.stage.value, deadline_s=deadline_s)
            self._fail(ledger, lease, slot, found)
        finally:
            del self._running[lease.token]
            if slot is None:
                self._publishing -= 1
            else:
                slot.busy = False
            self._wake.set()

    async def _carry_out(self, lease: Lease, slot: _Slot | None) -> None:
        def heard(frames: int) -> None:
            self._running[lease.token] = Running(lease.shot.id, lease.stage, frames=frames)

        if slot is None:
            await self._attempts.publish(lease)
        elif lease.stage is Stage.GENERATE:
            await self._attempts.generate(lease, slot.worker, heard)
        else:
            await self._attempts.finish(lease, slot.worker, heard)

    def _deadline_s(self, stage: Stage) -> float:
        match stage:
            case Stage.GENERATE:
                return self._settings.generate_deadline_s
            case Stage.FINISH:
                return self._settings.finish_deadline_s
            case Stage.PUBLISH:
                return PUBLISH_DEADLINE_S

    def _fail(self, ledger: Ledger, lease: Lease, slot: _Slot | None, found: Meaning) -> None:
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
                if not found.frames_gone:
                    return  # the frames are still held: only finishing is repeated
                ledger.lose_output(lease.shot.id, now=time.time())
        except LeaseLost as lost:
            _log.warning("%s", lost)
        except LedgerUnusable as broken:
            self._fatal = broken
        self._attempts.forget(lease.shot.id)


def _reconcile(ledger: Ledger, home: Home) -> None:
    """Make ledger and disk agree after whatever ended the last dispatcher."""
    now = time.time()
    recovery = ledger.recover(now=now)
    for shot_id, artifact in reading.staged(ledger.database):
        if not Path(artifact.path).is_file():
            ledger.restage(shot_id, now=now)
            _log.warning("shot=%s its finished clip left staging; made again", shot_id)
    wanted = {artifact.path for _, artifact in reading.staged(ledger.database)}
    if home.staging.is_dir():
        for entry in home.staging.iterdir():
            if str(entry) not in wanted:
                entry.unlink(missing_ok=True)  # a clip whose record never came to be
    _log.info(
        "started: %d leases given back, %d shots to generate again",
        len(recovery.leases_expired),
        len(recovery.outputs_lost),
    )


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=10_000_000, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("fleet")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
