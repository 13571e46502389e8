"""The transport for a disk that is mounted here."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.sync.errors import TransferRefused
from fleet.sync.transport.base import Transport
from fleet.sync.transport.local import LocalTransport
from tests.contracts.transfers import MEGA, bytes_of, write
from tests.contracts.transport_pace_contract import PaceContract


class TestLocal(PaceContract):
    name = "local"

    @pytest.fixture
    def transport(self) -> Transport:
        return LocalTransport("nas")

    def test_a_part_that_ends_as_the_source_does_is_gone_on_with(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        whole = bytes_of(2 * MEGA)
        items = write(here, {"a.jpg": whole})
        # What lies before the part's end tells whether it was copied again.
        (far / ".a.jpg.part").write_bytes(b"mark" + whole[4:MEGA])

        self.send(transport, items, here, far)

        assert (far / "a.jpg").read_bytes() == b"mark" + whole[4:]

    def test_a_part_that_ends_otherwise_is_not(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        whole = bytes_of(2 * MEGA)
        items = write(here, {"a.jpg": whole})
        (far / ".a.jpg.part").write_bytes(whole[: MEGA - 1] + bytes([whole[MEGA - 1] ^ 1]))

        self.send(transport, items, here, far)

        assert (far / "a.jpg").read_bytes() == whole

    def test_a_part_that_is_a_link_is_not_written_through(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        outside = far.parent / "outside"
        outside.write_text("mine")
        (far / ".a.jpg.part").symlink_to(outside)
        items = write(here, {"a.jpg": b"theirs"})

        with pytest.raises(TransferRefused, match="a symbolic link, not a file"):
            self.send(transport, items, here, far)

        assert outside.read_text() == "mine"
