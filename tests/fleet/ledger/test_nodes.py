"""Nodes in the ledger: seen by the dispatcher, ruled by a person."""

from __future__ import annotations

import pytest

from fleet.errors import UnknownNode
from fleet.ledger import nodes, reading
from fleet.ledger.ledger import Ledger
from fleet.ledger.nodes import NodeRow


def seen(name: str, *, node_id: str = "1", busy: int = 0) -> NodeRow:
    return NodeRow(
        name=name, node_id=node_id, address="10.0.0.1", alive=True, generation=2, interpolation=1,
        gpus=0.5, workers=3, busy=busy,
    )  # fmt: skip


def by_name(ledger: Ledger) -> dict[str, NodeRow]:
    return {row.name: row for row in nodes.listing(ledger.database)}


def test_a_node_is_listed_as_it_was_seen(ledger: Ledger) -> None:
    nodes.record_nodes(ledger.database, [seen("gpu-1", busy=2), seen("gpu-2")], now=5.0)

    found = by_name(ledger)

    row = found["gpu-1"]
    assert (row.generation, row.interpolation, row.gpus, row.workers, row.busy) == (2, 1, 0.5, 3, 2)
    assert (row.joined_at, row.seen_at) == (5.0, 5.0)
    assert [found["gpu-1"].state, found["gpu-2"].state] == ["busy", "idle"]


def test_a_node_that_is_not_seen_any_more_is_gone_and_still_listed(ledger: Ledger) -> None:
    nodes.record_nodes(ledger.database, [seen("gpu-1", busy=2), seen("gpu-2")], now=5.0)
    nodes.record_nodes(ledger.database, [seen("gpu-2")], now=9.0)

    gone = by_name(ledger)["gpu-1"]

    assert (gone.state, gone.busy, gone.seen_at) == ("gone", 0, 5.0)
    assert [row.name for row in nodes.listing(ledger.database)] == ["gpu-2", "gpu-1"]


def test_when_a_node_joined_changes_only_when_it_joins_anew(ledger: Ledger) -> None:
    for now, node_id in ((5.0, "1"), (6.0, "1"), (9.0, "2")):
        nodes.record_nodes(ledger.database, [seen("gpu-1", node_id=node_id)], now=now)
        if now == 6.0:
            assert by_name(ledger)["gpu-1"].joined_at == 5.0

    assert by_name(ledger)["gpu-1"].joined_at == 9.0


def test_a_drained_node_stays_drained_whatever_is_seen_of_it(ledger: Ledger) -> None:
    nodes.record_nodes(ledger.database, [seen("gpu-1", busy=1)], now=5.0)

    assert nodes.drain(ledger.database, "gpu-1", now=6.0).state == "draining"
    nodes.record_nodes(ledger.database, [], now=7.0)
    nodes.record_nodes(ledger.database, [seen("gpu-1", node_id="2")], now=8.0)

    assert by_name(ledger)["gpu-1"].state == "drained"
    assert nodes.unusable(ledger.database) == {"gpu-1"}
    assert nodes.use(ledger.database, "gpu-1", now=9.0).state == "idle"
    assert nodes.unusable(ledger.database) == frozenset()


def test_a_blocked_node_says_why_until_a_person_uses_it_again(ledger: Ledger) -> None:
    nodes.record_nodes(ledger.database, [seen("gpu-1")], now=5.0)
    nodes.block(ledger.database, "gpu-1", reason="three shots failed here", now=6.0)
    nodes.record_nodes(ledger.database, [seen("gpu-1")], now=7.0)

    row = by_name(ledger)["gpu-1"]
    assert (row.state, row.blocked, row.usable) == ("blocked", "three shots failed here", False)
    assert nodes.use(ledger.database, "gpu-1", now=8.0).blocked == ""
    kinds = [event.kind for event in reading.events(ledger.database)]
    assert kinds == ["node_blocked", "node_used"]


def test_an_unknown_node_is_refused_with_those_there_are(ledger: Ledger) -> None:
    nodes.record_nodes(ledger.database, [seen("gpu-1")], now=5.0)

    for act in (nodes.drain, nodes.use):
        with pytest.raises(UnknownNode) as refused:
            act(ledger.database, "gpu-9", now=6.0)
        assert "gpu-1" in str(refused.value)
    with pytest.raises(UnknownNode):
        nodes.block(ledger.database, "gpu-9", reason="", now=6.0)
