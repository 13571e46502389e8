"""Machines on a network of their own: namespaces of the kernel, joined by a switch.

Each machine has its own network card, address and processes; disks are shared.  A cable can be
pulled and a machine can lose its power, and neither says goodbye: what a test on one loopback
interface can never show.  When the process that made a network ends, in whatever way, the kernel
ends every process on it and takes every card away.

Needs Linux, ``unshare`` and ``nsenter`` (util-linux), ``ip`` (iproute2), and root or the right to
make user namespaces; ``lacking`` says what is missing, for the reason of a skipped test.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

SUBNET: Final = "10.77.0"
_INIT: Final = (
    sys.executable, "-S", "-E", "-c",
    "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nwhile True: signal.pause()",
)  # fmt: skip
"""The first process of a machine: it only sees to it that the dead are buried."""
_CLONE_FS: Final = 0x200
_CLONE_NEWNS: Final = 0x20000
T = TypeVar("T")
_ROOTLESS: Final = ("--user", "--map-root-user") if os.geteuid() else ()


def lacking() -> str:
    """What keeps networks from being made here, in words; empty if nothing does."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    for tool in ("unshare", "nsenter", "setpriv", "ip"):
        if shutil.which(tool) is None:
            return f"the command {tool!r} is missing (packages util-linux and iproute2)"
    tried = subprocess.run(
        ["unshare", *_ROOTLESS, "--net", "--pid", "--fork", "--mount-proc",
         "ip", "link", "add", "name", "br0", "type", "bridge"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    if tried.returncode:
        return f"no right to make network namespaces ({tried.stderr.strip() or 'run as root'})"
    return ""


def alive(pid: int) -> bool:
    """Whether that process runs, here or on any machine; a zombie does not."""
    return bool(_command_of(pid))


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a machine, by its number outside of it."""

    pid: int
    command: str

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal; harmless if it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    @property
    def alive(self) -> bool:
        """Whether it runs still, and under the same command."""
        return _command_of(self.pid) == self.command


class Machine:
    """One machine of a network."""

    def __init__(self, network: Network, *, number: int) -> None:
        self.address: Final = f"{SUBNET}.{number}"
        self._inside: ThreadPoolExecutor | None = None
        self._network = network
        self._card = f"card{number}"
        self._host = network.spawn(
            ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
             *_INIT]
        )  # fmt: skip
        self.init = _wait_for_init(self._host.pid)
        link = ["type", "veth", "peer", "name", "eth0", "netns", str(self.init)]
        network.ip("link", "add", "name", self._card, *link)
        network.ip("link", "set", self._card, "master", "switch", "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{self.address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            subprocess.run([*_enter(self.init, "--net"), "ip", *words], check=True, timeout=30)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command line that runs ``arguments`` on this machine."""
        return [*_enter(self.init, "--net", "--pid", "--mount"), *arguments]

    def run(
        self, arguments: Sequence[str], *, env: Mapping[str, str], timeout_s: float = 60.0
    ) -> str:
        """Run a command here to its end; its standard output.

        Raises:
            AssertionError: it failed; its words are in the message.
        """
        done = subprocess.run(
            self.command(arguments), env=env, capture_output=True, text=True, check=False,
            timeout=timeout_s,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def processes(self, *words: str) -> list[Process]:
        """What runs here and has all ``words`` in its command line or title."""
        return [
            process
            for process in _processes_in(self.init)
            if all(word in process.command for word in words)
        ]

    def kill(self, *words: str) -> int:
        """``kill -9`` on all of ``processes(*words)``; how many there were."""
        found = self.processes(*words)
        for process in found:
            process.kill()
        return len(found)

    def seeing_its_disks(self, act: Callable[[], T]) -> T:
        """What ``act`` returns, called in a thread that has this machine's disks mounted, as its
        processes do, and not those that this process has.  Needs root.
        """
        if self._inside is None:
            self._inside = ThreadPoolExecutor(1, initializer=_move_in, initargs=(self.init,))
        return self._inside.submit(act).result()

    def unplug(self) -> None:
        """Pull the network cable: nothing comes or goes, and nobody is told."""
        self._network.ip("link", "set", self._card, "down")

    def plug_in(self) -> None:
        """Put the cable back."""
        self._network.ip("link", "set", self._card, "up")

    def power_off(self) -> None:
        """All processes end at this instant, and the card is gone from the switch.

        The card goes first: a kernel that ends processes would close their connections politely.
        """
        self.unplug()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGKILL)
        self._host.wait(30.0)


class Network:
    """A switch and the machines on it, for the length of a ``with`` block."""

    def __init__(self) -> None:
        self._root = 0
        self._started: list[subprocess.Popen[bytes]] = []
        self._numbers = iter(range(1, 255))

    def __enter__(self) -> Self:
        # setpriv: the whole network dies with this process, even if that is killed itself.
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", *_ROOTLESS, "--net", "--pid", "--fork",
             "--kill-child", "--mount-proc", *_INIT],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._started.append(process)
        self._root = _wait_for_init(process.pid)
        self.ip("link", "set", "lo", "up")
        self.ip("link", "add", "name", "switch", "type", "bridge")
        self.ip("link", "set", "switch", "up")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._root, signal.SIGKILL)
        for process in self._started:
            process.wait(30.0)

    def machine(self) -> Machine:
        """Switch a new machine on; it has nothing running."""
        return Machine(self, number=next(self._numbers))

    def spawn(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a process that dies with the network."""
        process = subprocess.Popen(
            [*_enter(self._root, "--net", "--pid", "--mount"), *arguments],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._started.append(process)
        return process

    def ip(self, *words: str) -> None:
        """Change the switch's cards."""
        subprocess.run([*_enter(self._root, "--net"), "ip", *words], check=True, timeout=30)


def _enter(pid: int, *spaces: str) -> list[str]:
    as_owner = ("--user", "--preserve-credentials") if _ROOTLESS else ()
    return ["nsenter", "--target", str(pid), *as_owner, *spaces, "--"]


def _move_in(pid: int) -> None:
    """Leave this process's view of the disks for that of ``pid``: for the calling thread alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    space = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    try:
        if libc.unshare(_CLONE_FS) or libc.setns(space, _CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "no right to see another machine's disks")
    finally:
        os.close(space)


def _wait_for_init(pid: int) -> int:
    """The pid of the ``_INIT`` that ``pid`` comes to have at the end of its line of children."""
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline:
        last = pid
        while children := _children(last):
            last = children[0]
        if _command_of(last) == " ".join(_INIT):
            return last
        time.sleep(0.005)
    raise TimeoutError("a namespace did not come up")


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _command_of(pid: int) -> str:
    """Command line or title of a process; empty if it is gone or a zombie."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()


def _processes_in(init: int) -> Iterator[Process]:
    """Processes of the pid namespace of ``init``, without ``init`` itself."""
    try:
        space = Path(f"/proc/{init}/ns/pid").readlink()
    except OSError:
        return
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == init:
            continue
        try:
            if (entry / "ns" / "pid").readlink() != space:
                continue
        except OSError:
            continue
        command = _command_of(int(entry.name))
        if command:
            yield Process(int(entry.name), command)
