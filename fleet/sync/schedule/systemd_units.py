"""The service and the timer of a nightly sync, as texts, and what such texts say.

Nothing here touches the system: ``systemd`` writes the texts and has them loaded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from fleet.sync.schedule.base import MARKER, Nightly
from fleet.sync.schedule.times import Weekday, When

STEM: Final = "motionfleet-sync@"
INSTANCE: Final = "%i"
"""As a host's name: whatever stands after the ``@`` of the unit's name."""


def service(nightly: Nightly) -> str:
    """The service: one run of ``fleet sync HOST --all``."""
    command = " ".join([quoted(nightly.program[0]),
                        *(quoted(word).replace("$", "$$") for word in nightly.program[1:]),
                        "sync", nightly.host, "--all"])  # fmt: skip
    return f"""\
# {MARKER}
[Unit]
Description=Nightly sync of motionfleet with {nightly.host}

[Service]
Type=oneshot
ExecStart={command}
Environment={quoted(f"FLEET_HOME={nightly.home}")}
Environment={quoted(f"PATH={nightly.path}")}
# A first sync of many pictures takes hours; it may.
TimeoutStartSec=infinity
# Whoever works at this machine comes first.
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
# No sandbox: a user's unit can only have one with NoNewPrivileges, under which the
# failure_command could send no mail (sendmail is set-gid) and ssh no ProxyCommand of that kind.
"""


def timer(nightly: Nightly) -> str:
    """The timer that starts the service."""
    days = ",".join(day.word for day in nightly.when.weekdays)
    return f"""\
# {MARKER}
[Unit]
Description=Nightly sync of motionfleet with {nightly.host}

[Timer]
OnCalendar={f"{days} " if days else ""}*-*-* {nightly.when.clock}:00
# A run that was missed, asleep or switched off, is made up for at once.
Persistent=true
RandomizedDelaySec=2min

[Install]
WantedBy=timers.target
"""


def quoted(word: str) -> str:
    """``word`` so that systemd reads it as it is; neither quotes, blanks nor '%' act."""
    plain = word.replace("%", "%%")
    if re.fullmatch(r"[A-Za-z0-9_./%@:+=,-]+", word):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquoted(text: str) -> str:
    """What ``quoted`` made, as it was."""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return text.replace("%%", "%")


_CALENDAR: Final = re.compile(
    r"^OnCalendar=(?:(?P<days>[A-Z][a-z]{2}(?:,[A-Z][a-z]{2})*) )?\*-\*-\* (\d\d):(\d\d):00$",
    re.MULTILINE,
)
_HOME: Final = re.compile(r"^Environment=(\"?FLEET_HOME=.*)$", re.MULTILINE)


def when_of(timer_text: str) -> When | None:
    """When a timer that ``timer`` wrote is due; None for one that says something else."""
    found = _CALENDAR.search(timer_text)
    if found is None or timer_text.count("OnCalendar=") != 1:
        return None
    words = found["days"].split(",") if found["days"] else []
    try:
        days = tuple(Weekday[word.upper()] for word in words)
    except KeyError:
        return None
    return When(hour=int(found[2]), minute=int(found[3]), weekdays=days)


def home_of(service_text: str) -> Path | None:
    """The ``FLEET_HOME`` that a service names."""
    found = _HOME.search(service_text)
    return Path(unquoted(found[1]).removeprefix("FLEET_HOME=")) if found else None
