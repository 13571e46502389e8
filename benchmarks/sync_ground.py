"""Where syncs are measured: a server on loopback, a desk, and the peers of every transport.

The peers do what a person would do by hand: ``rsync -rt -e ssh`` and paramiko's ``put`` and
``get``.  Both sides of every comparison read the same files and write to the same disk.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import paramiko

from fleet.home import Home
from fleet.settings import load_settings
from fleet.sync.desk.reach import Reached, reach
from tests.acceptance.cli import command, environment
from tests.chaos.transit import Desk, desk, inbox_of, outbox_of
from tests.fleet.sync.sshd import ALIAS, Sshd

FAST_CIPHER: Final = "aes128-gcm@openssh.com"
"""The cipher that the fleet asks ssh for; the peer is measured with it too."""
LIMIT_S: Final = 900.0


@dataclass(frozen=True)
class Ground:
    """One server and one desk; everything lies below ``root``, on one disk."""

    root: Path
    host: Sshd
    desk: Desk

    def fleet(self, *arguments: str | Path) -> int:
        """Run ``fleet ARGUMENTS`` on the desk; the memory of its largest process, in bytes."""
        said = self.root / "said.txt"
        with said.open("wb") as out:
            process = subprocess.Popen(
                command(*arguments), env=environment(self.desk.home), stdin=subprocess.DEVNULL,
                stdout=out, stderr=out,
            )  # fmt: skip
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{arguments} ended with {process.returncode}: {said.read_text()}")
        return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    def forget(self) -> None:
        """Make both sides as they were before the first sync."""
        for folder in (self.host.home, self.desk.home / "sync", self.root / "there"):
            shutil.rmtree(folder, ignore_errors=True)
        (self.desk.folder / ".motionfleet-label").unlink(missing_ok=True)
        self.host.home.mkdir(mode=0o700)
        # What the last one left to be written is not written at the expense of the next.
        os.sync()

    @property
    def inbox(self) -> Path:
        """Where sets are taken in."""
        return inbox_of(self.host)

    @property
    def outbox(self) -> Path:
        """Below which clips are published."""
        return outbox_of(self.host)

    @contextlib.contextmanager
    def reached(self) -> Iterator[Reached]:
        """The host, for measuring its transport alone."""
        with reach(ALIAS, settings=load_settings(Home(self.desk.home))) as found:
            yield found

    def rsync(self, source: str, destination: str, *, cipher: str | None = None) -> None:
        """The peer: rsync over ssh, as it comes."""
        ssh = f"ssh -F {self.host.config}" + (f" -c {cipher}" if cipher else "")
        subprocess.run(
            ["rsync", "-rt", "-e", ssh, source, destination], check=True, timeout=LIMIT_S
        )

    @contextlib.contextmanager
    def paramiko(self) -> Iterator[paramiko.SFTPClient]:
        """The other peer: a client as paramiko makes it."""
        with paramiko.SSHClient() as client:
            client.load_host_keys(str(self.host.known_hosts))
            client.connect(
                "127.0.0.1", port=self.host.port, key_filename=str(self.host.identity),
                allow_agent=False, look_for_keys=False,
            )  # fmt: skip
            with client.open_sftp() as sftp:
                yield sftp


@contextlib.contextmanager
def ground(*, transport: str = "rsync") -> Iterator[Ground]:
    """A server that runs and a desk with an empty folder."""
    with tempfile.TemporaryDirectory(prefix="sync-bench-") as name:
        root = Path(name)
        host = Sshd(root / "sshd")
        host.start()
        try:
            yield Ground(root, host, desk(root, host, transport=transport))
        finally:
            host.stop()


def alternately(
    peers: Mapping[str, Callable[[], object]], *, rounds: int, before: Callable[[], object]
) -> dict[str, list[float]]:
    """Seconds that each of ``peers`` took in each round, taking turns; ``before`` is not timed."""
    times: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(rounds):
        # Each is first once in a while: whoever comes after another finds the machine warmer.
        names = list(peers)[number % len(peers) :] + list(peers)[: number % len(peers)]
        for name in names:
            before()
            begun = perf_counter()
            peers[name]()
            times[name].append(perf_counter() - begun)
    return times


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: statistics.median(each) for name, each in times.items()}
