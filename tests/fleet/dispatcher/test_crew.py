"""What the crew says of itself: who is idle, which nodes have workers, what memory there is."""

from __future__ import annotations

import pytest

from fleet.cluster.nodes import Node
from fleet.cluster.worker import WorkerState
from fleet.dispatcher.crew import Crew, Hand
from fleet.jobs.model import Pool
from fleet.stages.drill import Drill

BOTH = {Pool.GENERATION: 1, Pool.INTERPOLATION: 1}


def node(name: str) -> Node:
    return Node(id=f"id-{name}", name=name, address="127.0.0.1", slots=BOTH, gpus=0.0,
                store_bytes=1000)  # fmt: skip


def hand(on: Node, pool: Pool, *, ready: bool = True, busy: bool = False) -> Hand:
    state = WorkerState(pid=1, models=("svd",), busy="", gpu="")
    return Hand(
        name=f"worker/{pool.value}/{on.id}/0/x", pool=pool, node=on, slot=0, handle=None,
        ready=ready, token="lease" if busy else "", state=state,
    )  # fmt: skip


def crew_of(*hands: Hand) -> Crew:
    def nobody(_node: str, _reason: str) -> None:
        pytest.fail("no node is useless")

    crew = Crew(
        stages=Drill(), gpus=dict.fromkeys(Pool, 0.0), grace_s=1.0, changed=lambda: None,
        useless=nobody,
    )  # fmt: skip
    crew.nodes = {each.node.id: each.node for each in hands}
    crew._hands = {each.name: each for each in hands}
    return crew


def test_a_node_whose_worker_is_not_up_is_none_to_wait_for() -> None:
    """A job that failed on one node goes to another, but not to one that may never take it."""
    crew = crew_of(
        hand(node("a"), Pool.INTERPOLATION),
        hand(node("b"), Pool.INTERPOLATION, ready=False),
        hand(node("b"), Pool.GENERATION),
    )

    assert crew.manned_nodes(Pool.INTERPOLATION) == 1
    assert crew.manned_nodes(Pool.GENERATION) == 1


def test_a_worker_at_work_is_up_and_one_on_a_resting_node_is_not_counted() -> None:
    crew = crew_of(hand(node("a"), Pool.GENERATION, busy=True), hand(node("b"), Pool.GENERATION))

    assert crew.manned_nodes(Pool.GENERATION) == 2
    crew.resting = frozenset({"b"})
    assert crew.manned_nodes(Pool.GENERATION) == 1


def test_idle_is_who_is_up_has_nothing_to_do_and_is_on_no_resting_node() -> None:
    crew = crew_of(
        hand(node("a"), Pool.GENERATION, busy=True),
        hand(node("b"), Pool.GENERATION),
        hand(node("c"), Pool.GENERATION, ready=False),
        hand(node("d"), Pool.GENERATION),
        hand(node("d"), Pool.INTERPOLATION),
    )
    crew.resting = frozenset({"d"})

    assert [seat.node for seat in crew.idle(Pool.GENERATION)] == ["b"]
    assert crew.idle(Pool.GENERATION)[0].models == ("svd",)
    assert crew.at_work(Pool.GENERATION) == 1
    assert crew.size == 5


def test_a_model_that_was_used_comes_first() -> None:
    crew = crew_of(hand(node("a"), Pool.GENERATION))
    one = crew.hand("worker/generation/id-a/0/x")

    crew.used(one, "svd")

    assert one.state.models == ("svd",)


def test_the_memory_for_frames_is_that_of_all_nodes_together_less_room_for_clips() -> None:
    crew = crew_of(hand(node("a"), Pool.GENERATION), hand(node("b"), Pool.GENERATION))

    assert 1000 < crew.frames_budget < 2000
