"""The commands of ``fleet`` and what they share.  Light: nothing heavy is imported for help."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from fleet.cli import audit, companions, report, shots, submit

app = typer.Typer(
    name="fleet",
    help="Make finished clips from a manifest: submit it, watch it, see how each shot ended.",
    epilog="Example: fleet submit stills/day1.video_manifest.json",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if wanted:
        typer.echo(f"motionfleet {metadata.version('motionfleet')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Make finished clips from a manifest."""


app.command("submit", epilog=submit.EXAMPLE)(submit.submit)
app.command("status", epilog=shots.STATUS_EXAMPLE)(shots.status)
app.command("show", epilog=shots.SHOW_EXAMPLE)(shots.show)
app.command("events", epilog=shots.EVENTS_EXAMPLE)(shots.events)
app.command("report", epilog=report.EXAMPLE)(report.report)

app.add_typer(companions.group)
app.add_typer(audit.group)
