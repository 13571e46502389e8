"""``fleet hosts``: the machines to sync with, and whether everything for it is in place."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer

from fleet.cli.output import Column, Output
from fleet.errors import DoctorFailed

LIST_EXAMPLE: Final = "Example: fleet hosts list --json"
CHECK_EXAMPLE: Final = "Example: fleet hosts check colo"

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[
    str, typer.Argument(help="The host, by its name in the settings or in ~/.ssh/config.")
]

group = typer.Typer(
    name="hosts",
    help="List the hosts to sync with; see whether one has everything it takes.",
    no_args_is_help=True,
)


@group.command("list", epilog=LIST_EXAMPLE)
def list_(*, json_: AsJson = False) -> None:
    """List the hosts of the settings, and where ssh would look for them.

    Any other name of ~/.ssh/config can be synced with as well.
    """
    from fleet.settings import find_home, load_settings
    from fleet.sync.desk.examine import place

    output, home = Output(), find_home()
    settings = load_settings(home)
    found = {name: place(name, settings=settings) for name in sorted(settings.hosts)}
    if json_:
        output.json(
            [
                {
                    "name": name,
                    "address": where.address or None,
                    "through": where.through or None,
                    "problem": where.problem or None,
                    **settings.hosts[name].model_dump(mode="json"),
                }
                for name, where in found.items()
            ]
        )
        return
    output.table(
        [Column("Host"), Column("Address"), Column("Through"), Column("Transport"),
         Column("Folders", fold=True)],
        [[name, where.address or f"? ({where.problem})", where.through,
          settings.hosts[name].transport, ", ".join(map(str, settings.hosts[name].folders))]
         for name, where in found.items()],
    )  # fmt: skip
    if not found:
        output.note(
            f"no [hosts.NAME] in {home.settings_file}; names of ~/.ssh/config work without one"
        )


@group.command("check", epilog=CHECK_EXAMPLE)
def check(name: Name, *, json_: AsJson = False) -> None:
    """Examine the host NAME: connection, versions, rsync, room, clock, its fleet; changes nothing.

    Ends with an error if a check fails; a warning is none.
    """
    from fleet.check import State
    from fleet.settings import find_home, load_settings
    from fleet.sync.desk.examine import examine

    output = Output()
    found = list(examine(name, settings=load_settings(find_home())))
    if json_:
        output.json([asdict(one) for one in found])
    else:
        output.table(
            [Column("Check"), Column("State"), Column("Found", fold=True),
             Column("What to do", fold=True)],
            [[one.name, one.state.value, one.figure, one.remedy] for one in found],
        )  # fmt: skip
    broken = sum(one.state is State.FAIL for one in found)
    if broken:
        raise DoctorFailed(failed=broken)
