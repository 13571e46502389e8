"""Processes that a fleet left behind: asked at the end of a drill, when nothing of it should run.

A process belongs to a home if it was started with that ``FLEET_HOME`` in its environment, which
workers and raylets inherit.  Looks into ``/proc``, so it can be asked on Linux alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.settings import HOME_VARIABLE

_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process and the words it was started with."""

    pid: int
    command: str


def left_running(home: Path) -> list[Process] | None:
    """Living processes of ``home`` that are not this one or above it; None if none can be seen."""
    if not (_PROC / "self" / "environ").exists():
        return None
    wanted = f"{HOME_VARIABLE}={home}".encode()
    above = set(_line_of(os.getpid()))
    return sorted(
        (
            Process(pid, _command(pid))
            for pid in map(int, filter(str.isdecimal, os.listdir(_PROC)))  # noqa: PTH208
            if pid not in above and wanted in _words(pid, "environ") and not _is_dead(pid)
        ),
        key=lambda process: process.pid,
    )


def _line_of(pid: int) -> Iterator[int]:
    """``pid``, its parent, the parent of that, and so on."""
    while pid > 0:
        yield pid
        pid = int(_status(pid)[1]) if _status(pid) else 0


def _is_dead(pid: int) -> bool:
    return not _status(pid) or _status(pid)[0] in {"Z", "X"}


def _status(pid: int) -> list[str]:
    """State, parent and so on; empty for one that is gone."""
    try:
        # The name before it is in brackets and may hold anything.
        return (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _command(pid: int) -> str:
    return b" ".join(_words(pid, "cmdline")).decode("utf-8", "replace").strip()


def _words(pid: int, file: str) -> list[bytes]:
    """The words of a list in ``/proc``; none of a process that is gone or another user's."""
    try:
        return (_PROC / str(pid) / file).read_bytes().split(b"\0")
    except OSError:
        return []
