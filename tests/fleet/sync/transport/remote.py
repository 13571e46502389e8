"""What every transport over a line does besides; a proxy stands in the line."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.sync.errors import HostUnreachable, TransferFailed
from fleet.sync.transport.base import Item, Pace, Transport
from tests.contracts.transfers import MEGA, Running, bytes_below, bytes_of, tree, until, write
from tests.contracts.transport_contract import ArrivalContract
from tests.contracts.transport_pace_contract import PaceContract
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import Sshd
from tests.fleet.sync.transport.client import opened, start

STEADY = Pace(bytes_per_s=12 * MEGA)
"""Slow enough that little lies in the buffers of the line, which is lost with it."""


class OverALine(ArrivalContract):
    """A transport over a line, through the proxy; cut, it goes on."""

    @pytest.fixture
    def transport(self, server: Sshd, proxy: Proxy) -> Iterator[Transport]:
        with opened(self.name, server.config) as transport:
            yield transport

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_a_line_that_is_cut_is_told_and_only_the_rest_travels_later(
        self, server: Sshd, proxy: Proxy, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        files = {"a.jpg": bytes_of(12 * MEGA)}
        items = write(source, files)
        move = self.send if direction == "send" else self.fetch
        self._cut_midway(server, proxy, direction, items, source, sink, arrived=6 * MEGA)
        proxy.reset_counters()
        with opened(self.name, server.config) as transport:
            move(transport, items, source, sink)

        assert tree(sink) == files
        assert proxy.up + proxy.down < 9 * MEGA

    def _cut_midway(
        self,
        server: Sshd,
        proxy: Proxy,
        direction: str,
        items: list[Item],
        source: Path,
        sink: Path,
        *,
        arrived: int,
    ) -> None:
        """Begin to move ``items``, and cut the line when so many bytes are on the other side."""
        move = self.send if direction == "send" else self.fetch
        with opened(self.name, server.config) as transport:
            running = Running(
                lambda stop: move(transport, items, source, sink, pace=STEADY, stop=stop)
            )
            until(lambda: bytes_below(sink) > arrived, what=f"{arrived} bytes arrived")
            proxy.cut()
            running.join()
        assert isinstance(running.error, TransferFailed | HostUnreachable)
        until(lambda: kept(sink) > arrived // 2, what="what had arrived is kept")


class LineContract(OverALine, PaceContract):
    """What every transport over a line does."""

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_killed_it_leaves_no_process_and_only_the_rest_travels_later(
        self, server: Sshd, proxy: Proxy, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        files = {"a.jpg": bytes_of(40 * MEGA), "b.jpg": b"b"}
        items = write(source, files)
        desk = start(
            self.name, server.config, direction, source=source, sink=sink, items=items,
            bytes_per_s=4 * MEGA,
        )  # fmt: skip
        until(lambda: bytes_below(sink) > 6 * MEGA, what="a part of it arrived")

        children = descendants(desk.pid)
        assert children or self.name != "rsync"
        desk.kill()
        desk.wait()

        until(lambda: not any(map(runs, children)), what=f"{children} are gone", patience_s=4.0)
        until(lambda: kept(sink) > 3 * MEGA, what="what had arrived is kept")
        proxy.reset_counters()
        with opened(self.name, server.config) as transport:
            move = self.send if direction == "send" else self.fetch
            move(transport, items, source, sink)
        assert tree(sink) == files
        assert proxy.up + proxy.down < 38 * MEGA

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_a_part_that_is_not_the_source_is_not_gone_on_with(
        self, server: Sshd, proxy: Proxy, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"a.jpg": bytes_of(4 * MEGA, seed=1)})
        move = self.send if direction == "send" else self.fetch
        self._cut_midway(server, proxy, direction, items, source, sink, arrived=2 * MEGA)

        another = {"a.jpg": bytes_of(4 * MEGA, seed=2)}
        write(source, another)
        with opened(self.name, server.config) as transport:
            move(transport, items, source, sink)

        assert tree(sink) == another

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_a_line_that_falls_silent_is_given_up(
        self, transport: Transport, proxy: Proxy, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"a.jpg": bytes_of(30 * MEGA)})
        move = self.send if direction == "send" else self.fetch
        pace = Pace(bytes_per_s=8 * MEGA, timeout_s=1.0)
        running = Running(lambda stop: move(transport, items, source, sink, pace=pace, stop=stop))
        until(lambda: bytes_below(sink) > MEGA, what="a megabyte arrived")

        proxy.silence()
        since = time.monotonic()
        running.join()

        assert isinstance(running.error, TransferFailed | HostUnreachable)
        assert time.monotonic() - since < 10.0

    def test_ten_files_cut_three_times_arrive_by_trying_again(
        self, server: Sshd, proxy: Proxy, here: Path, far: Path
    ) -> None:
        files = {f"{n}/{n}.jpg": bytes_of(MEGA, seed=n) for n in range(10)}
        items = write(here, files)
        proxy.cut_after(int(2.5 * MEGA), times=3)

        tries = 0
        while tree(far) != files:
            tries += 1
            assert tries < 8
            try:
                with opened(self.name, server.config) as transport:
                    self.send(transport, items, here, far, pace=STEADY)
            except (TransferFailed, HostUnreachable):
                continue

        assert proxy.cuts == 3

    def test_what_is_there_is_not_sent_again(
        self, transport: Transport, proxy: Proxy, here: Path, far: Path
    ) -> None:
        items = write(here, {f"{n}.jpg": bytes_of(MEGA, seed=n) for n in range(4)})
        self.send(transport, items, here, far)
        proxy.reset_counters()

        self.send(transport, items, here, far)

        assert proxy.up < 100_000

    def test_holes_stay_holes(self, transport: Transport, here: Path, far: Path) -> None:
        with (here / "big.tif").open("wb") as stream:
            stream.seek(200 * MEGA)
            stream.write(b"end")

        self.send(transport, [Item("big.tif", 200 * MEGA + 3)], here, far)

        assert (far / "big.tif").stat().st_blocks * 512 < MEGA


def descendants(pid: int) -> list[int]:
    """Every process below ``pid``."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            try:
                children = [int(word) for word in task.read_text().split()]
            except OSError:
                continue
            found += children
            waiting += children
    return found


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, signal.SIG_DFL)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kept(folder: Path) -> int:
    """Bytes that a later transfer can go on with: not those of rsync's temporary files."""
    total = 0
    for path in folder.rglob("*"):
        torn = path.name.startswith(".") and not path.name.endswith(".part")
        if path.is_file() and not torn:
            total += path.lstat().st_size
    return total
