"""A nightly sync as a job of launchd, in this person's own agents; no rights of root are asked.

launchd runs a job that was due while the Mac slept as soon as it wakes; one that was due while the
Mac was off waits for its next time.  Jobs run while the person is logged in, the screen locked or
not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from companions import files
from fleet.sync.errors import ScheduleFailed
from fleet.sync.schedule.base import Nightly, Standing, check
from fleet.sync.schedule.launchd_plist import PREFIX, home_of, label, log_file, plist, when_of
from fleet.sync.schedule.placing import call, clear, ours, own, place

LEAVING_S: Final = 10.0
"""How long launchd may take to let go of a job; it is told to, and answers before it has."""


class Launchd:
    """This person's launchd; ``folder`` is where agents are looked for, ``uid`` whose they are."""

    def __init__(self, folder: Path, *, uid: int) -> None:
        self.folder = folder
        self._domain = f"gui/{uid}"

    @property
    def name(self) -> str:
        """Its name."""
        return "launchd"

    def catches_up(self) -> str:
        """What becomes of a run that was missed, in words."""
        return "a run missed asleep is made up for at waking; one missed switched off is not"

    def texts(self, nightly: Nightly) -> dict[Path, bytes]:
        """The property list."""
        check(nightly)
        return {self._file(nightly.host): plist(nightly)}

    def install(self, nightly: Nightly) -> Sequence[str]:
        """Write the job and load it; see ``Scheduler``."""
        texts = self.texts(nightly)
        path = self._file(nightly.host)
        job = f"{self._domain}/{label(nightly.host)}"
        unchanged = own(path) == texts[path]
        self._answers("nothing was written")
        if unchanged and _is_loaded(job):
            return ()
        log = log_file(nightly.home, nightly.host)
        with files.reporting_unwritable(log):
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place(texts)
        state = f"{path} is written, but no run is scheduled"
        self._unload(job, state=state)
        # One that was switched off by hand (launchctl disable) would not be loaded.
        _do("enable", job, state=state)
        _do("bootstrap", self._domain, str(path), state=state)
        return ()

    def remove(self, host: str) -> tuple[Path, ...]:
        """Unload the job and remove its file; see ``Scheduler``."""
        path = self._file(host)
        if own(path) is None:
            return ()
        self._answers("nothing was removed")
        self._unload(f"{self._domain}/{label(host)}", state="nothing was removed")
        clear([path])
        return (path,)

    def standing(self) -> tuple[Standing, ...]:
        """Every job of ours; see ``Scheduler``."""
        found = []
        for path, text in ours(self.folder, prefix=PREFIX, suffix=".plist"):
            host = path.name.removeprefix(PREFIX).removesuffix(".plist")
            try:
                active = _is_loaded(f"{self._domain}/{label(host)}")
            except ScheduleFailed:
                active = None  # no launchctl here: the file is all there is to be told
            found.append(
                Standing(
                    host=host,
                    files=(path,),
                    when=when_of(text),
                    home=home_of(text),
                    active=active,
                )
            )
        return tuple(found)

    def _file(self, host: str) -> Path:
        return self.folder / f"{label(host)}.plist"

    def _answers(self, state: str) -> None:
        code, said = call(["launchctl", "print", self._domain])
        if code != 0:
            raise ScheduleFailed(
                what=f"launchd has no session of this user ({said}); {state}",
                remedy="Log in at the Mac's screen, then give the same command again.",
            )

    def _unload(self, job: str, *, state: str) -> None:
        if not _is_loaded(job):
            return
        _do("bootout", job, state=state)
        deadline = time.monotonic() + LEAVING_S
        while _is_loaded(job):
            if time.monotonic() > deadline:
                raise ScheduleFailed(
                    what=f"launchd does not let go of {job}; {state}",
                    remedy="Give the same command again in a minute.",
                )
            time.sleep(0.1)


def agents_folder() -> Path:
    """Where this person's agents are looked for."""
    return Path.home() / "Library" / "LaunchAgents"


def _is_loaded(job: str) -> bool:
    return call(["launchctl", "print", job])[0] == 0


def _do(*words: str, state: str) -> None:
    code, said = call(["launchctl", *words])
    if code != 0:
        raise ScheduleFailed(
            what=f"launchctl {' '.join(words)} failed ({said}); {state}",
            remedy="When that is mended, give the same command again.",
        )
