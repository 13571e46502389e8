"""The transport over SFTP (paramiko), for a host that has no rsync: resumable, whole or absent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import paramiko

from fleet.sync.transport import disk
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.disk import Way
from fleet.sync.transport.pace import Throttle
from fleet.sync.transport.sftp_far import Far


class SftpTransport:
    """Files to and from one host by SFTP."""

    def __init__(self, open: Callable[[], paramiko.SFTPClient], host: str) -> None:  # noqa: A002
        """Prepare to speak with ``host``; ``open`` gives a new SFTP session each time."""
        self.host = host
        self._open = open
        self._way = Way(by="sftp", host=host)
        self._client: paramiko.SFTPClient | None = None

    @property
    def name(self) -> str:
        """``sftp``."""
        return "sftp"

    def send(
        self, items: Sequence[Item], *, source: Path, destination: str, pace: Pace, stop: Stop
    ) -> None:
        """As ``Transport.send``."""
        if not items:
            return
        throttle = Throttle(pace, stop, self._way)
        with disk.telling(source, way=self._way):
            before = disk.stamps(items, source=source, way=self._way)
            with self._session(pace) as client:
                far = Far(client, destination or ".", self._way)
                for item in items:
                    throttle.spend(0)
                    far.put(source / item.path, item.path, before[item.path], throttle)
        disk.check_unchanged(before, source=source, way=self._way)

    def fetch(
        self, items: Sequence[Item], *, source: str, destination: Path, pace: Pace, stop: Stop
    ) -> None:
        """As ``Transport.fetch``."""
        if not items:
            return
        throttle = Throttle(pace, stop, self._way)
        with disk.telling(destination, way=self._way):
            disk.make_folders(destination, items, way=self._way)
            disk.check_places(destination, items, way=self._way)
            with self._session(pace) as client:
                far = Far(client, source or ".", self._way)
                for item in items:
                    throttle.spend(0)
                    far.get(item, destination, throttle)

    def close(self) -> None:
        """End the session; harmless to repeat."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                client.close()

    @contextlib.contextmanager
    def _session(self, pace: Pace) -> Iterator[paramiko.SFTPClient]:
        if self._client is None:
            self._client = self._open()
        channel = self._client.get_channel()
        if channel is not None:
            channel.settimeout(pace.timeout_s)
        try:
            yield self._client
        except BaseException:
            # Answers to what was asked may still be under way: the session is of no more use.
            self.close()
            raise
