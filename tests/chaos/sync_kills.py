"""Syncs that die: any process of one, on either end, killed at random moments; and who looks on.

Used by a short test and by ``benchmarks/sync_kills.py``.  What is killed are processes that the
test itself started and their children: the desk's command, the rsync or ssh below it, the fleet
and the rsync on the other end, and the server's own process for the connection.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.acceptance.cli import command, environment
from tests.chaos.transit import Desk, fault_of_results, fault_of_set, visible_sets
from tests.fleet.sync.sshd import Sshd

PAUSE_S: Final = 0.02
"""Between two looks of the watcher: often, and the machine is left to the others."""
LIMIT_S: Final = 120.0
OTHERS: Final = 0.7
"""How often one of the others is killed and not the desk, where there are any."""
MENDED_LATER: Final = frozenset({0, 81, 84, 85, 89, -signal.SIGKILL})
"""How a command may end that lost something under way: well, or with what the next run mends."""


class Watcher:
    """Looks all the time at what is visible, as a fleet or a person would; a context manager.

    ``look`` says what is wrong, or None.  What was found is told at the end of the block.
    """

    def __init__(self, look: Callable[[], str | None]) -> None:
        self._look = look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.faults: list[str] = []
        self.looks = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self.look()
        if kind is None:
            assert not self.faults, self.faults[0]

    def look(self) -> None:
        """Look now: what a process left when it died stays as it is until the next."""
        fault = self._look()
        self.looks += 1
        if fault is not None:
            self.faults.append(fault)

    def _watch(self) -> None:
        while not self.faults and not self._over.wait(PAUSE_S):
            self.look()


def sets_look(inbox: Path) -> Callable[[], str | None]:
    """Every visible set is whole; each is read once, and once more by whoever looks at the end."""
    seen: set[Path] = set()

    def look() -> str | None:
        for folder in visible_sets(inbox):
            if folder not in seen:
                seen.add(folder)
                fault = fault_of_set(folder)
                if fault is not None:
                    return fault
        return None

    return look


def results_look(folder: Path, takes: Sequence[Mapping[str, str]]) -> Callable[[], str | None]:
    """Every clip and meta with a final name is whole, and every meta has its clip."""
    return lambda: fault_of_results(folder, tuple(takes))


@dataclass
class Tally:
    """What was done to syncs.

    Attributes:
        kills: how often each kind of process was killed.
        ends: how commands ended, by exit code.
        rounds: syncs that were carried to their end.
    """

    kills: Counter[str] = field(default_factory=Counter)
    ends: Counter[int] = field(default_factory=Counter)
    rounds: int = 0

    @property
    def killed(self) -> int:
        """Processes killed in all."""
        return self.kills.total()


@dataclass
class Killer:
    """Gives one command again and again, and kills what is at work until it has come through.

    Attributes:
        longest_s: how long the command takes when nobody dies; moments are drawn from that.
        watcher: looks on, and once more after every death.
    """

    host: Sshd
    desk: Desk
    chance: random.Random
    longest_s: float
    watcher: Watcher
    tally: Tally = field(default_factory=Tally)

    def carry(self, *arguments: str | Path, kills: int) -> None:
        """Give ``fleet ARGUMENTS`` until it comes through, or ``kills`` processes of it died."""
        deadline = time.monotonic() + LIMIT_S
        wanted = self.tally.killed + kills
        while self.tally.killed < wanted:
            assert time.monotonic() < deadline, f"not through after {LIMIT_S:g} s: {self.tally}"
            if self._once(*arguments, wanted=wanted) == 0:
                break
        self.tally.rounds += 1

    def _once(self, *arguments: str | Path, wanted: int) -> int:
        said = self.desk.home / "said.txt"
        with (
            said.open("wb") as out,
            subprocess.Popen(
                command(*arguments), env=environment(self.desk.home), stdout=out, stderr=out,
                stdin=subprocess.DEVNULL,
            ) as process,
        ):  # fmt: skip
            try:
                while self.tally.killed < wanted and self._wait(process):
                    self._kill_one(process)
                code = process.wait(timeout=LIMIT_S)
            finally:
                process.kill()
        words = said.read_text(errors="replace")
        assert "Traceback" not in words, words
        assert code in MENDED_LATER, f"exit code {code}: {words}"
        self.tally.ends[code] += 1
        return code

    def _wait(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for a random moment; whether the command is still at work then."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=self.chance.uniform(0.05, self.longest_s))
        return process.poll() is None

    def _kill_one(self, process: subprocess.Popen[bytes]) -> None:
        found = victims(process.pid, self.host)
        # The desk's own process is always there; the others are there for moments only.
        others = sorted(found.keys() - {"desk"})
        kind = self.chance.choice(others) if others and self.chance.random() < OTHERS else "desk"
        for pid in found[kind]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.tally.kills[kind] += 1
        if kind == "desk":
            process.wait(timeout=LIMIT_S)
        self.watcher.look()


def victims(pid: int, host: Sshd) -> dict[str, list[int]]:
    """Whom one sync consists of at this moment, by what they are; never empty."""
    found: dict[str, list[int]] = {"desk": [pid]}
    for child in descendants(pid):
        words = command_line(child)
        moves = words and Path(words[0]).name in {"rsync", "ssh"} and "-G" not in words
        kind = "desk's rsync or ssh" if moves else ""
        found.setdefault(kind, []).append(child)
    for session in host.sessions():
        words = command_line(session)
        if "receive" in words:
            found.setdefault("far fleet", []).append(session)
        elif "--server" in words:
            found.setdefault("far rsync", []).append(session)
        elif words and words[0].startswith("sshd"):
            found.setdefault("server's connection", []).append(session)
    found.pop("", None)
    return found


def descendants(pid: int) -> list[int]:
    """Children of a process and theirs, whichever thread started them."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for listing in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                inner = [int(word) for word in listing.read_text().split()]
                found += inner
                waiting += inner
    return found


def command_line(pid: int) -> list[str]:
    """A process's words; none once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []
