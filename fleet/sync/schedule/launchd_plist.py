"""The property list of a nightly sync for launchd, as bytes, and what such bytes say.

Nothing here touches the system: ``launchd`` writes the file and has it loaded.
"""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any, Final
from xml.parsers.expat import ExpatError

from fleet.sync.schedule.base import MARKER, Nightly
from fleet.sync.schedule.times import Weekday, When

PREFIX: Final = "io.motionfleet.sync."


def label(host: str) -> str:
    """The job's name in launchd."""
    return PREFIX + host


def log_file(home: Path, host: str) -> Path:
    """Where what the runs print is kept."""
    return home / "sync" / "log" / f"{host}.log"


def plist(nightly: Nightly) -> bytes:
    """The job, as an XML property list."""
    clock = {"Hour": nightly.when.hour, "Minute": nightly.when.minute}
    # launchd counts the week's days from Sunday.
    days = [{**clock, "Weekday": (day + 1) % 7} for day in nightly.when.weekdays]
    log = str(log_file(nightly.home, nightly.host))
    job = {
        "Label": label(nightly.host),
        # Python itself, with nothing like caffeinate in front: the permission to read a folder
        # (Full Disk Access) is asked for the program that launchd starts.
        "ProgramArguments": list(nightly.words),
        "EnvironmentVariables": {"FLEET_HOME": str(nightly.home), "PATH": nightly.path},
        "StartCalendarInterval": days or clock,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    text = plistlib.dumps(job, fmt=plistlib.FMT_XML, sort_keys=True)
    head, tag, body = text.partition(b"<plist ")
    return head + f"<!-- {MARKER} -->\n".encode() + tag + body


def when_of(text: bytes) -> When | None:
    """When a job that ``plist`` wrote is due; None for one that says something else."""
    interval = _parsed(text).get("StartCalendarInterval")
    times = interval if isinstance(interval, list) else [interval]
    whens = [_time(each) for each in times]
    clocks = {found[:2] for found in whens if found is not None}
    if None in whens or len(clocks) != 1:
        return None
    (hour, minute), days = clocks.pop(), {found[2] for found in whens if found is not None}
    if None in days:
        return When(hour=hour, minute=minute) if days == {None} else None
    return When(
        hour, minute, tuple(sorted(Weekday((day - 1) % 7) for day in days if day is not None))
    )


def home_of(text: bytes) -> Path | None:
    """The ``FLEET_HOME`` that a job names."""
    environment = _parsed(text).get("EnvironmentVariables")
    home = environment.get("FLEET_HOME") if isinstance(environment, dict) else None
    return Path(home) if isinstance(home, str) else None


def _time(value: object) -> tuple[int, int, int | None] | None:
    if not isinstance(value, dict) or not set(value) <= {"Hour", "Minute", "Weekday"}:
        return None
    hour, minute, day = value.get("Hour"), value.get("Minute"), value.get("Weekday")
    if not isinstance(hour, int) or not isinstance(minute, int):
        return None
    if day is not None and not isinstance(day, int):
        return None
    return (hour, minute, day) if 0 <= hour < 24 and 0 <= minute < 60 else None


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        found = plistlib.loads(text)
    except (plistlib.InvalidFileException, ExpatError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
