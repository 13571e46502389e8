"""``fleet up`` and ``fleet down``: a cluster that stays, and other machines join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Output

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.cluster.record import ClusterRecord

UP_EXAMPLE: Final = "Example: fleet up --bind 10.0.0.5"
DOWN_EXAMPLE: Final = "Example: fleet down"

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def up(
    *,
    bind: Annotated[
        str | None, typer.Option(help="This machine's address, for other machines to join.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1024, max=65_000, help="Port of the head; by default 6379.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Use the cluster that runs at this address, as IP:PORT.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Use it although anyone may command it.")
    ] = False,
    generation: Annotated[
        int | None, typer.Option(min=0, max=64, help="Generation workers on the head itself.")
    ] = None,
    interpolation: Annotated[
        int | None, typer.Option(min=0, max=64, help="Interpolation workers on the head.")
    ] = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay, and take the cluster down when stopped.")
    ] = False,
    json_: Json = False,
) -> None:
    """Bring a cluster up, or say where it is; what is queued is made from then on.

    Only this machine reaches it, unless --bind names an address that others do.
    """
    from fleet.settings import find_home
    from fleet.upkeep import bringing

    output, home = Output(), find_home()
    if address is not None:
        record = bringing.join(home, address=address, insecure=insecure)
    else:
        options = bringing.head_options(
            bind=bind, port=port, generation=generation, interpolation=interpolation
        )
        if foreground:
            from fleet.upkeep.keeper import keep

            raise typer.Exit(keep(home, options))
        record = bringing.bring_up(home, options)
    _tell(record, bringing.join_command(home, record), output, as_json=json_)


def down(*, json_: Json = False) -> None:
    """Take the cluster down; what was under way is queued again, and nothing is lost."""
    from fleet.settings import find_home
    from fleet.upkeep import bringing

    output, home = Output(), find_home()
    record = bringing.bring_down(home)
    if json_:
        output.json({"address": record.address if record else None})
    elif record is None:
        output.say("no cluster is up; nothing to do")
    elif record.ours:
        output.say(f"the cluster at {record.address} is down")
    else:
        output.say(f"the fleet left the cluster at {record.address}, which goes on without it")


def _tell(record: ClusterRecord, join: str, output: Output, *, as_json: bool) -> None:
    if as_json:
        output.json(
            {
                "address": record.address,
                "loopback": record.loopback,
                "authenticated": record.authenticated,
                "ray": record.ray_version,
                "join": join,
            }
        )
        return
    output.say(f"the cluster is up at {record.address}")
    if record.loopback and record.ours:
        output.say("only this machine reaches it; for others: fleet down, fleet up --bind IP")
    elif record.ours:
        output.say("copy this home's token to a node, mode 0600, and join it with:")
        output.say(f"  {join}")
