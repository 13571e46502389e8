"""The processes of a cluster, found in ``/proc``: which they are, whether they live, their end.

``ray stop`` ends every Ray process of the machine, other people's too.  Here a process belongs to
a cluster if it keeps files in that cluster's temporary folder, or descends from one that does;
nothing else is ever touched.  Linux only, like clusters of several nodes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.home import HOME_VARIABLE

_PROC: Final = Path("/proc")
_LOOK_S: Final = 0.02
_FIELDS: Final = 20
_AGENTS: Final = frozenset({"ray::DashboardAgent", "ray::RuntimeEnvAgent"})
_MARKS: Final = ("/ray/", "ray.util.client", "ray.scripts")
"""In the command lines of Ray's processes, before they give themselves a title."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process, told apart from a later one with the same number by when it started.

    Attributes:
        pid: its number.
        started: when, in ticks since the machine's start.
    """

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    parent: int
    started: int
    threads: int

    @property
    def runs(self) -> bool:
        """Whether anything of it does.

        A process whose first thread has ended looks like a zombie, and keeps its files, ports and
        locks until the last one has.
        """
        return self.state not in "ZX" or self.threads > 1


def identify(pid: int) -> Process | None:
    """The process that has this number now, or None."""
    stat = _stat(pid)
    return Process(pid=pid, started=stat.started) if stat and stat.runs else None


def is_alive(process: Process) -> bool:
    """Whether it runs; one that ended and was not reaped yet does not."""
    return identify(process.pid) == process


def words(pid: int) -> tuple[str, ...]:
    """A process's command line; empty if it is gone."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(os.fsdecode(word) for word in raw.split(b"\0")[:-1])


def variable(pid: int, name: str) -> str:
    """What a process was started with in the environment variable ``name``; empty if nothing."""
    with contextlib.suppress(OSError):
        for pair in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
            if pair.startswith(os.fsencode(f"{name}=")):
                return os.fsdecode(pair.partition(b"=")[2])
    return ""


def members(folder: Path) -> frozenset[int]:
    """Numbers of all processes of the Ray cluster whose temporary folder is ``folder``.

    One's own process and those it descends from are never among them.
    """
    parents = {pid: stat.parent for pid in _pids() if (stat := _stat(pid)) is not None}
    found = {pid for pid in parents if _is_ray(pid) and _holds(pid, folder)}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return frozenset(found - set(_ancestry(os.getpid(), parents)))


def named(pids: Iterable[int], program: str) -> Process | None:
    """The one of ``pids`` that runs ``program`` (a file's name, such as ``raylet``), if any."""
    for pid in pids:
        line = words(pid)
        if line and Path(line[0]).name == program:
            return identify(pid)
    return None


def end(pids: Collection[int], *, grace_s: float) -> None:
    """End processes: asked first, made to after ``grace_s``.  Returns when all are gone."""
    left = {process for pid in pids if (process := identify(pid)) is not None}
    for kind, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
        for process in left:
            if is_alive(process):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process.pid, kind)
        deadline = time.monotonic() + patience_s
        while left and time.monotonic() < deadline:
            left = {process for process in left if is_alive(process)}
            if left:
                time.sleep(_LOOK_S)


def everyone() -> list[int]:
    """The numbers of all processes."""
    return sorted(_pids())


def bereaved(home: Path) -> list[int]:
    """Agents of Ray that serve a raylet of this home which is gone, by number.

    They are meant to follow it, and after a kill of the whole cluster sometimes do not.
    """
    return [
        pid
        for pid in everyone()
        if (line := words(pid))
        and line[0] in _AGENTS
        and (stat := _stat(pid)) is not None
        and stat.parent == 1
        and variable(pid, HOME_VARIABLE) == str(home)
    ]


def descendants(pid: int) -> frozenset[int]:
    """Numbers of all processes that ``pid`` started, and that those started."""
    parents = {each: stat.parent for each in _pids() if (stat := _stat(each)) is not None}
    found = {pid}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return frozenset(found - {pid})


def _pids() -> Iterator[int]:
    if not _PROC.is_dir():
        return iter(())  # macOS
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name in brackets may hold anything; what counts stands after the last bracket.
    fields = text.rpartition(")")[2].split()
    if len(fields) < _FIELDS:
        return None  # it went while it was read
    return _Stat(
        state=fields[0], parent=int(fields[1]), started=int(fields[19]), threads=int(fields[17])
    )


def _is_ray(pid: int) -> bool:
    line = " ".join(words(pid)[:4])
    return line.startswith("ray::") or any(mark in line for mark in _MARKS)


def _holds(pid: int, folder: Path) -> bool:
    """Whether it has a file of the folder open (its logs), or was told of it when started."""
    inside = f"{folder}{os.sep}"
    if any(inside in word for word in words(pid)):
        return True
    try:
        descriptors = list((_PROC / str(pid) / "fd").iterdir())
    except OSError:  # another user's, or gone
        return False
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()).startswith(inside):
                return True
    return False


def _ancestry(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid > 0:
        yield pid
        pid = parents.get(pid, 0)
