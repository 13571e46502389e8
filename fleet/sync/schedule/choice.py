"""Which scheduler this machine has."""

from __future__ import annotations

import os
import sys

from fleet.sync.errors import ScheduleFailed
from fleet.sync.schedule.base import Scheduler
from fleet.sync.schedule.launchd import Launchd, agents_folder
from fleet.sync.schedule.systemd import Systemd, units_folder


def scheduler_here() -> Scheduler:
    """launchd on a Mac, systemd on Linux.

    Raises:
        ScheduleFailed: it is neither.
    """
    if sys.platform == "darwin":
        return Launchd(agents_folder(), uid=os.getuid())
    if sys.platform == "linux":
        return Systemd(units_folder())
    raise ScheduleFailed(
        what=f"on {sys.platform} there is neither launchd nor systemd",
        remedy="Have `fleet sync HOST --all` run by whatever this machine has.",
    )
