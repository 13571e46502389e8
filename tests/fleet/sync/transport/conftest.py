"""What tests of transports share: one server for a file of tests, with a proxy before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import Sshd


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server that runs, and whose key the client trusts."""
    server = Sshd(tmp_path_factory.mktemp("server") / "sshd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def proxy(server: Sshd) -> Iterator[Proxy]:
    """A proxy before the server; the client's configuration leads through it."""
    with Proxy(server.port) as proxy:
        server.write_client_config(port=proxy.port)
        yield proxy
