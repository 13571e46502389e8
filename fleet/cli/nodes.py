"""``fleet nodes``: the machines of the cluster, and which of them are given work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, moment

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.ledger.database import Database
    from fleet.ledger.nodes import NodeRow

EXAMPLE: Final = "Example: fleet nodes --json"
DRAIN_EXAMPLE: Final = "Example: fleet nodes drain gpu-07"
USE_EXAMPLE: Final = "Example: fleet nodes use gpu-07"

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[str, typer.Argument(help="The node's name, as fleet nodes lists it.")]

group = typer.Typer(
    name="nodes", help="List the nodes of the cluster; drain one, or use it again.", epilog=EXAMPLE
)


@group.callback(invoke_without_command=True, epilog=EXAMPLE)
def nodes(context: typer.Context, *, json_: AsJson = False) -> None:
    """List the nodes of the cluster; drain one, or use it again."""
    if context.invoked_subcommand is not None:
        return
    from fleet.home import find_home
    from fleet.ledger.database import Database
    from fleet.ledger.lock import ProcessLock
    from fleet.ledger.nodes import listing

    output, home = Output(), find_home()
    database = Database(home.ledger)
    try:
        rows = listing(database)
    finally:
        database.close()
    if json_:
        output.json([_as_json(row) for row in rows])
        return
    output.table(
        [Column("Node"), Column("State"), Column("Generation", right=True),
         Column("Interpolation", right=True), Column("GPUs", right=True),
         Column("Busy", right=True), Column("Address"), Column("Seen"), Column("Why", fold=True)],
        [[row.name, row.state, str(row.generation), str(row.interpolation), f"{row.gpus:g}",
          f"{row.busy}/{row.workers}", row.address, moment(row.seen_at), row.blocked]
         for row in rows],
    )  # fmt: skip
    if any(row.alive for row in rows) and not ProcessLock(home.dispatcher_lock).is_held():
        output.note("no dispatcher is at work; this is what the last one saw")
    if not rows:
        output.note("no node has joined yet; start a cluster: fleet up")


@group.command("drain", epilog=DRAIN_EXAMPLE)
def drain(name: Name, *, json_: AsJson = False) -> None:
    """Give NAME nothing new to do; what runs on it ends there."""
    from fleet.ledger import nodes as ledger

    row = _change(lambda database: ledger.drain(database, name, now=time.time()))
    left = f"{row.busy} shots end there first" if row.alive and row.busy else "nothing runs on it"
    _tell(row, f"{name} is given nothing new; {left}", as_json=json_)


@group.command("use", epilog=USE_EXAMPLE)
def use(name: Name, *, json_: AsJson = False) -> None:
    """Use NAME again, whether it was draining or blocked."""
    from fleet.ledger import nodes as ledger

    row = _change(lambda database: ledger.use(database, name, now=time.time()))
    _tell(row, f"{name} is used{'' if row.alive else ' when it joins again'}", as_json=json_)


def _change(act: Callable[[Database], NodeRow]) -> NodeRow:
    from fleet.home import find_home
    from fleet.ledger.database import Database

    database = Database(find_home().ledger)
    try:
        return act(database)
    finally:
        database.close()


def _tell(row: NodeRow, text: str, *, as_json: bool) -> None:
    output = Output()
    if as_json:
        output.json(_as_json(row))
    else:
        output.say(text)


def _as_json(row: NodeRow) -> dict[str, object]:
    return {
        "name": row.name,
        "state": row.state,
        "address": row.address,
        "alive": row.alive,
        "draining": row.draining,
        "blocked": row.blocked or None,
        "generation": row.generation,
        "interpolation": row.interpolation,
        "gpus": row.gpus,
        "workers": row.workers,
        "busy": row.busy,
        "joined_at": moment(row.joined_at),
        "seen_at": moment(row.seen_at),
    }
