"""The argv of rsync, decided by pure functions: for GNU's, and for the openrsync of macOS.

openrsync refuses ``--info``, ``--mkpath``, ``--append-verify``, ``-s``, ``--checksum-choice``,
``--compress-choice``, ``--fsync``, ``--outbuf`` and modes like ``F640`` in ``--chmod``; what is
used for both is what both take.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fleet.sync.transport.base import Item, Pace
from fleet.sync.transport.choice import Rsync

PARTIAL_DIR: Final = ".rsync-partial"
"""Where the receiving side of a push keeps what arrived of a file, beside the file."""
ESCAPES_NAMES: Final = (3, 2, 4)
"""From this version on GNU rsync keeps the far shell from reading our names."""
BLOCK: Final = 1024
LARGE_BYTES: Final = 1_000_000
"""A file below this is sent again from its beginning."""

_SAFE_DESTINATION: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+@,=:"
)


@dataclass(frozen=True, slots=True)
class Ends:
    """What is on both ends of the line.

    Attributes:
        address: the host's name, as ssh is called with it.
        ssh: the remote shell as argv, without the host.
        here: this machine's rsync.
        there: the host's, if it is known; what is not known to be GNU's gets no flag that only
            GNU's has.
    """

    address: str
    ssh: tuple[str, ...]
    here: Rsync
    there: Rsync | None


def push_argv(
    ends: Ends,
    *,
    names: str,
    source: str,
    destination: str,
    pace: Pace,
    large: bool = True,
    holes: bool = True,
) -> list[str]:
    """rsync's arguments to send the files that the file ``names`` lists.

    ``source`` is an absolute folder here, ``destination`` the folder there.  Whether a file is
    ``large`` enough to be worth going on with, and whether one has ``holes``, is asked because
    what serves them costs a third of the time where there are ten thousand small ones.
    """
    flags = _common(ends, names=names, pace=pace)
    if large:
        flags.append(f"--partial-dir={PARTIAL_DIR}")
    flags.append("--chmod=u=rwX,g=rX,o=")
    if holes and _both_gnu(ends):
        flags.append("--sparse")
    return [*flags, "--", _folder(source), _far(ends, destination)]


def fetch_argv(
    ends: Ends, *, names: str, source: str, destination: str, pace: Pace, most_bytes: int
) -> list[str]:
    """rsync's arguments to fetch the files that the file ``names`` lists, none over ``most_bytes``.

    ``destination`` is an absolute folder here that no one else looks into: a torn file lies there
    under its own name.  With ``--partial-dir`` rsync would leave an orphan when it is killed, and
    find nothing of it again.
    """
    flags = _common(ends, names=names, pace=pace)
    flags += ["--inplace", "--no-whole-file", f"--max-size={most_bytes}", "--chmod=u=rwX,g=,o="]
    return [*flags, "--", _far(ends, source), _folder(destination)]


def names_file(items: Iterable[Item]) -> bytes:
    """What ``--files-from`` reads: a path a line.

    Each begins with ``./``, because ``#`` and ``;`` would begin a comment, and ``-`` a flag.
    """
    return b"".join(b"./" + item.path.encode() + b"\n" for item in items)


def _common(ends: Ends, *, names: str, pace: Pace) -> list[str]:
    gnu = ends.here.flavour == "gnu"
    flags = [
        "-t" if gnu else "-rt",
        f"--files-from={names}",
        f"--timeout={max(1, round(pace.timeout_s))}",
        "--rsync-path=rsync",
        f"--rsh={_rsh(ends)}",
    ]
    if gnu:
        flags.append("--8-bit-output")
    if pace.bytes_per_s is not None:
        flags.append(f"--bwlimit={max(1, pace.bytes_per_s // BLOCK)}")
    if pace.compress:
        flags.append("-z")
    return flags


def _both_gnu(ends: Ends) -> bool:
    return ends.here.flavour == "gnu" and ends.there is not None and ends.there.flavour == "gnu"


def _folder(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def _far(ends: Ends, path: str) -> str:
    folder = _folder(path) if path else ""
    if ends.here.flavour == "gnu" and ends.here.version >= ESCAPES_NAMES:
        return f"{ends.address}:{folder}"
    # Older ones and openrsync hand the path to the far shell as it is.
    return f"{ends.address}:{folder if set(folder) <= _SAFE_DESTINATION else shlex.quote(folder)}"


def ssh_fault(ssh: Sequence[str], *, here: Rsync) -> str | None:
    """Why this rsync cannot be given this remote shell, or None if it can."""
    for word in ssh:
        if not word.isprintable():
            return f"ssh cannot be called with {word!r}"
        if here.flavour == "openrsync" and (not word or " " in word):
            return f"openrsync cannot call ssh with {word!r}, because of the blank"
    return None


def folder_fault(folder: str) -> str | None:
    """Why a folder that the host named cannot be given to rsync, or None if it can."""
    if folder.startswith(":"):
        # ``host::module`` is a daemon's address, and another conversation than ours.
        return "it would be read as the address of a daemon"
    if not folder.isprintable():
        return "it holds a control character"
    return None


def _rsh(ends: Ends) -> str:
    # rsync splits it by itself, no shell reads it.  GNU's knows quotes; openrsync knows blanks
    # only, and would take a quote for a letter.
    return " ".join(ends.ssh) if ends.here.flavour == "openrsync" else shlex.join(ends.ssh)
