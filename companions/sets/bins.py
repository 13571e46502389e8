"""The person's trash, where it is on this machine, and what of ours lies in it.

Putting something there is left to ``send2trash``, which does as the desktop does; finding it again
is not its business, so the places are listed here: the freedesktop.org trash specification (of the
home and of every mounted disk), and those of macOS.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions.sets.grouping import is_staging

# Where no one keeps pictures; some of them answer slowly, or never.
_NO_DISKS: Final = frozenset(
    {
        "autofs",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "efivarfs",
        "fusectl",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "rpc_pipefs",
        "securityfs",
        "sysfs",
        "tracefs",
    }
)
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Binned:
    """A folder of ours in the trash.

    Attributes:
        folder: the folder.
        info: the trash's own note about it; None on macOS, which keeps notes elsewhere.
    """

    folder: Path
    info: Path | None


def send(folder: Path) -> None:
    """Put ``folder`` into the trash.

    Raises:
        OSError: there is no trash for that disk, or it cannot be written to.
    """
    from send2trash import send2trash

    try:
        send2trash(str(folder))
    except ValueError as error:  # a path that the desktop's library cannot spell
        raise OSError(str(error)) from error


def ours() -> Iterator[Binned]:
    """Every folder of ours in the trash; places that cannot be read are passed over."""
    for folder, notes in _places():
        try:
            names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
        except OSError:
            continue
        for name in filter(is_staging, names):
            info = None if notes is None else notes / f"{name}.trashinfo"
            yield Binned(Path(os.path.realpath(folder / name)), info)


def _places() -> Iterator[tuple[Path, Path | None]]:
    """Folders that trashed things lie in, and the folders of the notes about them."""
    user = os.getuid()
    if sys.platform == "darwin":
        yield Path.home() / ".Trash", None
        for volume in sorted(Path("/Volumes").glob("*")):
            yield volume / ".Trashes" / str(user), None
        return
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    trashes = [Path(home).expanduser() / "Trash"]
    for top in _mounts():
        trashes += [top / ".Trash" / str(user), top / f".Trash-{user}"]
    for trash in trashes:
        yield trash / "files", trash / "info"


def _mounts() -> Iterator[Path]:
    try:
        lines = Path("/proc/self/mounts").read_bytes().splitlines()
    except OSError:
        return
    seen = set()
    for line in lines:
        _, top, kind, *_ = os.fsdecode(line).split(" ")
        if kind not in _NO_DISKS and top not in seen:
            seen.add(top)
            yield Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), top))
