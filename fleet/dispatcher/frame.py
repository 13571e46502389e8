"""The frame around every attempt: its deadline, what follows from how it ends, who is to blame.

One of the two places where any exception is caught: what a shot raises is that shot's own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from fleet.attempt import Attempts
from fleet.cluster.failures import Meaning, is_silence, meaning
from fleet.dispatcher.crew import Crew, Hand
from fleet.dispatcher.lending import doer_of
from fleet.dispatcher.turns import Turns
from fleet.errors import CheckpointUnusable, LeaseLost, LedgerUnusable, NodeLost
from fleet.jobs import retry
from fleet.jobs.blame import Blame, Suspicions
from fleet.jobs.model import Stage
from fleet.jobs.progress import Progress, Sighting, left_s
from fleet.jobs.retry import Past, failure_of
from fleet.ledger import reading, recovery
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import Lease
from fleet.settings import Settings

PUBLISH_DEADLINE_S: Final = 600.0

_log = logging.getLogger("fleet.dispatcher")


class Lost(Enum):
    """What went away under an attempt."""

    NODE = "node"  #: the node of its worker
    FRAMES = "frames"  #: the frames it was to finish


@dataclass(eq=False, slots=True)
class UnderWay:
    """One attempt.

    Attributes:
        hand: the worker that has it; None where it is the head's own work.
        begun: when, on the monotonic clock.
        frames: how many are done.
        first, last: how far it was when it was first and last asked; None: it told nothing yet.
        lost: what went away under it, if anything did.
    """

    lease: Lease
    hand: Hand | None
    begun: float
    frames: int = 0
    first: Sighting | None = None
    last: Sighting | None = None
    task: asyncio.Task[None] | None = None
    lost: Lost | None = None

    def saw(self, progress: Progress, *, at_s: float) -> None:
        """Take note of how far it is."""
        self.last = Sighting(progress, at_s)
        if self.first is None:
            self.first = self.last

    @property
    def left_s(self) -> float | None:
        """How long it will still take at its own pace; None: not known yet."""
        if self.first is None or self.last is None:
            return None
        return left_s(self.first, self.last)

    def call_off(self, lost: Lost | None = None) -> None:
        """End it as soon as possible: it is not wanted, or ``lost`` went away under it."""
        if self.task is not None:
            self.lost = lost
            self.task.cancel()


class Frame:
    """Carries out leases, each in a task of its own."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        attempts: Attempts,
        crew: Crew,
        turns: Turns,
        settings: Settings,
        blamed: Callable[[Blame], None],
        broken: Callable[[LedgerUnusable], None],
        changed: Callable[[], None],
    ) -> None:
        """``blamed`` is called with a node that is at fault, ``broken`` when the ledger is, and
        ``changed`` whenever an attempt is over."""
        self._ledger, self._attempts = ledger, attempts
        self._crew, self._turns, self._settings = crew, turns, settings
        self._blamed, self._broken, self._changed = blamed, broken, changed
        self.under_way: dict[str, UnderWay] = {}
        self.suspicions = Suspicions()

    @property
    def publishing(self) -> int:
        """How many clips are being published now."""
        return sum(each.hand is None for each in self.under_way.values())

    def of_stage(self, stage: Stage) -> dict[str, UnderWay]:
        """The attempts at ``stage``, by shot."""
        return {
            each.lease.shot.id: each
            for each in self.under_way.values()
            if each.lease.stage is stage
        }

    def start(self, lease: Lease, hand: Hand | None) -> None:
        """Begin an attempt; without a worker, it is the head's own work."""
        each = UnderWay(lease, hand, begun=time.monotonic())
        self.under_way[lease.token] = each
        each.task = asyncio.get_running_loop().create_task(self._attempt(each))

    async def end_all(self) -> None:
        """Call off all that is under way, and wait until it is over."""
        tasks = [each.task for each in self.under_way.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- one attempt ------------------------------------------------------------------------------

    async def _attempt(self, each: UnderWay) -> None:
        lease, hand = each.lease, each.hand
        deadline_s = self._deadline_s(lease.stage)
        try:
            async with asyncio.timeout(deadline_s) as limit:
                await self._carry_out(each, again=lambda: _postpone(limit, deadline_s))
            if hand is not None:
                self._went_well(each, hand)
        except asyncio.CancelledError:
            await self._called_off(each)
        except LeaseLost as lost:
            _log.warning("%s", lost)
            self._attempts.forget(lease.shot.id)
        except LedgerUnusable as broken:
            self._broken(broken)
        except Exception as error:  # noqa: BLE001  (the attempt frame: what a shot raises is its own)
            node = hand.node.name if hand is not None else socket.gethostname()
            found = meaning(error, stage=lease.stage.value, deadline_s=deadline_s, node=node)
            silent = hand is not None and is_silence(error)
            gone = hand is not None and silent and await self._has_lost_node(each, hand)
            if gone:
                found = Meaning(failure_of(NodeLost(stage=lease.stage.value, node=node)))
            await self._fail(each, found, lost=gone)
        finally:
            del self.under_way[lease.token]
            if hand is not None and hand.token == lease.token:
                self._crew.release(hand)
            self._changed()

    async def _carry_out(self, each: UnderWay, *, again: Callable[[], None]) -> None:
        """``again`` begins the attempt's time anew: each piece of a long shot has all of it."""
        lease, hand = each.lease, each.hand

        def heard(frames: int) -> None:
            each.frames = frames

        if hand is None:
            await self._attempts.publish(lease)
            return
        doer = doer_of(hand)
        if lease.stage is Stage.GENERATE:
            await self._attempts.generate(lease, doer, heard, piece_made=again)
        else:
            await self._attempts.finish(lease, doer, heard)

    def _went_well(self, each: UnderWay, hand: Hand) -> None:
        lease = each.lease
        self.suspicions.succeeded(hand.node.name, lease.stage)
        self._turns.took(lease, seconds=time.monotonic() - each.begun)
        self._crew.used(hand, self._turns.model_of(lease))

    async def _called_off(self, each: UnderWay) -> None:
        """The attempt was ended: by a command, by the end of its node, or by the dispatcher's."""
        lease, hand = each.lease, each.hand
        if each.lost is not None:
            node = hand.node.name if hand is not None else ""
            failure = failure_of(NodeLost(stage=lease.stage.value, node=node))
            gone = each.lost is Lost.FRAMES
            await self._fail(each, Meaning(failure, frames_gone=gone), lost=True)
        else:
            self._attempts.forget(lease.shot.id)
        if hand is not None and hand.node.id in self._crew.nodes:
            await self._crew.quiet(hand)

    async def _has_lost_node(self, each: UnderWay, hand: Hand) -> bool:
        """Whether the worker is gone because its node is; Ray may take seconds to say so."""
        try:
            return await self._crew.lost_its_node(hand)
        except asyncio.CancelledError:
            return each.lost is not None  # else by a command: the failure is dropped

    def _deadline_s(self, stage: Stage) -> float:
        match stage:
            case Stage.GENERATE:
                return self._settings.generate_deadline_s
            case Stage.FINISH:
                return self._settings.finish_deadline_s
            case Stage.PUBLISH:
                return PUBLISH_DEADLINE_S

    # -- what follows from a failure --------------------------------------------------------------

    async def _fail(self, each: UnderWay, found: Meaning, *, lost: bool = False) -> None:
        """Record a failed attempt, replace a worker that is gone, forget frames that are gone."""
        lease, hand, failure = each.lease, each.hand, found.failure
        lost = lost or found.frames_gone
        decision = retry.decide(failure, _past(lease), self._settings.retry, lost=lost)
        _log.warning(
            "shot=%s stage=%s attempt=%d code=%s then=%s: %s",
            lease.shot.id, lease.stage.value, lease.attempt, failure.code,
            type(decision).__name__, failure.message,
        )  # fmt: skip
        if hand is not None and found.worker_gone:
            self._crew.replace(hand)
        seconds = time.monotonic() - each.begun
        own = hand is not None and not lost and failure.retryable
        node = hand.node.name if hand is not None else ""
        again = lease.stage is Stage.FINISH and isinstance(decision, retry.TryAgain)

        def write_down() -> None:
            self._ledger.fail(
                lease,
                failure,
                decision,
                now=time.time(),
                seconds=seconds,
                avoid=node if own else "",
            )

        try:
            await self._attempts.recorded(write_down)
            if own:
                self._suspect(lease, node, failure.message)
            if again and found.frames_gone:
                self._lose_frames(lease, damaged=failure.code == CheckpointUnusable.code)
        except LeaseLost as gone:
            _log.warning("%s", gone)
        except LedgerUnusable as broken:
            self._broken(broken)
        if not again or found.frames_gone:
            self._attempts.forget(lease.shot.id)  # else only finishing is repeated, with them

    def _lose_frames(self, lease: Lease, *, damaged: bool) -> None:
        """Generate a shot again, unless its frames were kept and are not what is damaged."""
        database = self._ledger.database
        if damaged or reading.checkpoint(database, lease.shot.id) is None:
            recovery.lose_output(database, lease.shot.id, now=time.time())

    def _suspect(self, lease: Lease, node: str, message: str) -> None:
        blame = self.suspicions.failed(node, lease.stage, shot_id=lease.shot.id, message=message)
        if blame is not None:
            recovery.absolve(self._ledger.database, blame.shot_ids, lease.stage)
            self._blamed(blame)


def _postpone(limit: asyncio.Timeout, seconds: float) -> None:
    limit.reschedule(asyncio.get_running_loop().time() + seconds)


def _past(lease: Lease) -> Past:
    plans = lease.shot.recipe.generation_params.memory_plans
    return Past(
        tries=lease.tries,
        losses=lease.losses,
        memory_plan=lease.memory_plan,
        memory_plans=len(plans) if lease.stage is Stage.GENERATE else 0,
    )
