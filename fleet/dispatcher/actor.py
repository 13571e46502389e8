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
import contextlib
import logging
import logging.handlers
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ray import exceptions as ray_errors

from fleet.attempt import Attempts
from fleet.dispatcher.crew import Crew
from fleet.dispatcher.frame import Frame, UnderWay
from fleet.dispatcher.lending import Lending
from fleet.dispatcher.losses import lose_node
from fleet.dispatcher.reconcile import reconcile
from fleet.dispatcher.turns import Turns
from fleet.errors import FleetBusy, FleetError, LedgerUnusable
from fleet.jobs.model import Pool, Stage
from fleet.jobs.progress import Sighting
from fleet.ledger import nodes as node_rows
from fleet.ledger import reading, recovery
from fleet.ledger.doing import Doing, write_doing
from fleet.ledger.lanes import open_lanes
from fleet.ledger.ledger import Ledger
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home, Settings
from fleet.stages.base import Stages

PUBLISHERS: Final = 2
"""Clips published at once: the disk is the limit, and two keep it busy."""
LOCK_PATIENCE_S: Final = 30.0
"""How long to wait for a killed submission's cluster to be gone; it takes about three seconds."""
FOLLOW_S: Final = 0.1
"""Longest pause between looks at the ledger: other processes submit, cancel and pause in it."""
ASK_S: Final = 1.0
"""Pause between two questions how far an attempt is, and before the first."""
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


@dataclass(frozen=True, slots=True)
class _Open:
    """What a dispatcher has once it holds its ledger."""

    ledger: Ledger
    attempts: Attempts
    frame: Frame
    lending: Lending


class Dispatcher:
    """The actor's body; see the module's docstring."""

    def __init__(
        self, *, home: Path, settings: Settings, stages: Stages, forever: bool = False
    ) -> None:
        """``forever``: work until told to stop, however empty the ledger is, and begin by itself:
        Ray may start this actor again when nobody else is there to say so.  A ledger that cannot
        be used is then waited for, rather than ending the work."""
        self._home = Home(home)
        self._settings = settings
        self._forever = forever
        self._lock = ProcessLock(self._home.dispatcher_lock)
        self._open: _Open | None = None
        self._wake = asyncio.Event()
        self._preparing = asyncio.Lock()
        self._stopping = False
        self._fatal: LedgerUnusable | None = None
        self._said = ""
        self._recorded: list[node_rows.NodeRow] = []
        self._recorded_at = 0.0
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
            # Ray runs this in the actor's loop.  Not a call to itself: to a process that was just
            # started again, its own actor may still seem to be the one that died.
            self._begun = asyncio.get_running_loop().create_task(self.run_forever())
            self._begun.add_done_callback(_or_end_the_process)

    # -- what others call -----------------------------------------------------------------------

    async def prepare(self) -> None:
        """Take the lock, reconcile ledger and disk, adopt the workers that are there.

        Raises:
            FleetBusy: another dispatcher holds the ledger and does not go away.
            LedgerUnusable: the ledger cannot be used.
        """
        async with self._preparing:
            await self._opened()

    async def run(self) -> None:
        """Work until every shot in the ledger has ended, or ``stop`` is called.

        Raises:
            FleetBusy: as ``prepare``.
            LedgerUnusable: as ``prepare``, or at any time later.
        """
        async with self._preparing:
            opened = await self._opened()
        self._stopping, self._fatal = False, None
        looking = asyncio.get_running_loop().create_task(self._keep_looking(opened))
        looking.add_done_callback(_or_end_the_process)
        asking = asyncio.get_running_loop().create_task(self._keep_asking(opened))
        asking.add_done_callback(_or_end_the_process)
        try:
            while not self._stopping and self._fatal is None:
                self._wake.clear()
                try:
                    if self._turn(opened):
                        return
                except LedgerUnusable as broken:
                    self._broken(broken)
                await self._something_happens(opened)
        finally:
            looking.cancel()
            asking.cancel()
            await asyncio.gather(looking, asking, return_exceptions=True)
            self._home.doing.unlink(missing_ok=True)
            await opened.frame.end_all()
            await opened.attempts.close()
            with contextlib.suppress(LedgerUnusable):
                opened.attempts.sweep()
                # Nobody looks at the nodes any more; the next dispatcher writes what it sees.
                node_rows.record_nodes(opened.ledger.database, [], now=time.time())
                self._recorded = []
        if self._fatal is not None:
            raise self._fatal

    async def run_forever(self) -> None:
        """Work until ``stop`` is called; what keeps the ledger from being used is waited for."""
        while not self._stopping:
            try:
                await self.run()
            except (FleetBusy, LedgerUnusable) as error:
                self._say(error)
                await asyncio.sleep(AGAIN_S)

    async def stop(self) -> None:
        """Start nothing more and return from ``run``; attempts under way are given back."""
        self._stopping = True
        self._wake.set()

    async def running(self) -> tuple[Running, ...]:
        """The attempts under way now."""
        if self._open is None:
            return ()
        return tuple(
            Running(each.lease.shot.id, each.lease.stage, each.frames)
            for each in self._open.frame.under_way.values()
        )

    # -- start-up -------------------------------------------------------------------------------

    async def _opened(self) -> _Open:
        if self._open is None:
            await self._take_lock()
            try:
                self._open = self._put_in_order()
            except OSError as error:
                raise LedgerUnusable(path=self._home.root, what=str(error)) from error
            self._rest(self._open)
            await self._crew.adopt()
            await self._look(self._open)
        return self._open

    async def _take_lock(self) -> None:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not self._lock.acquire():
            if time.monotonic() > deadline:
                raise FleetBusy(home=self._home.root, holder=self._lock.holder())
            await asyncio.sleep(0.1)

    def _put_in_order(self) -> _Open:
        _log_to(self._home.log)
        ledger = Ledger(self._home.ledger)
        reconcile(ledger.database, self._home)
        recovery.introduce(ledger.database, pid=os.getpid(), now=time.time())
        attempts = Attempts(
            home=self._home, settings=self._settings, ledger=ledger, patient=self._forever
        )
        frame = Frame(
            ledger=ledger,
            attempts=attempts,
            crew=self._crew,
            turns=self._turns,
            settings=self._settings,
            blamed=lambda blame: self._block(blame.node, blame.reason),
            broken=self._broken,
            changed=self._wake.set,
        )
        lending = Lending(
            attempts=attempts, crew=self._crew, turns=self._turns, changed=self._wake.set
        )
        return _Open(ledger, attempts, frame, lending)

    # -- the loop -------------------------------------------------------------------------------

    def _turn(self, opened: _Open) -> bool:
        """Follow the ledger and give out what can be given; whether nothing is left to do."""
        if opened.ledger.database.changed():
            self._follow(opened)
        self._fill(opened)
        self._said = ""
        if self._forever or opened.frame.under_way:
            return False
        # What is paused may not start; what waits for its time will.
        now, database = time.time(), opened.ledger.database
        return reading.next_due(database, now=now) is None and not any(
            open_lanes(database, stage, now=now) for stage in Stage
        )

    def _fill(self, opened: _Open) -> None:
        """Give every idle worker a job; the end of the route first, so that memory empties."""
        ledger, attempts, frame = opened.ledger, opened.attempts, opened.frame
        while frame.publishing < PUBLISHERS:
            lease = ledger.lease(Stage.PUBLISH, now=time.time(), node=socket.gethostname())
            if lease is None:
                break
            frame.start(lease, None)
        for stage in (Stage.FINISH, Stage.GENERATE):
            while (given := self._turns.next(stage, ledger, self._crew, attempts)) is not None:
                lease, hand = given
                hand.token = lease.token
                if stage is Stage.GENERATE:
                    attempts.book(lease)  # before the next look at the budget
                frame.start(lease, hand)
        opened.lending.lend(each.lease for each in frame.of_stage(Stage.GENERATE).values())

    async def _something_happens(self, opened: _Open) -> None:
        pause = FOLLOW_S
        with contextlib.suppress(LedgerUnusable):
            due = reading.next_due(opened.ledger.database, now=time.time())
            if due is not None:
                pause = min(FOLLOW_S, max(0.005, due - time.time()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()

    def _follow(self, opened: _Open) -> None:
        """Another process wrote to the ledger: end what is no longer wanted."""
        in_force = reading.leases(opened.ledger.database)
        for token, each in list(opened.frame.under_way.items()):
            if token not in in_force:
                _log.info("%s is no longer wanted", each.lease.job)
                each.call_off()
        opened.attempts.forget_ended()
        self._rest(opened)

    def _rest(self, opened: _Open) -> None:
        """Take note of the nodes that are to get nothing more to do."""
        resting = node_rows.unusable(opened.ledger.database)
        for name in self._crew.resting - resting:
            opened.frame.suspicions.forgive(name)
        self._crew.resting = resting

    def _broken(self, error: LedgerUnusable) -> None:
        """The ledger cannot be used: end the work, or wait for it, as this dispatcher is told."""
        if self._forever:
            self._say(error)
        else:
            self._fatal = error
            self._wake.set()

    def _say(self, error: FleetError) -> None:
        # Once, however often it is met: a log on a full disk is no help.
        if str(error) != self._said:
            _log.error("waiting: %s", error)
            self._said = str(error)

    # -- the cluster's nodes --------------------------------------------------------------------

    async def _keep_looking(self, opened: _Open) -> None:
        swept = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look(opened)
                if time.monotonic() - swept > SWEEP_S:
                    opened.attempts.sweep()
                    swept = time.monotonic()
            except ray_errors.RayError as error:
                _log.warning("the cluster does not answer: %s", error)
            except LedgerUnusable as broken:
                self._broken(broken)

    async def _look(self, opened: _Open) -> None:
        change = await self._crew.look()
        database = opened.ledger.database
        for node in change.gone:
            await lose_node(
                node.id, frame=opened.frame, attempts=opened.attempts, database=database
            )
        rows, now = self._crew.rows(), time.monotonic()
        if rows != self._recorded or now - self._recorded_at > RECORD_S:
            node_rows.record_nodes(database, rows, now=time.time())
            self._recorded, self._recorded_at = rows, now

    # -- how far they are -----------------------------------------------------------------------

    async def _keep_asking(self, opened: _Open) -> None:
        """Ask those that are long at it how far they are, and write it down for listings."""
        written: Mapping[str, Doing] = {}
        while True:
            await asyncio.sleep(ASK_S)
            long_at_it = [
                each
                for each in opened.frame.of_stage(Stage.GENERATE).values()
                if time.monotonic() - each.begun >= ASK_S
            ]
            await asyncio.gather(*(self._ask(each) for each in long_at_it))
            doing = {each.lease.shot.id: _doing(each.last, each.left_s)
                     for each in long_at_it if each.last is not None}  # fmt: skip
            if doing != written:
                write_doing(self._home.doing, doing, now=time.time())
                written = doing

    async def _ask(self, each: UnderWay) -> None:
        if each.hand is not None:
            progress = await self._crew.progress(each.hand, each.lease.token)
            if progress is not None:
                each.saw(progress, at_s=time.monotonic())

    def _block(self, node: str, reason: str) -> None:
        """Give that node nothing more to do until a person has looked at it."""
        if not self._forever or self._open is None:
            return  # one machine, no other: its shots tell what is wrong
        _log.error("node %s is blocked: %s", node, reason)
        node_rows.block(self._open.ledger.database, node, reason=reason, now=time.time())
        self._rest(self._open)


def _doing(last: Sighting, left_s: float | None) -> Doing:
    told = last.progress
    return Doing(
        done=told.done, steps=told.steps, piece=told.piece, pieces=told.pieces, left_s=left_s
    )


def _or_end_the_process(task: asyncio.Task[None]) -> None:
    """What nobody foresaw ends the process, and Ray starts it again over the same ledger: an actor
    that lives, holds the lock and does nothing would stop the fleet for ever.
    """
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("the dispatcher ends itself: %s", error, exc_info=error)
        os._exit(1)


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=10_000_000, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("fleet")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
