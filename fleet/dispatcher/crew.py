"""The workers: one for each slot of each node, started, adopted, replaced.

The cluster's nodes come and go; ``look`` brings the crew in line with them.  Workers are detached
actors with names, so that a new dispatcher finds those of the old one with their models loaded.
What a worker is called says where it belongs: ``worker/<pool>/<node id>/<slot>/<nonce>``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import ray
from ray import exceptions as ray_errors
from ray.util import list_named_actors

from fleet.cluster.failures import is_node_death
from fleet.cluster.nodes import Node, alive_nodes
from fleet.cluster.pools import frames_budget_bytes
from fleet.cluster.waiting import result
from fleet.cluster.worker import StageWork, WorkerState, start_worker
from fleet.jobs.model import Pool
from fleet.jobs.policy import Seat
from fleet.jobs.progress import Progress
from fleet.ledger.nodes import NodeRow

ANSWER_S: Final = 30.0
"""How long a worker that exists may take to say what it is at."""
START_S: Final = 120.0
"""How long a new worker may take to start: its node may be busy, its disk cold."""
POLL_S: Final = 0.05
PROGRESS_S: Final = 5.0
"""How long a worker may take to say how far it is; a step may keep its process busy."""
NODE_DEATH_S: Final = 30.0
"""How long Ray may take to say that a node died; ``fleet up`` has it say so in half of that."""
FAILED_STARTS: Final = 3
"""Starts that fail on a node in a row before the node is reported."""
PAUSE_AFTER_FAILED_START_S: Final = 5.0
_ROUNDING: Final = 1e-6

_log = logging.getLogger("fleet.dispatcher")


UNKNOWN: Final = WorkerState(pid=0, models=(), busy="", gpu="")
"""Of a worker that has not answered yet."""


@dataclass(eq=False, slots=True)
class Hand:
    """One worker of the crew.

    Attributes:
        name: its name as an actor.
        slot: which of its node's slots of that pool it holds, from 0.
        ready: whether it is up and has nothing of an earlier dispatcher to end.
        token: lease token of the attempt it was given, or empty.
    """

    name: str
    pool: Pool
    node: Node
    slot: int
    handle: Any
    ready: bool = False
    token: str = ""
    state: WorkerState = UNKNOWN

    @property
    def seat(self) -> Seat:
        """What the scheduling policy sees of it."""
        return Seat(name=self.name, node=self.node.name, models=self.state.models)


@dataclass(frozen=True, slots=True)
class Change:
    """What a look at the cluster found: nodes that joined, nodes that went away."""

    joined: Sequence[Node]
    gone: Sequence[Node]


class Crew:
    """All workers, and the nodes they are on."""

    def __init__(
        self,
        *,
        stages: StageWork,
        gpus: Mapping[Pool, float],
        grace_s: float,
        changed: Callable[[], None],
        useless: Callable[[str, str], None],
    ) -> None:
        """``changed`` is called when a worker became ready; ``useless`` with a node's name and the
        reason when workers do not start on it."""
        self._stages, self._gpus, self._grace_s = stages, gpus, grace_s
        self._changed, self._useless = changed, useless
        self.nodes: dict[str, Node] = {}
        self.resting: frozenset[str] = frozenset()
        self._hands: dict[str, Hand] = {}
        self._settling: set[asyncio.Task[None]] = set()
        self._failed_starts: dict[str, list[float]] = {}
        self._not_before: dict[str, float] = {}

    # -- what the dispatcher asks -----------------------------------------------------------------

    def idle(self, pool: Pool) -> list[Seat]:
        """Workers that can be given a job now, in the order of their nodes' names."""
        return [
            hand.seat
            for hand in self._hands.values()
            if hand.pool is pool and hand.ready and not hand.token
            and hand.node.name not in self.resting
        ]  # fmt: skip

    def hand(self, name: str) -> Hand:
        """The worker of that name."""
        return self._hands[name]

    def manned_nodes(self, pool: Pool) -> int:
        """How many nodes take jobs of that pool: those with a worker that is up, idle or not."""
        return len(
            {
                hand.node.id
                for hand in self._hands.values()
                if hand.pool is pool and hand.ready and hand.node.name not in self.resting
            }
        )

    @property
    def frames_budget(self) -> int:
        """Bytes of frames that may be under way at once on all nodes together."""
        return frames_budget_bytes(sum(node.store_bytes for node in self.nodes.values()))

    @property
    def size(self) -> int:
        """How many workers there are, of both pools."""
        return len(self._hands)

    def at_work(self, pool: Pool) -> int:
        """How many workers of the pool are at an attempt."""
        return sum(bool(hand.token) for hand in self._hands.values() if hand.pool is pool)

    def on(self, node: str) -> list[Hand]:
        """The workers on the node of that name."""
        return [hand for hand in self._hands.values() if hand.node.name == node]

    def rows(self) -> list[NodeRow]:
        """The nodes as the ledger lists them."""
        return [
            NodeRow(
                name=node.name,
                node_id=node.id,
                address=node.address,
                alive=True,
                generation=node.slots[Pool.GENERATION],
                interpolation=node.slots[Pool.INTERPOLATION],
                gpus=node.gpus,
                workers=sum(hand.ready for hand in self.on(node.name)),
                busy=sum(bool(hand.token) for hand in self.on(node.name)),
            )
            for node in self.nodes.values()
        ]

    # -- the cluster ------------------------------------------------------------------------------

    async def adopt(self) -> None:
        """Take on the workers that an earlier dispatcher left; end those that fit no slot."""
        await self._see(await asyncio.to_thread(alive_nodes))
        by_id = {node.id: node for node in self.nodes.values()}
        for name in await asyncio.to_thread(list_named_actors):
            parts = name.split("/")
            if parts[0] != "worker":
                continue
            handle = await asyncio.to_thread(_actor, name)
            if handle is None:
                continue
            pool, node = Pool(parts[1]), by_id.get(parts[2])
            slot = int(parts[3])
            if node is None or slot >= node.slots[pool] or self._at(node, pool, slot):
                ray.kill(handle)
                continue
            hand = Hand(name=name, pool=pool, node=node, slot=slot, handle=handle)
            self._hands[name] = hand
            self._settle(hand, ANSWER_S)

    async def look(self) -> Change:
        """Bring the crew in line with the nodes that are alive now."""
        change = await self._see(await asyncio.to_thread(alive_nodes))
        now = time.monotonic()
        for node in self.nodes.values():
            if node.name in self.resting:
                self._rest(node)
            elif now >= self._not_before.get(node.id, 0.0):
                self._man(node)
        return change

    async def _see(self, alive: Sequence[Node]) -> Change:
        there = {node.id: node for node in alive}
        joined = [node for node_id, node in there.items() if node_id not in self.nodes]
        gone = [node for node_id, node in self.nodes.items() if node_id not in there]
        self.nodes = there
        for node in gone:
            _log.warning("node %s went away", node.name)
            self._failed_starts.pop(node.id, None)
            self._not_before.pop(node.id, None)
            self._forget_hands(node.id)
        for node in joined:
            _log.info("node %s joined with %s", node.name, dict(node.slots))
        return Change(joined=joined, gone=gone)

    def _forget_hands(self, node_id: str) -> None:
        for hand in [hand for hand in self._hands.values() if hand.node.id == node_id]:
            del self._hands[hand.name]

    def _man(self, node: Node) -> None:
        left = node.gpus
        for pool, slots in node.slots.items():
            for slot in range(slots):
                left -= self._share(node, pool)
                if left < -_ROUNDING:
                    return  # Ray would let it wait for ever, and say nothing; `fleet doctor` does
                if self._at(node, pool, slot) is None:
                    self._start(node, pool, slot)

    def _share(self, node: Node, pool: Pool) -> float:
        """GPUs of a worker there; none where there are none."""
        return self._gpus[pool] if node.gpus else 0.0

    def _rest(self, node: Node) -> None:
        """End the node's idle workers, so that it can be taken out when the last one is done."""
        for hand in [h for h in self._hands.values() if h.node.id == node.id and not h.token]:
            self._dismiss(hand)

    def _at(self, node: Node, pool: Pool, slot: int) -> Hand | None:
        for hand in self._hands.values():
            if (hand.node.id, hand.pool, hand.slot) == (node.id, pool, slot):
                return hand
        return None

    # -- single workers ---------------------------------------------------------------------------

    def release(self, hand: Hand) -> None:
        """The worker's attempt is over; it is idle."""
        hand.token = ""

    def replace(self, hand: Hand) -> None:
        """End a worker and start another in its slot."""
        known = self._hands.get(hand.name) is hand
        self._dismiss(hand)
        if known and hand.node.id in self.nodes and hand.node.name not in self.resting:
            self._start(hand.node, hand.pool, hand.slot)

    async def quiet(self, hand: Hand) -> None:
        """Have a worker end its attempt: by being told, or else with its process."""
        token = hand.token
        try:
            async with asyncio.timeout(self._grace_s):
                await result(hand.handle.stop.remote(token))
                while (await result(hand.handle.state.remote())).busy == token:
                    await asyncio.sleep(POLL_S)
        except (TimeoutError, ray_errors.RayError):
            _log.info("%s did not stop in time; its process is ended", hand.name)
            self.replace(hand)
        else:
            self.release(hand)

    async def lost_its_node(self, hand: Hand) -> bool:
        """Whether a worker that fell silent went with its node; if so, no other one there is given
        anything more.

        Ray tells the end of a process at once, that of a node when it has missed enough of its
        answers; until then the worker only seems unavailable.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(NODE_DEATH_S):
                while hand.node.id in self.nodes:
                    try:
                        await result(hand.handle.state.remote())
                    except ray_errors.ActorUnavailableError:
                        await asyncio.sleep(POLL_S)
                    except ray_errors.RayActorError as error:
                        if is_node_death(error):
                            break
                        return False
                    else:
                        return False
                self._forget_hands(hand.node.id)
                return True
        return False

    async def progress(self, hand: Hand, token: str) -> Progress | None:
        """How far a worker is with the attempt ``token``; None: it does not say."""
        try:
            async with asyncio.timeout(PROGRESS_S):
                state: WorkerState = await result(hand.handle.state.remote())
        except (TimeoutError, ray_errors.RayError):
            return None  # whether it lives is the attempt's to find out
        return state.progress if state.busy == token else None

    def used(self, hand: Hand, model: str) -> None:
        """A worker used that model; if it had to load it, ask what it let go of to make room."""
        before = hand.state.models
        hand.state = replace(
            hand.state, models=(model, *(name for name in before if name != model))
        )
        if model not in before:
            self._in_background(self._refresh(hand))

    async def _refresh(self, hand: Hand) -> None:
        with contextlib.suppress(ray_errors.RayError):  # the next attempt on it will tell
            state: WorkerState = await result(hand.handle.state.remote())
            if state.models:
                hand.state = state

    def _start(self, node: Node, pool: Pool, slot: int) -> None:
        name = f"worker/{pool.value}/{node.id}/{slot}/{secrets.token_hex(4)}"
        gpus = self._share(node, pool)
        handle = start_worker(pool, self._stages, name=name, node_id=node.id, gpus=gpus)
        hand = Hand(name=name, pool=pool, node=node, slot=slot, handle=handle)
        self._hands[name] = hand
        self._settle(hand, START_S)

    def _dismiss(self, hand: Hand) -> None:
        self._hands.pop(hand.name, None)
        ray.kill(hand.handle)

    def _settle(self, hand: Hand, patience_s: float) -> None:
        self._in_background(self._make_ready(hand, patience_s))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _make_ready(self, hand: Hand, patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                hand.state = await result(hand.handle.state.remote())
                if hand.state.busy:
                    # For a dispatcher that is gone: nobody would take its result.
                    hand.token = hand.state.busy
                    await self.quiet(hand)
                    if self._hands.get(hand.name) is not hand:
                        return
                    hand.state = await result(hand.handle.state.remote())
        except (TimeoutError, ray_errors.RayError) as error:
            self._did_not_start(hand, error)
            return
        self._failed_starts.pop(hand.node.id, None)
        hand.ready = True
        self._changed()

    def _did_not_start(self, hand: Hand, error: BaseException) -> None:
        self._dismiss(hand)
        if hand.node.id not in self.nodes:
            return
        words = str(error).strip().splitlines()
        last = words[-1] if words else "it did not answer in time"
        _log.warning("%s did not start: %s", hand.name, last)
        now = time.monotonic()
        failed = self._failed_starts.setdefault(hand.node.id, [])
        failed.append(now)
        self._not_before[hand.node.id] = now + PAUSE_AFTER_FAILED_START_S
        # On a node that is dying nothing starts either, and it takes a while until it is dead.
        if len(failed) >= FAILED_STARTS and now - failed[0] > NODE_DEATH_S:
            self._useless(hand.node.name, f"workers do not start on it ({last})")


def _actor(name: str) -> Any:
    try:
        return ray.get_actor(name)
    except ValueError:
        return None  # it died since it was listed
