"""``fleet schedule``: the nightly sync, run by the machine's own scheduler."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, moment

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.home import Home
    from fleet.sync.nightly import Report
    from fleet.sync.schedule.base import Nightly, Standing
    from fleet.sync.schedule.times import When

INSTALL_EXAMPLE: Final = "Example: fleet schedule install colo --at 02:00 --weekdays mon-fri"
REMOVE_EXAMPLE: Final = "Example: fleet schedule remove colo"
STATUS_EXAMPLE: Final = "Example: fleet schedule status --json"

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Host = Annotated[str, typer.Argument(metavar="HOST", help="The host, as the settings name it.")]

_OF_A_REPORT: Final = {"started_at", "ended_at", "exit_code", "code", "message"}

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
    host: Annotated[str, typer.Argument(metavar="HOST", help="Only this host.")] = "",
    *,
    json_: AsJson = False,
) -> None:
    """Show what is scheduled, when it runs next, and how the last run ended."""
    from fleet.sync.schedule.choice import scheduler_here

    output, scheduler = Output(), scheduler_here()
    found = [_seen(each) for each in scheduler.standing() if host in {"", each.host}]
    if json_:
        output.json([_as_json(each) for each in found])
        return
    output.table(
        [Column("Host"), Column("Runs", fold=True), Column("State"), Column("Next"),
         Column("Last run"), Column("Ended", fold=True)],
        [[each.standing.host, each.words, each.state, moment(each.next_at),
          moment(each.last.started_at.timestamp()) if each.last else "", each.ended]
         for each in found],
    )  # fmt: skip
    for each in found:
        if each.missed_at is not None:
            output.note(
                f"{each.standing.host} was due at {moment(each.missed_at)} and has left no report "
                f"since: this machine was asleep or off, or it is still at work. See {_log(each)}"
            )
    if found:
        output.note(scheduler.catches_up())
    else:
        output.note(f"nothing is scheduled; do it with: fleet schedule install {host or 'HOST'}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A schedule, what is due, and how the last run went; times are seconds since the epoch."""

    standing: Standing
    last: Report | None
    next_at: float | None
    missed_at: float | None

    @property
    def words(self) -> str:
        return self.standing.when.words if self.standing.when else "changed by hand"

    @property
    def state(self) -> str:
        if self.standing.active is None:
            return "unknown"
        return "active" if self.standing.active else "not active"

    @property
    def ended(self) -> str:
        if self.last is None:
            return ""
        if self.last.exit_code == 0:
            return "all went through"
        # The first sentence: what to do about it is told by the report, and by the command itself.
        told = self.last.message.partition(". ")[0]
        return f"exit code {self.last.exit_code}: {told}"


def _seen(standing: Standing) -> _Seen:
    """``standing`` with what its reports and the clock say."""
    from fleet.home import Home
    from fleet.sync.nightly import last_report
    from fleet.sync.schedule.times import missed, next_run

    last = last_report(Home(standing.home), standing.host) if standing.home else None
    if standing.when is None or not standing.active:
        return _Seen(standing, last, next_at=None, missed_at=None)
    now = datetime.now()  # noqa: DTZ005  (a schedule is in local time)
    written = datetime.fromtimestamp(standing.files[-1].stat().st_mtime)  # noqa: DTZ006
    began = last.started_at.astimezone().replace(tzinfo=None) if last else None
    due = missed(standing.when, since=written, last=began, now=now)
    return _Seen(
        standing,
        last,
        next_at=next_run(standing.when, now=now).timestamp(),
        missed_at=due.timestamp() if due else None,
    )


def _log(seen: _Seen) -> str:
    """Where the runs' own words are."""
    from fleet.sync.schedule.launchd_plist import log_file

    host, home = seen.standing.host, seen.standing.home
    if sys.platform == "darwin" and home is not None:
        return str(log_file(home, host))
    return f"journalctl --user -u motionfleet-sync@{host}"


def _nightly(host: str, when: When, home: Home) -> Nightly:
    """What is to be run for ``host``, which must have folders to sync.

    Raises:
        HostUnknown, SettingsInvalid: there would be nothing to run.
    """
    import os

    from fleet.settings import load_settings
    from fleet.sync.errors import HostUnknown
    from fleet.sync.nightly import absolute
    from fleet.sync.schedule.base import Nightly

    settings = load_settings(home)
    if host not in settings.hosts:
        raise HostUnknown(name=host, what=f"{home.settings_file} has no [hosts.{host}]")
    absolute(settings.hosts[host].folders, host=host, file=home.settings_file)
    # -P: a folder called fleet, wherever the scheduler starts it, is not this fleet.
    program = (sys.executable, "-P", "-m", "fleet")
    parts = [part for part in os.environ.get("PATH", "").split(":") if part.startswith("/")]
    path = ":".join(dict.fromkeys(parts)) or "/usr/local/bin:/usr/bin:/bin"
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


def _as_json(seen: _Seen) -> dict[str, object]:
    standing, last = seen.standing, seen.last
    return {
        "host": standing.host,
        "files": [str(path) for path in standing.files],
        "at": standing.when.clock if standing.when else None,
        "weekdays": [day.word.lower() for day in standing.when.weekdays] if standing.when else None,
        "home": str(standing.home) if standing.home else None,
        "active": standing.active,
        "next_run_at": moment(seen.next_at) or None,
        "missed_at": moment(seen.missed_at) or None,
        "last": last.model_dump(mode="json", include=_OF_A_REPORT) if last else None,
    }
