"""What every transport does in time: stops, goes on, keeps its pace, notices what changes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fleet.sync.errors import TransferFailed
from fleet.sync.transport.base import Pace, Transport
from tests.contracts.transfers import MEGA, Running, bytes_below, bytes_of, tree, until, write
from tests.contracts.transport_contract import TransportContract


class PaceContract(TransportContract):
    """What every transport does in time."""

    @pytest.mark.parametrize("how", ["rewritten", "replaced"])
    def test_a_file_that_changes_under_way_is_told(
        self, transport: Transport, here: Path, far: Path, how: str
    ) -> None:
        items = write(here, {"a.jpg": bytes_of(8 * MEGA), "z.jpg": b"z"})
        running = Running(
            lambda stop: self.send(
                transport, items, here, far, pace=Pace(bytes_per_s=8 * MEGA), stop=stop
            )
        )
        until(lambda: bytes_below(far) > 0, what="something arrived")

        another = here / "a.jpg" if how == "rewritten" else here / "new"
        another.write_bytes(bytes_of(8 * MEGA, seed=1) if how == "replaced" else b"another")
        another.replace(here / "a.jpg")
        running.join()

        assert isinstance(running.error, TransferFailed)
        assert "a.jpg" in str(running.error)

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_it_stops_soon_and_goes_on_later(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        files = {"a.jpg": bytes_of(20 * MEGA)}
        items = write(source, files)
        move = self.send if direction == "send" else self.fetch
        running = Running(
            lambda stop: move(
                transport, items, source, sink, pace=Pace(bytes_per_s=4 * MEGA), stop=stop
            )
        )
        until(lambda: bytes_below(sink) > MEGA, what="a megabyte arrived")

        running.stop.event.set()
        asked = time.monotonic()
        running.join()

        assert time.monotonic() - asked < 10.0
        assert isinstance(running.error, TransferFailed)
        assert "stopped" in str(running.error)
        if direction == "send":
            assert "a.jpg" not in tree(far)
        move(transport, items, source, sink)
        assert (sink / "a.jpg").read_bytes() == files["a.jpg"]

    def test_while_it_is_sent_a_file_has_not_its_name(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        items = write(here, {"a.jpg": bytes_of(4 * MEGA)})
        running = Running(
            lambda stop: self.send(
                transport, items, here, far, pace=Pace(bytes_per_s=8 * MEGA), stop=stop
            )
        )
        sizes: set[int] = set()
        while running.alive:
            if (far / "a.jpg").exists():
                sizes.add((far / "a.jpg").stat().st_size)
            time.sleep(0.005)
        running.join()

        assert running.error is None
        assert sizes <= {4 * MEGA}
