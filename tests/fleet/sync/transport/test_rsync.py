"""The transport over rsync, against a real server and a real rsync."""

from __future__ import annotations

import pytest

from fleet.sync.ssh.config import resolve, ssh_argv
from fleet.sync.transport.base import Transport
from fleet.sync.transport.choice import rsync_here
from fleet.sync.transport.rsync import RsyncTransport
from tests.contracts.transport_contract import TransportContract
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import ALIAS, Sshd


class TestRsync(TransportContract):
    name = "rsync"

    @pytest.fixture
    def transport(self, server: Sshd, proxy: Proxy) -> Transport:
        found = rsync_here()
        assert found is not None, "rsync is missing: apt-get install rsync"
        ssh = ssh_argv(resolve(ALIAS, config_file=server.config))
        return RsyncTransport(ALIAS, ALIAS, ssh, found, there=found)
