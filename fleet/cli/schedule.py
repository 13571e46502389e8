"""``fleet schedule``: the nightly sync, run by the machine's own scheduler."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, moment

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.home import Home
    from fleet.sync.schedule.base import Nightly, Standing
    from fleet.sync.schedule.times import When

INSTALL_EXAMPLE: Final = "Example: fleet schedule install colo --at 02:00 --weekdays mon-fri"
REMOVE_EXAMPLE: Final = "Example: fleet schedule remove colo"
STATUS_EXAMPLE: Final = "Example: fleet schedule status --json"

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Host = Annotated[str, typer.Argument(help="The host, as [hosts.NAME] in the settings names it.")]

group = typer.Typer(
    name="schedule",
    help="Have fleet sync HOST --all run every night; see how the last one went.",
    no_args_is_help=True,
)


@group.command("install", epilog=INSTALL_EXAMPLE)
def install(
    host: Host,
    *,
    at: Annotated[str, typer.Option(help="Time of day, local.", metavar="HH:MM")] = "02:00",
    weekdays: Annotated[
        str, typer.Option(help="Days: mon-fri or mon,wed,sun.", metavar="DAYS")
    ] = "mon-sun",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")
    ] = False,
) -> None:
    """Run the sync with HOST every night; given again, with the new times.

    It runs fleet sync HOST --all, as this user, with this FLEET_HOME and this PATH.
    """
    from fleet.home import find_home
    from fleet.sync.schedule.choice import scheduler_here
    from fleet.sync.schedule.placing import try_out

    output, home = Output(), find_home()
    nightly = _nightly(host, _when(at, weekdays), home)
    scheduler = scheduler_here()
    if dry_run:
        for path, text in scheduler.texts(nightly).items():
            output.note(f"would write {path}:")
            output.say(text.decode())
        output.note(f"it runs: {shlex.join(nightly.words)}")
        return
    _refuse_another_home(nightly, scheduler.standing())
    try_out(nightly)
    notes = scheduler.install(nightly)
    output.say(f"{host} is synced {nightly.when.words}, by {scheduler.name}")
    for note in (*notes, scheduler.catches_up(), f"try it now: fleet sync {host} --all"):
        output.note(note)


@group.command("remove", epilog=REMOVE_EXAMPLE)
def remove(host: Host) -> None:
    """Take the nightly sync with HOST away; reports and records stay."""
    from fleet.sync.schedule.choice import scheduler_here

    output = Output()
    gone = scheduler_here().remove(host)
    output.say(f"{host} is not synced at night any more" if gone else f"{host} was not scheduled")
    for path in gone:
        output.note(f"removed {path}")


@group.command("status", epilog=STATUS_EXAMPLE)
def status(
    host: Annotated[str, typer.Argument(help="Only this host.")] = "", *, json_: AsJson = False
) -> None:
    """Show what is scheduled, when it runs next, and how the last run ended."""
    from fleet.sync.schedule.choice import scheduler_here

    output, scheduler = Output(), scheduler_here()
    found = [each for each in scheduler.standing() if host in {"", each.host}]
    if json_:
        output.json([_as_json(each) for each in found])
        return
    output.table(
        [Column("Host"), Column("Runs", fold=True), Column("State"), Column("Next"),
         Column("Last"), Column("Ended", fold=True)],
        [[each.host, each.when.words if each.when else "changed by hand", _state(each),
          moment(_next(each)), "", ""]
         for each in found],
    )  # fmt: skip
    if found:
        output.note(scheduler.catches_up())
    else:
        output.note(f"nothing is scheduled; do it with: fleet schedule install {host or 'HOST'}")


def _nightly(host: str, when: When, home: Home) -> Nightly:
    """What is to be run for ``host``, which must have folders to sync.

    Raises:
        HostUnknown, ScheduleFailed: there would be nothing to run.
    """
    import os

    from fleet.settings import load_settings
    from fleet.sync.errors import HostUnknown, ScheduleFailed
    from fleet.sync.schedule.base import Nightly

    settings = load_settings(home)
    if host not in settings.hosts:
        raise HostUnknown(name=host, what=f"{home.settings_file} has no [hosts.{host}]")
    if not settings.hosts[host].folders:
        raise ScheduleFailed(
            what=f"[hosts.{host}] in {home.settings_file} names no folders, so a nightly sync "
            "would have nothing to do; nothing was written",
            remedy='Name them there: folders = ["/Users/me/stills"]',
        )
    # -P: a folder called fleet, wherever the scheduler starts it, is not this fleet.
    program = (sys.executable, "-P", "-m", "fleet")
    path = ":".join(part for part in os.environ.get("PATH", "").split(":") if part.startswith("/"))
    return Nightly(host=host, when=when, program=program, home=home.root.absolute(), path=path)


def _refuse_another_home(nightly: Nightly, found: Sequence[Standing]) -> None:
    """One host has one schedule; another FLEET_HOME's is not replaced unseen."""
    from fleet.sync.errors import ScheduleFailed

    for each in found:
        if each.host == nightly.host and each.home not in {None, nightly.home}:
            raise ScheduleFailed(
                what=f"{each.host} is scheduled already, with FLEET_HOME={each.home}; nothing was "
                "written",
                remedy=f"If that is to end: fleet schedule remove {each.host}",
            )


def _when(at: str, weekdays: str) -> When:
    from fleet.sync.schedule.times import When, parse_clock, parse_weekdays

    try:
        hour, minute = parse_clock(at)
        return When(hour=hour, minute=minute, weekdays=parse_weekdays(weekdays))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _next(standing: Standing) -> float | None:
    from fleet.sync.schedule.times import next_run

    if standing.when is None or not standing.active:
        return None
    return next_run(standing.when, now=datetime.now()).timestamp()  # noqa: DTZ005  (local is meant)


def _state(standing: Standing) -> str:
    if standing.active is None:
        return "unknown"
    return "active" if standing.active else "not active"


def _as_json(standing: Standing) -> dict[str, object]:
    return {
        "host": standing.host,
        "files": [str(path) for path in standing.files],
        "at": standing.when.clock if standing.when else None,
        "weekdays": [day.word.lower() for day in standing.when.weekdays] if standing.when else None,
        "home": str(standing.home) if standing.home else None,
        "active": standing.active,
        "next_run_at": moment(_next(standing)) or None,
        "last": None,
    }
