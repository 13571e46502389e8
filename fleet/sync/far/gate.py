"""``fleet gate``: what a restricted key may do on this machine, and nothing else.

sshd starts it in place of whatever the desk asked for (``command=`` in ``authorized_keys``).  It
lets three things through: the conversation, files into a set that is arriving, files out of the
outbox.  The latter two are handed to ``rrsync``, which holds rsync to one folder.

SFTP is refused: ``sftp-server`` can start in a folder, but not be kept in it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from fleet.home import Home
from fleet.sync.errors import RequestRefused
from fleet.sync.far.leftovers import ARRIVING

COMMAND: Final = "SSH_ORIGINAL_COMMAND"
"""Where sshd puts what the desk asked for."""
_PLACES: Final = "/usr/local/bin:/opt/homebrew/bin:/usr/share/rsync/scripts"
"""Where it may be besides ``PATH``, which sshd keeps short."""
_PUSH: Final = re.compile(r"(?P<options>rsync --server(?! --sender)(?: [^\s]+)*?) \. "
                          r"(?P<set_id>[0-9a-f]{16})/?")  # fmt: skip
_PULL: Final = re.compile(r"rsync --server --sender(?: [^\s]+)*? \. [a-z0-9][a-z0-9-]{0,79}/?")
_SFTP: Final = frozenset({"sftp-server", "internal-sftp"})
_SHOWN: Final = 200
_LOG_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Serve:
    """Serve the desk in this process."""


@dataclass(frozen=True, slots=True)
class RunRsync:
    """Let ``rrsync`` run with these options on a folder, as if ``command`` had been asked for."""

    options: tuple[str, ...]
    folder: Path
    command: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do nothing; ``why`` ends in what to do."""

    why: str


def judge(command: str, *, inbox: Path, outbox: Path) -> Serve | RunRsync | Refuse:
    """What becomes of ``command``, a text that a stranger may have written."""
    if (push := _PUSH.fullmatch(command)) is not None:
        # The folder of that set alone: not the published ones, nor what other desks send.
        return RunRsync(
            ("-wo", "-munge", "-no-del"),
            inbox / ARRIVING / push["set_id"],
            f"{push['options']} . ./",
        )
    if _PULL.fullmatch(command) is not None:
        return RunRsync(("-ro",), outbox, command)
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        return Refuse("a shell is not given. It serves: fleet push, pull, sync")
    if _SFTP & {Path(words[0]).name, Path(words[-1]).name}:
        return Refuse(
            "SFTP is not given to a restricted key. Use rsync: [hosts.NAME] transport in "
            "settings.toml must not be 'sftp'"
        )
    if _is_receive(words):
        return Serve()
    return Refuse("that is not given. It serves: fleet push, pull, sync")


def _is_receive(words: list[str]) -> bool:
    """``... receive [--inbox X] [--outbox Y]``, whatever the desk calls the fleet's command.

    Nothing of it is executed or obeyed: the gate serves by itself, from the folders it was given.
    """
    while len(words) > 2 and words[-2] in {"--inbox", "--outbox"}:
        words = words[:-2]
    return len(words) > 1 and words[-1] == "receive" and Path(words[0]).name != "rsync"


def run_rsync(act: RunRsync) -> NoReturn:
    """Become ``rrsync``.

    Raises:
        RequestRefused: it is not there, or the folder is not.
    """
    program = rrsync_here()
    if program is None:
        raise _refused(
            "rrsync is not installed there. Install rsync's rrsync (it comes with rsync)"
        )
    try:
        real = stat.S_ISDIR(os.lstat(act.folder).st_mode)
    except OSError:
        real = False
    if not real:
        raise _refused(f"no set arrives in {act.folder.name}. Begin with: fleet push")
    os.execve(  # noqa: S606  (argv, no shell: what it may do, rrsync decides)
        program,
        [program, *act.options, str(act.folder)],
        {**os.environ, COMMAND: act.command},
    )


def rrsync_here() -> str | None:
    """Where ``rrsync`` is on this machine."""
    return shutil.which("rrsync", path=f"{os.environ.get('PATH', os.defpath)}:{_PLACES}")


def refuse(command: str, why: str, *, home: Home) -> NoReturn:
    """Write down that ``command`` was refused, and say so.

    Raises:
        RequestRefused: always.
    """
    _write_down(command, home=home)
    raise _refused(f"{why}. Refused: {_shown(command)}")


def _refused(what: str) -> RequestRefused:
    return RequestRefused(
        host=os.uname().nodename, code="gate", what=f"this key may do nothing but sync; {what}"
    )


def _shown(text: str) -> str:
    return ascii(text[:_SHOWN])


def _write_down(command: str, *, home: Home) -> None:
    log = home.gate_log
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    who = os.environ.get("SSH_CONNECTION", "").partition(" ")[0] or "unknown"
    line = f"{moment} {_shown(who)} refused {_shown(command)}\n"
    try:
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whoever is refused may ask again for ever: one older file is kept, no more.
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(log, flags, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as stream:
            stream.write(line)
    except OSError:
        return  # refused all the same: a full disk must not open the gate
