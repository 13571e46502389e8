"""The dispatcher's life: one Ray actor on the head that moves shots along their route.

It leases jobs from the ledger, gives them to idle workers and frames every attempt.  It decides
nothing that matters by itself: states are in ``jobs.machine``, who is next in ``jobs.policy``,
retries in ``jobs.retry``, blame in ``jobs.blame``, budgets in ``jobs.budget``; Ray is transport
and may forget.

Commands act on the ledger, and the dispatcher follows it: a lease that is no longer in force is an
attempt to be stopped.  A dispatcher that dies loses only what was in memory.  The next one takes
the lock, gives back the leases of the dead one, adopts its workers and goes on.
"""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import os
import socket
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import ray
from ray import exceptions as ray_errors

from fleet.attempt import Attempts, Doer
from fleet.cluster.failures import Meaning, meaning
from fleet.dispatcher.crew import Crew, Hand
from fleet.dispatcher.reconcile import reconcile
from fleet.dispatcher.turns import Turns
from fleet.errors import FleetBusy, LeaseLost, LedgerUnusable, NodeLost
from fleet.jobs import retry
from fleet.jobs.blame import Suspicions
from fleet.jobs.model import Pool, Stage
from fleet.jobs.retry import Past, failure_of
from fleet.ledger import nodes as node_rows
from fleet.ledger import reading, recovery
from fleet.ledger.lanes import open_lanes
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
FOLLOW_S: Final = 0.1
"""Longest pause between looks at the ledger: other processes submit, cancel and pause in it."""
LOOK_S: Final = 0.5
"""Pause between looks at the cluster's nodes."""
SWEEP_S: Final = 30.0
RECORD_S: Final = 10.0
"""Nodes are written down when they change, and as often as this all the same: they were seen."""
AGAIN_S: Final = 2.0
"""Pause before a ledger that could not be used is tried again."""

_log = logging.getLogger("fleet.dispatcher")


@dataclass(frozen=True, slots=True)
class Running:
    """One attempt under way, for progress displays."""

    shot_id: str
    stage: Stage
    frames: int


class _Lost(Enum):
    """What went away under an attempt."""

    NODE = "node"
    FRAMES = "frames"


@dataclass(eq=False, slots=True)
class _UnderWay:
    lease: Lease
    hand: Hand | None
    begun: float
    frames: int = 0
    task: asyncio.Task[None] | None = None
    lost: _Lost | None = None


class Dispatcher:
    """The actor's body; see the module's docstring."""

    def __init__(
        self,
        *,
        home: Path,
        settings: Settings,
        stages: Stages,
        forever: bool = False,
    ) -> None:
        """``forever``: work until told to stop, however empty the ledger is, and begin by itself:
        Ray may start this actor again when nobody else is there to say so."""
        self._home = Home(home)
        self._settings = settings
        self._forever = forever
        self._lock = ProcessLock(self._home.dispatcher_lock)
        self._ledger: Ledger | None = None
        self._attempts: Attempts | None = None
        self._under_way: dict[str, _UnderWay] = {}
        self._publishing = 0
        self._wake = asyncio.Event()
        self._preparing = asyncio.Lock()
        self._stopping = False
        self._fatal: LedgerUnusable | None = None
        self._recorded: list[node_rows.NodeRow] = []
        self._recorded_at = 0.0
        self._suspicions = Suspicions()
        self._turns = Turns(
            patience_s=settings.affinity_s,
            limits={
                Pool.GENERATION: settings.generation_limit,
                Pool.INTERPOLATION: settings.interpolation_limit,
            },
        )
        self._crew = Crew(
            stages=stages,
            gpus={
                Pool.GENERATION: settings.generation_gpus,
                Pool.INTERPOLATION: settings.interpolation_gpus,
            },
            grace_s=settings.cancel_grace_s,
            changed=self._wake.set,
            useless=self._block,
        )
        if forever:
            ray.get_runtime_context().current_actor.run_forever.remote()

    # -- what others call -----------------------------------------------------------------------

    async def prepare(self) -> None:
        """Take the lock, reconcile ledger and disk, adopt the workers that are there.

        Raises:
            FleetBusy: another dispatcher holds the ledger and does not go away.
            LedgerUnusable: the ledger cannot be used.
        """
        async with self._preparing:
            if self._ledger is None:
                await self._prepare()

    async def _prepare(self) -> None:
        await self._take_lock()
        _log_to(self._home.log)
        ledger = Ledger(self._home.ledger)
        reconcile(ledger.database, self._home)
        recovery.introduce(ledger.database, pid=os.getpid(), now=time.time())
        self._attempts = Attempts(
            home=self._home, settings=self._settings, ledger=ledger, patient=self._forever
        )
        self._ledger = ledger
        self._rest()
        await self._crew.adopt()
        await self._look(ledger)

    async def run(self) -> None:
        """Work until every shot in the ledger has ended, or ``stop`` is called.

        Raises:
            FleetBusy: as ``prepare``.
            LedgerUnusable: as ``prepare``, or at any time later.
        """
        await self.prepare()
        ledger = self._opened()
        self._stopping, self._fatal = False, None
        looking = asyncio.get_running_loop().create_task(self._keep_looking(ledger))
        try:
            while not self._stopping and self._fatal is None:
                self._wake.clear()
                if ledger.database.changed():
                    self._follow(ledger)
                self._fill(ledger)
                due = reading.next_due(ledger.database, now=time.time())
                if not self._forever and due is None and self._nothing_to_do(ledger):
                    return
                await self._something_happens(due)
        except LedgerUnusable as broken:
            self._fatal = broken
        finally:
            looking.cancel()
            await self._end_all(looking)
        if self._fatal is not None:
            raise self._fatal

    async def run_forever(self) -> None:
        """Work until ``stop`` is called; what keeps the ledger from being used is waited for."""
        said = ""
        while not self._stopping:
            try:
                await self.run()
            except (FleetBusy, LedgerUnusable) as error:
                if str(error) != said:
                    _log.error("waiting: %s", error)
                    said = str(error)
                await asyncio.sleep(AGAIN_S)

    async def stop(self) -> None:
        """Start nothing more and return from ``run``; attempts under way are given back."""
        self._stopping = True
        self._wake.set()

    async def running(self) -> tuple[Running, ...]:
        """The attempts under way now."""
        return tuple(
            Running(each.lease.shot.id, each.lease.stage, each.frames)
            for each in self._under_way.values()
        )

    # -- the loop -------------------------------------------------------------------------------

    async def _take_lock(self) -> None:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not self._lock.acquire():
            if time.monotonic() > deadline:
                raise FleetBusy(home=self._home.root, holder=self._lock.holder())
            await asyncio.sleep(0.1)

    def _opened(self) -> Ledger:
        if self._ledger is None:
            raise LedgerUnusable(path=self._home.ledger, what="it is not open")
        return self._ledger

    def _fill(self, ledger: Ledger) -> None:
        """Give every idle worker a job; the end of the route first, so that memory empties."""
        attempts = self._attempts
        if attempts is None:
            return
        while self._publishing < PUBLISHERS:
            lease = ledger.lease(Stage.PUBLISH, now=time.time(), node=socket.gethostname())
            if lease is None:
                break
            self._publishing += 1
            self._start(ledger, lease, None)
        for stage in (Stage.FINISH, Stage.GENERATE):
            while (given := self._turns.next(stage, ledger, self._crew, attempts)) is not None:
                lease, hand = given
                hand.token = lease.token
                if stage is Stage.GENERATE:
                    attempts.book(lease)  # before the next look at the budget
                self._start(ledger, lease, hand)

    def _nothing_to_do(self, ledger: Ledger) -> bool:
        """Whether nothing is under way and nothing may start; what is paused may not."""
        now = time.time()
        return not self._under_way and not any(
            open_lanes(ledger.database, stage, now=now) for stage in Stage
        )

    def _start(self, ledger: Ledger, lease: Lease, hand: Hand | None) -> None:
        each = _UnderWay(lease, hand, begun=time.monotonic())
        self._under_way[lease.token] = each
        each.task = asyncio.get_running_loop().create_task(self._attempt(ledger, each))

    async def _something_happens(self, due: float | None) -> None:
        pause = FOLLOW_S if due is None else max(0.005, due - time.time())
        try:
            async with asyncio.timeout(min(FOLLOW_S, pause)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _follow(self, ledger: Ledger) -> None:
        """Another process wrote to the ledger: stop what is no longer wanted."""
        in_force = reading.leases(ledger.database)
        for token, each in list(self._under_way.items()):
            if token not in in_force and each.task is not None:
                _log.info("%s is no longer wanted", each.lease.job)
                each.task.cancel()
        if self._attempts is not None:
            self._attempts.forget_ended()
        self._rest()

    def _rest(self) -> None:
        """Take note of the nodes that are to get nothing more to do."""
        resting = node_rows.unusable(self._opened().database)
        for name in self._crew.resting - resting:
            self._suspicions.forgive(name)
        self._crew.resting = resting

    async def _end_all(self, *others: asyncio.Task[None]) -> None:
        tasks = [each.task for each in self._under_way.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *others, return_exceptions=True)
        if self._attempts is not None:
            await self._attempts.close()

    # -- the cluster's nodes --------------------------------------------------------------------

    async def _keep_looking(self, ledger: Ledger) -> None:
        swept = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look(ledger)
                if time.monotonic() - swept > SWEEP_S and self._attempts is not None:
                    self._attempts.sweep()
                    swept = time.monotonic()
            except ray_errors.RayError as error:
                _log.warning("the cluster does not answer: %s", error)
            except LedgerUnusable as broken:
                self._fatal = broken
                self._wake.set()

    async def _look(self, ledger: Ledger) -> None:
        change = await self._crew.look()
        for node in change.gone:
            await self._lose_node(ledger, node.id)
        rows, now = self._crew.rows(), time.monotonic()
        if rows != self._recorded or now - self._recorded_at > RECORD_S:
            node_rows.record_nodes(ledger.database, rows, now=time.time())
            self._recorded, self._recorded_at = rows, now

    async def _lose_node(self, ledger: Ledger, node_id: str) -> None:
        """Nothing that was on that node is waited for: neither attempts nor frames."""
        attempts = self._attempts
        if attempts is None:
            return
        for each in self._under_way.values():
            if each.hand is not None and each.hand.node.id == node_id and each.task is not None:
                each.lost = _Lost.NODE
                each.task.cancel()
        for shot_id in attempts.held_on(node_id):
            generating = shot_id in self._shots_under_way(Stage.GENERATE)
            if generating or not await attempts.are_lost(shot_id):
                continue
            finishing = self._shots_under_way(Stage.FINISH).get(shot_id)
            if finishing is not None and finishing.task is not None:
                finishing.lost = _Lost.FRAMES
                finishing.task.cancel()
                continue
            attempts.forget(shot_id)
            if reading.checkpoint(ledger.database, shot_id) is None:
                recovery.lose_output(ledger.database, shot_id, now=time.time())

    def _shots_under_way(self, stage: Stage) -> dict[str, _UnderWay]:
        return {
            each.lease.shot.id: each
            for each in self._under_way.values()
            if each.lease.stage is stage
        }

    def _block(self, node: str, reason: str) -> None:
        """Give that node nothing more to do until a person has looked at it."""
        if not self._forever:
            return  # one machine, no other: its shots tell what is wrong
        _log.error("node %s is blocked: %s", node, reason)
        node_rows.block(self._opened().database, node, reason=reason, now=time.time())
        self._rest()

    # -- the attempt frame ----------------------------------------------------------------------

    async def _attempt(self, ledger: Ledger, each: _UnderWay) -> None:
        lease, hand = each.lease, each.hand
        deadline_s = self._deadline_s(lease.stage)
        try:
            async with asyncio.timeout(deadline_s):
                await self._carry_out(each)
            if hand is not None:
                await self._went_well(lease, hand, seconds=time.monotonic() - each.begun)
        except asyncio.CancelledError:
            await self._called_off(ledger, each)
        except LeaseLost as lost:
            _log.warning("%s", lost)
            self._forget(lease)
        except LedgerUnusable as broken:
            self._fatal = broken
        except Exception as error:  # noqa: BLE001  (the attempt frame: what a shot raises is its own)
            node = hand.node.name if hand is not None else socket.gethostname()
            found = meaning(error, stage=lease.stage.value, deadline_s=deadline_s, node=node)
            self._fail(ledger, each, found)
        finally:
            del self._under_way[lease.token]
            if hand is None:
                self._publishing -= 1
            elif hand.token == lease.token:
                self._crew.release(hand)
            self._wake.set()

    async def _carry_out(self, each: _UnderWay) -> None:
        attempts, lease, hand = self._attempts, each.lease, each.hand
        if attempts is None:
            return

        def heard(frames: int) -> None:
            each.frames = frames

        if hand is None:
            await attempts.publish(lease)
            return
        doer = Doer(
            handle=hand.handle, node_id=hand.node.id, node=hand.node.name, gpu=hand.state.gpu
        )
        if lease.stage is Stage.GENERATE:
            await attempts.generate(lease, doer, heard)
        else:
            await attempts.finish(lease, doer, heard)

    async def _went_well(self, lease: Lease, hand: Hand, *, seconds: float) -> None:
        self._suspicions.succeeded(hand.node.name, lease.stage)
        self._turns.took(lease, seconds=seconds)
        if self._turns.model_of(lease) not in hand.state.models[:1]:
            await self._crew.refresh(hand)

    async def _called_off(self, ledger: Ledger, each: _UnderWay) -> None:
        """The attempt was cancelled: by a command, by the end of its node, or by ``stop``."""
        lease, hand = each.lease, each.hand
        if each.lost is not None:
            node = hand.node.name if hand is not None else ""
            failure = failure_of(NodeLost(stage=lease.stage.value, node=node))
            frames_gone = each.lost is _Lost.FRAMES
            self._fail(ledger, each, Meaning(failure, frames_gone=frames_gone), lost=True)
        else:
            self._forget(lease)
        if hand is not None and hand.node.id in self._crew.nodes:
            await self._crew.quiet(hand)

    def _deadline_s(self, stage: Stage) -> float:
        match stage:
            case Stage.GENERATE:
                return self._settings.generate_deadline_s
            case Stage.FINISH:
                return self._settings.finish_deadline_s
            case Stage.PUBLISH:
                return PUBLISH_DEADLINE_S

    def _fail(self, ledger: Ledger, each: _UnderWay, found: Meaning, *, lost: bool = False) -> None:
        """Record a failed attempt, replace a worker that is gone, forget frames that are gone."""
        lease, hand, failure = each.lease, each.hand, found.failure
        lost = lost or found.frames_gone
        plans = lease.shot.recipe.generation_params.memory_plans
        past = Past(
            tries=lease.tries,
            losses=lease.losses,
            memory_plan=lease.memory_plan,
            memory_plans=len(plans) if lease.stage is Stage.GENERATE else 0,
        )
        decision = retry.decide(failure, past, self._settings.retry, lost=lost)
        _log.warning(
            "shot=%s stage=%s attempt=%d code=%s then=%s: %s",
            lease.shot.id, lease.stage.value, lease.attempt, failure.code,
            type(decision).__name__, failure.message,
        )  # fmt: skip
        if hand is not None and found.worker_gone:
            self._crew.replace(hand)
        try:
            ledger.fail(
                lease,
                failure,
                decision,
                now=time.time(),
                seconds=time.monotonic() - each.begun,
                avoid=hand.node.name if hand is not None and not lost else "",
            )
            if hand is not None and not lost and failure.retryable:
                self._suspect(ledger, lease, hand.node.name, failure.message)
            if lease.stage is Stage.FINISH and isinstance(decision, retry.TryAgain):
                if not found.frames_gone:
                    return  # the frames are still held: only finishing is repeated
                if reading.checkpoint(ledger.database, lease.shot.id) is None or (
                    failure.code == "checkpoint_unusable"
                ):
                    recovery.lose_output(ledger.database, lease.shot.id, now=time.time())
        except LeaseLost as gone:
            _log.warning("%s", gone)
        except LedgerUnusable as broken:
            self._fatal = broken
        self._forget(lease)

    def _suspect(self, ledger: Ledger, lease: Lease, node: str, message: str) -> None:
        blame = self._suspicions.failed(node, lease.stage, shot_id=lease.shot.id, message=message)
        if blame is not None and self._forever:
            recovery.absolve(ledger.database, blame.shot_ids, lease.stage)
            self._block(node, blame.reason)

    def _forget(self, lease: Lease) -> None:
        if self._attempts is not None:
            self._attempts.forget(lease.shot.id)


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=10_000_000, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("fleet")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
