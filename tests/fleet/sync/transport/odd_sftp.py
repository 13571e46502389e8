"""An SFTP server that does what servers may do and ours never does: short answers, lost writes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_EOF, SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK


class Odd:
    """What is odd about the server; may be changed at any time.

    Attributes:
        read_share: it gives this share of what is asked for (at least a byte).
        surplus: it gives so many bytes more than asked for.
        lose_write_at: a write at this offset fails, once.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.read_share = 1.0
        self.surplus = 0
        self.lose_write_at: int | None = None


class _Handle(paramiko.SFTPHandle):
    def __init__(self, odd: Odd, path: Path, flags: int) -> None:
        super().__init__(flags)
        self._odd, self._descriptor = odd, os.open(path, flags, 0o600)

    def close(self) -> None:
        os.close(self._descriptor)

    def read(self, offset: int, length: int) -> bytes | int:
        given = max(1, int(length * self._odd.read_share)) + self._odd.surplus
        return os.pread(self._descriptor, given, offset) or SFTP_EOF

    def write(self, offset: int, data: bytes) -> int:  # type: ignore[override]
        if self._odd.lose_write_at == offset:
            self._odd.lose_write_at = None
            return SFTP_FAILURE
        os.pwrite(self._descriptor, data, offset)
        return SFTP_OK

    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._descriptor))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        if attr.st_size is not None:
            os.ftruncate(self._descriptor, attr.st_size)
        return SFTP_OK


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, odd: Odd) -> None:
        super().__init__(server)
        self._odd = odd

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> _Handle:
        return _Handle(self._odd, Path(path), flags)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        if not os.path.lexists(path):
            return SFTP_NO_SUCH_FILE
        return paramiko.SFTPAttributes.from_stat(Path(path).lstat())

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        return [
            paramiko.SFTPAttributes.from_stat(entry.lstat(), entry.name)
            for entry in Path(path).iterdir()
        ]

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        if attr.st_size is not None:
            os.truncate(path, attr.st_size)
        return SFTP_OK

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        Path(oldpath).replace(newpath)
        return SFTP_OK


class _Door(paramiko.ServerInterface):
    def check_auth_none(self, username: str) -> int:
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


@contextlib.contextmanager
def serving(odd: Odd) -> Iterator[paramiko.Transport]:
    """A connection to such a server."""
    ours, theirs = socket.socketpair()
    server = paramiko.Transport(theirs)
    server.add_server_key(paramiko.ECDSAKey.generate())
    server.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, odd)
    ready = threading.Event()
    server.start_server(event=ready, server=_Door())
    client = paramiko.Transport(ours)
    try:
        client.start_client(timeout=20.0)
        client.auth_none("desk")
        yield client
    finally:
        client.close()
        server.close()
