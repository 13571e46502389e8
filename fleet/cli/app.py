"""The commands of ``fleet`` and what they share.  Light: nothing heavy is imported for help."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from fleet.cli import (
    archive,
    audit,
    cluster,
    companions,
    control,
    doctor,
    drill,
    gate,
    hosts,
    invariants,
    models,
    motion,
    nodes,
    plan,
    receive,
    report,
    schedule,
    shots,
    status,
    submit,
    sync,
    verify,
    watch,
)


class Commands(TyperGroup):
    """Commands whose end of file reaches the frame of the command line as what it is: a bug.

    Typer takes every ``EOFError`` for a person's Ctrl-D at a prompt, and says "Aborted." and no
    more; where it is a connection's, nobody would learn of it.
    """

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (typer types it so)
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except EOFError as error:
            raise RuntimeError(f"an end of file ({error!r})") from error


app = typer.Typer(
    name="fleet",
    cls=Commands,
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


WORK = "Work"
CONTROL = "Control of what was submitted"
CLUSTER = "Cluster"
SYNC = "Sync"
RECORDS = "Records"

app.command("submit", epilog=submit.EXAMPLE, rich_help_panel=WORK)(submit.submit)
app.command("plan", epilog=plan.EXAMPLE, rich_help_panel=WORK)(plan.plan)
app.command("status", epilog=status.EXAMPLE, rich_help_panel=WORK)(status.status)
app.command("watch", epilog=watch.EXAMPLE, rich_help_panel=WORK)(watch.watch)
app.command("show", epilog=shots.SHOW_EXAMPLE, rich_help_panel=WORK)(shots.show)
app.command("events", epilog=shots.EVENTS_EXAMPLE, rich_help_panel=WORK)(shots.events)
app.command("report", epilog=report.EXAMPLE, rich_help_panel=WORK)(report.report)
app.command("verify", epilog=verify.EXAMPLE, rich_help_panel=WORK)(verify.verify)
app.add_typer(motion.group, rich_help_panel=WORK)

app.command("cancel", epilog=control.CANCEL_EXAMPLE, rich_help_panel=CONTROL)(control.cancel)
app.command("retry", epilog=control.RETRY_EXAMPLE, rich_help_panel=CONTROL)(control.retry)
app.command("pause", epilog=control.PAUSE_EXAMPLE, rich_help_panel=CONTROL)(control.pause)
app.command("resume", epilog=control.RESUME_EXAMPLE, rich_help_panel=CONTROL)(control.resume)
app.command("priority", epilog=control.PRIORITY_EXAMPLE, rich_help_panel=CONTROL)(control.priority)
app.command("quarantine", epilog=control.QUARANTINE_EXAMPLE, rich_help_panel=CONTROL)(
    control.quarantine
)

app.command("up", epilog=cluster.UP_EXAMPLE, rich_help_panel=CLUSTER)(cluster.up)
app.command("down", epilog=cluster.DOWN_EXAMPLE, rich_help_panel=CLUSTER)(cluster.down)
app.command("doctor", epilog=doctor.EXAMPLE, rich_help_panel=CLUSTER)(doctor.doctor)
app.add_typer(nodes.group, rich_help_panel=CLUSTER)
app.add_typer(models.group, rich_help_panel=CLUSTER)
app.command("drill", epilog=drill.EXAMPLE, rich_help_panel=CLUSTER)(drill.drill)

app.command("push", epilog=sync.PUSH_EXAMPLE, rich_help_panel=SYNC)(sync.push)
app.command("pull", epilog=sync.PULL_EXAMPLE, rich_help_panel=SYNC)(sync.pull)
app.command("sync", epilog=sync.SYNC_EXAMPLE, rich_help_panel=SYNC)(sync.sync)
app.add_typer(hosts.group, rich_help_panel=SYNC)
app.add_typer(schedule.group, rich_help_panel=SYNC)

app.command("archive", epilog=archive.EXAMPLE, rich_help_panel=RECORDS)(archive.archive)
app.command("repair", epilog=invariants.REPAIR_EXAMPLE, rich_help_panel=RECORDS)(invariants.repair)
app.add_typer(audit.group, rich_help_panel=RECORDS)
app.add_typer(companions.group, rich_help_panel=RECORDS)

# What a desk starts on this machine, over ssh: not for people, so help does not show it.
app.command("receive", hidden=True)(receive.receive)
app.command("gate", hidden=True)(gate.gate)
