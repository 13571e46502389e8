"""The transport over SFTP, against a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleet.sync.ssh.config import resolve
from fleet.sync.ssh.connection import Connection
from fleet.sync.transport.base import Transport
from fleet.sync.transport.sftp import SftpTransport
from tests.contracts.transport_contract import TransportContract
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import ALIAS, Sshd


@pytest.fixture
def transport(server: Sshd, proxy: Proxy) -> Iterator[Transport]:
    with Connection(resolve(ALIAS, config_file=server.config), name=ALIAS) as connection:
        transport = SftpTransport(connection.sftp, host=ALIAS)
        yield transport
        transport.close()


class TestSftp(TransportContract):
    name = "sftp"

    @pytest.fixture
    def transport(self, server: Sshd, proxy: Proxy) -> Iterator[Transport]:
        with Connection(resolve(ALIAS, config_file=server.config), name=ALIAS) as connection:
            transport = SftpTransport(connection.sftp, host=ALIAS)
            yield transport
            transport.close()
