"""Files of ours in folders that are not only ours, and the system's own commands."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from companions import files
from fleet.sync.errors import ScheduleFailed
from fleet.sync.schedule.base import MARKER, Nightly

PATIENCE_S: Final = 30.0
"""A system's scheduler that has not answered by then will not."""
LARGEST: Final = 1024 * 1024


def own(path: Path) -> bytes | None:
    """The bytes of our file at ``path``; None where there is none.

    Raises:
        ScheduleFailed: something that is not ours lies there.
    """
    if not path.is_symlink() and not path.exists():
        return None
    try:
        text = files.read_limited(path, limit=LARGEST)
    except OSError as error:
        raise _foreign(path, f"it cannot be read: {error}") from None
    if MARKER.encode() not in text:
        raise _foreign(path, "it was not written by fleet schedule")
    return text


def place(texts: Mapping[Path, bytes]) -> None:
    """Write the files, in whose places nothing is, or something of ours (``own``).

    Raises:
        FileUnwritable: a folder refuses.
    """
    for path, text in texts.items():
        with files.reporting_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomic(path, text)


def clear(paths: Sequence[Path]) -> None:
    """Remove files of ours, durably.

    Raises:
        FileUnwritable: a folder refuses.
    """
    for path in paths:
        with files.reporting_unwritable(path):
            files.remove_durably(path)


def ours(folder: Path, *, prefix: str, suffix: str) -> list[tuple[Path, bytes]]:
    """Our files in ``folder`` whose names begin and end so, with their bytes, by name."""
    found = []
    for path in sorted(folder.glob(f"{prefix}*{suffix}")):
        if path.name == prefix + suffix:
            continue  # a template, which names no host
        try:
            text = own(path)
        except ScheduleFailed:
            continue  # a stranger's, and no schedule of ours
        if text is not None:
            found.append((path, text))
    return found


def try_out(nightly: Nightly) -> None:
    """See that the command can be run as a scheduler will: from elsewhere, with little around it.

    Raises:
        ScheduleFailed: it cannot.
    """
    argv = [*nightly.program, "--version"]
    surroundings = {"FLEET_HOME": str(nightly.home), "PATH": nightly.path, "HOME": str(Path.home())}
    code, said = call(argv, folder=Path("/"), environment=surroundings)
    if code != 0:
        raise ScheduleFailed(
            what=f"the nightly command cannot be run ({shlex.join(argv)}: {said}); nothing was "
            "written",
            remedy="Install motionfleet for that Python (pip install), then give the same command "
            "again.",
        )


def call(
    argv: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run a command of the system; its exit code and the first line it said.

    It is run in ``folder`` and with ``environment``, where they are given.

    Raises:
        ScheduleFailed: it is not there, or does not end.
    """
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except FileNotFoundError:
        raise ScheduleFailed(
            what=f"the command {argv[0]} is not on this machine",
            remedy="Without it, have the sync run by whatever this machine has (cron, for one): "
            "fleet schedule install --dry-run shows the command.",
        ) from None
    except subprocess.TimeoutExpired:
        raise ScheduleFailed(
            what=f"{' '.join(argv)} did not answer within {PATIENCE_S:.0f} s",
            remedy="Try it by hand, then give the same command again.",
        ) from None
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return done.returncode, said[0] if said else f"exit code {done.returncode}"


def _foreign(path: Path, why: str) -> ScheduleFailed:
    return ScheduleFailed(
        what=f"{path} is in the way ({why}); it is kept, and nothing was changed",
        remedy="Move it away, then give the same command again.",
    )
