"""Print the nightly sync's units: ``python deploy/print_schedules.py [--check]``.

They are what ``fleet schedule install`` writes, made by the same functions from the example values
below, for people who put such files in place by other means; replace the values with your own.
``--check`` compares instead of writing and exits with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from companions import files
from fleet.sync.schedule.base import Nightly
from fleet.sync.schedule.launchd_plist import label, plist
from fleet.sync.schedule.systemd_units import INSTANCE, STEM, service, timer
from fleet.sync.schedule.times import When

DEPLOY: Final = Path(__file__).resolve().parent
WHEN: Final = When(hour=2, minute=0)
PROGRAM: Final = ("/opt/motionfleet/bin/python", "-P", "-m", "fleet")
LINUX: Final = Nightly(
    host=INSTANCE,
    when=WHEN,
    program=PROGRAM,
    home=Path("/home/operator/.local/share/motionfleet"),
    path="/usr/local/bin:/usr/bin:/bin",
)
MAC: Final = Nightly(
    host="colo",
    when=WHEN,
    program=PROGRAM,
    home=Path("/Users/operator/Library/Application Support/motionfleet"),
    path="/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
)


def texts() -> Mapping[Path, bytes]:
    """Every file, as it should be."""
    return {
        DEPLOY / "systemd" / f"{STEM}.service": service(LINUX).encode(),
        DEPLOY / "systemd" / f"{STEM}.timer": timer(LINUX).encode(),
        DEPLOY / "launchd" / f"{label(MAC.host)}.plist": plist(MAC),
    }


def main(arguments: list[str]) -> int:
    """Write the files, or compare them."""
    stale = [
        path for path, text in texts().items() if not path.exists() or path.read_bytes() != text
    ]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path} is not what is printed: python deploy/print_schedules.py\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomic(path, texts()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
