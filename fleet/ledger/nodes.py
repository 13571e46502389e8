"""The nodes of the cluster as the ledger knows them: seen by the dispatcher, ruled by a person.

The dispatcher writes what it sees.  Whether a node drains or is blocked is told apart from that
and outlives it: a node that goes away and comes back under its name is still drained.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from fleet.errors import UnknownNode
from fleet.ledger.database import Database
from fleet.ledger.steps import note


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node.

    Attributes:
        name: what ``ray start --node-name`` says; by default its address.
        node_id: Ray's id of it, another each time it joins.
        alive: whether it belonged to the cluster when last looked at.
        draining: it is given nothing new, by an operator's wish.
        blocked: why it is given nothing new, if everything failed on it; or empty.
        generation, interpolation: its slots in each pool.
        gpus: its GPUs, as Ray counts them.
        workers: workers that live on it; ``busy`` of them hold a shot.
        joined_at, seen_at: seconds since the epoch.
    """

    name: str
    node_id: str
    address: str
    alive: bool
    generation: int
    interpolation: int
    gpus: float
    workers: int = 0
    busy: int = 0
    joined_at: float = 0.0
    seen_at: float = 0.0
    draining: bool = False
    blocked: str = ""

    @property
    def state(self) -> str:
        """In one word: gone, blocked, draining, drained (once nothing runs there), busy, idle."""
        if not self.alive:
            return "gone"
        if self.blocked:
            return "blocked"
        if self.draining:
            return "draining" if self.busy else "drained"
        return "busy" if self.busy else "idle"

    @property
    def usable(self) -> bool:
        """Whether it may be given work."""
        return self.alive and not self.draining and not self.blocked


def introduce(database: Database, *, pid: int, now: float) -> None:
    """Write down which process dispatches, and since when."""
    told = json.dumps({"pid": pid, "since": now})
    with database.transaction(durable=False) as sql:
        sql.execute("INSERT OR REPLACE INTO fleet_state VALUES ('dispatcher', ?)", (told,))


def record_nodes(database: Database, seen: Sequence[NodeRow], *, now: float) -> None:
    """Write what the dispatcher sees: those of ``seen`` are as they say, all others are gone.

    Whether a node drains or is blocked stays as it is in the ledger, as does when it first
    joined under its present ``node_id``; those fields of ``seen`` are not read.
    """
    with database.transaction(durable=False) as sql:
        sql.execute("UPDATE nodes SET alive = 0, workers = 0, busy = 0")
        sql.executemany(
            "INSERT INTO nodes (name, node_id, address, alive, generation, interpolation, gpus,"
            " workers, busy, joined_at, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET node_id = excluded.node_id,"
            " address = excluded.address, alive = excluded.alive,"
            " generation = excluded.generation, interpolation = excluded.interpolation,"
            " gpus = excluded.gpus, workers = excluded.workers, busy = excluded.busy,"
            " seen_at = excluded.seen_at, joined_at = CASE WHEN node_id = excluded.node_id"
            " THEN joined_at ELSE excluded.joined_at END",
            [
                (row.name, row.node_id, row.address, int(row.alive), row.generation,
                 row.interpolation, row.gpus, row.workers, row.busy, now, now)
                for row in seen
            ],
        )  # fmt: skip


def listing(database: Database) -> list[NodeRow]:
    """Every node that ever joined and was not forgotten, by name; the living first."""
    rows = database.rows("SELECT * FROM nodes ORDER BY alive DESC, name")
    return [_node_row(row) for row in rows]


def unusable(database: Database) -> frozenset[str]:
    """Names of the nodes that are to be given nothing new."""
    rows = database.rows("SELECT name FROM nodes WHERE draining <> 0 OR blocked <> ''")
    return frozenset(row["name"] for row in rows)


def drain(database: Database, name: str, *, now: float) -> NodeRow:
    """Give that node nothing new; what runs on it ends there.  The node as it is now.

    Raises:
        UnknownNode: no node has that name.
    """
    with database.transaction(durable=True) as sql:
        _known(sql, name)
        sql.execute("UPDATE nodes SET draining = 1 WHERE name = ?", (name,))
        note(sql, "", None, "node_draining", now=now, data={"node": name})
    return _node(database, name)


def use(database: Database, name: str, *, now: float) -> NodeRow:
    """Use that node again, whether it was draining or blocked.  The node as it is now.

    Raises:
        UnknownNode: no node has that name.
    """
    with database.transaction(durable=True) as sql:
        _known(sql, name)
        sql.execute("UPDATE nodes SET draining = 0, blocked = '' WHERE name = ?", (name,))
        note(sql, "", None, "node_used", now=now, data={"node": name})
    return _node(database, name)


def block(database: Database, name: str, *, reason: str, now: float) -> None:
    """Give that node nothing new until a person says so, for ``reason``.

    Raises:
        UnknownNode: no node has that name.
    """
    with database.transaction(durable=True) as sql:
        _known(sql, name)
        sql.execute("UPDATE nodes SET blocked = ? WHERE name = ?", (reason, name))
        note(sql, "", None, "node_blocked", now=now, data={"node": name, "reason": reason})


def _known(sql: sqlite3.Connection, name: str) -> None:
    names = [row["name"] for row in sql.execute("SELECT name FROM nodes").fetchall()]
    if name not in names:
        raise UnknownNode(name=name, known=names)


def _node(database: Database, name: str) -> NodeRow:
    return _node_row(database.rows("SELECT * FROM nodes WHERE name = ?", (name,))[0])


def _node_row(row: sqlite3.Row) -> NodeRow:
    return NodeRow(
        name=row["name"],
        node_id=row["node_id"],
        address=row["address"],
        alive=bool(row["alive"]),
        generation=row["generation"],
        interpolation=row["interpolation"],
        gpus=row["gpus"],
        workers=row["workers"],
        busy=row["busy"],
        joined_at=row["joined_at"],
        seen_at=row["seen_at"],
        draining=bool(row["draining"]),
        blocked=row["blocked"],
    )
