"""A nightly sync as a timer of systemd, in this person's own units; no rights of root are asked.

The timer makes up for a run that was missed while the machine was asleep or off.  Units of a
person run while that person has a session, or always where lingering is on.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fleet.sync.errors import ScheduleFailed
from fleet.sync.schedule.base import Nightly, Standing, check
from fleet.sync.schedule.placing import call, clear, ours, own, place
from fleet.sync.schedule.systemd_units import STEM, home_of, service, timer, when_of

SYSTEMCTL: Final = ("systemctl", "--user")
STATES: Final = frozenset({"inactive", "failed", "activating", "deactivating", "unknown"})


class Systemd:
    """This person's systemd; ``folder`` is where units are looked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """Its name."""
        return "systemd"

    def catches_up(self) -> str:
        """What becomes of a run that was missed, in words."""
        return "a run missed asleep or switched off is made up for at once"

    def texts(self, nightly: Nightly) -> dict[Path, bytes]:
        """The two units."""
        check(nightly)
        service_file, timer_file = self._files(nightly.host)
        return {service_file: service(nightly).encode(), timer_file: timer(nightly).encode()}

    def install(self, nightly: Nightly) -> Sequence[str]:
        """Write both units and start the timer; see ``Scheduler``."""
        texts = self.texts(nightly)
        for path in texts:
            own(path)  # a stranger's file is told before anything else is
        self._answers("nothing was written")
        place(texts)
        written = " and ".join(map(str, texts))
        state = f"{written} are written, but no run is scheduled"
        unit = self._files(nightly.host)[1].name
        self._do("daemon-reload", state=state)
        self._do("enable", unit, state=state)
        # restart: a timer that runs already goes on with its old times otherwise.
        self._do("restart", unit, state=state)
        return _lingering()

    def remove(self, host: str) -> tuple[Path, ...]:
        """Stop the timer and remove both units; see ``Scheduler``."""
        mine = [path for path in self._files(host) if own(path) is not None]
        if not mine:
            return ()
        self._answers("nothing was removed")
        self._do("disable", "--now", self._files(host)[1].name, state="nothing was removed")
        clear(mine)
        self._do("daemon-reload", state=f"{' and '.join(map(str, mine))} are removed")
        return tuple(mine)

    def standing(self) -> tuple[Standing, ...]:
        """Every timer of ours; see ``Scheduler``."""
        found = []
        for timer_file, text in ours(self.folder, prefix=STEM, suffix=".timer"):
            host = timer_file.name.removeprefix(STEM).removesuffix(".timer")
            service_file = self._files(host)[0]
            service_text = own(service_file)
            files = (timer_file,) if service_text is None else (service_file, timer_file)
            found.append(
                Standing(
                    host=host,
                    files=files,
                    when=when_of(text.decode(errors="replace")),
                    home=home_of((service_text or b"").decode(errors="replace")),
                    active=_is_active(timer_file.name) if service_text is not None else False,
                )
            )
        return tuple(found)

    def _files(self, host: str) -> tuple[Path, Path]:
        return self.folder / f"{STEM}{host}.service", self.folder / f"{STEM}{host}.timer"

    def _answers(self, state: str) -> None:
        code, said = call([*SYSTEMCTL, "show", "--property=Version"])
        if code != 0:
            raise ScheduleFailed(
                what=f"systemd does not answer for {getpass.getuser()} ({said}); {state}",
                remedy="Log in as that user (not by su or sudo), or give it a systemd without a "
                "session, loginctl enable-linger; then the same command again.",
            )

    def _do(self, *words: str, state: str) -> None:
        code, said = call([*SYSTEMCTL, *words])
        if code != 0:
            raise ScheduleFailed(
                what=f"systemctl --user {' '.join(words)} failed ({said}); {state}",
                remedy="When that is mended, give the same command again.",
            )


def units_folder() -> Path:
    """Where this person's units are looked for."""
    chosen = os.environ.get("XDG_CONFIG_HOME", "")
    root = Path(chosen) if chosen.startswith("/") else Path.home() / ".config"
    return root / "systemd" / "user"


def _is_active(unit: str) -> bool | None:
    try:
        code, said = call([*SYSTEMCTL, "is-active", unit])
    except ScheduleFailed:
        return None  # no systemctl here: the files are all there is to be told
    if code == 0:
        return True
    return False if said in STATES else None


def _lingering() -> tuple[str, ...]:
    user = getpass.getuser()
    try:
        code, said = call(["loginctl", "show-user", user, "--property=Linger", "--value"])
    except ScheduleFailed:
        code, said = 1, ""  # the schedule stands; only whether a session is needed is not known
    if code == 0 and said == "yes":
        return ()
    return (
        f"it runs while {user} is logged in; to have it run without: loginctl enable-linger {user}",
    )
