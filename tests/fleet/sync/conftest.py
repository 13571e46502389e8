"""What tests of sync share: a host to sync with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.sync.sshd import Sshd


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sshd]:
    """A server that runs, and whose key the client trusts."""
    server = Sshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()
