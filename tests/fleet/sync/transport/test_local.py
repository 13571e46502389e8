"""The transport for a disk that is mounted here."""

from __future__ import annotations

import pytest

from fleet.sync.transport.base import Transport
from fleet.sync.transport.local import LocalTransport
from tests.contracts.transport_pace_contract import PaceContract


class TestLocal(PaceContract):
    name = "local"

    @pytest.fixture
    def transport(self) -> Transport:
        return LocalTransport("nas")
