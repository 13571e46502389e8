"""The transport over SFTP, against a real server."""

from __future__ import annotations

from tests.fleet.sync.transport.remote import LineContract


class TestSftp(LineContract):
    name = "sftp"
