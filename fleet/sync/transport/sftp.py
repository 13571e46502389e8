"""The transport over SFTP (paramiko), for a host that has no rsync: resumable, whole or absent."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import Final

import paramiko

from fleet.sync.errors import NoRoom
from fleet.sync.transport import disk, sftp_wire
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.disk import HERE, Stamp, Way
from fleet.sync.transport.local import FULL, is_hole, open_to_read, open_to_write
from fleet.sync.transport.pace import Throttle
from fleet.sync.transport.resume import Seen, part_of, plan
from fleet.sync.transport.status import Status

NANO: Final = 1_000_000_000
CHUNK: Final = 64 * 1024
RIGHTS: Final = 0o640
FOLDER_RIGHTS: Final = 0o750


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
        before = disk.stamps(items, source=source, way=self._way)
        throttle = Throttle(pace, stop, self._way)
        with self._session(pace) as client:
            far = _Far(client, destination or ".", self._way)
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
        with self._session(pace) as client:
            far = _Far(client, source or ".", self._way)
            try:
                disk.make_folders(destination, items, way=self._way)
                disk.check_places(destination, items, way=self._way)
                for item in items:
                    throttle.spend(0)
                    far.get(item, destination, throttle)
            except OSError as error:
                what = error.strerror or str(error)
                if error.errno in FULL:
                    raise NoRoom(host=HERE, folder=str(destination), what=what) from None
                raise self._way.failed(Status.FILE_IO, what) from None

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


class _Far:
    """A folder on the host."""

    def __init__(self, client: paramiko.SFTPClient, root: str, way: Way) -> None:
        self._client, self._root, self._way = client, root, way
        self._listed: dict[str, dict[str, paramiko.SFTPAttributes]] = {}

    def put(self, source: Path, path: str, stamp: Stamp, throttle: Throttle) -> None:
        """Bring one file there."""
        folder = str(PurePosixPath(path).parent)
        listed = self._listing(folder)
        target, part = self._path(path), self._path(part_of(path))
        there = self._regular(listed.get(PurePosixPath(path).name), target)
        begun = self._regular(listed.get(PurePosixPath(part).name), part)
        seen = Seen(stamp.size, stamp.mtime_ns // NANO)
        way = plan(
            seen,
            there=None if there is None else Seen(there.st_size or 0, int(there.st_mtime or 0)),
            part=None if begun is None else begun.st_size,
        )
        if way.skip:
            return
        try:
            reader = open_to_read(source)
        except OSError as error:
            raise self._way.failed(
                Status.PARTIAL, f"{disk.harmless(path)}: {error.strerror}"
            ) from None
        with reader, self._there(path, missing=stamp.size):
            writer = self._client.open(part, "r+b" if begun is not None else "wb")
            with writer:
                at = self._go_on_at(reader, writer, way.compare_from, way.go_on_at)
                if begun is not None and at == 0:
                    writer.truncate(0)
                self._pour(reader, writer, at, path, stamp, throttle)
            self._client.posix_rename(part, target)

    def get(self, item: Item, destination: Path, throttle: Throttle) -> None:
        """Bring one file here."""
        path = self._path(item.path)
        with self._there(item.path):
            status = self._client.lstat(path)
        mode, size = status.st_mode or 0, status.st_size or 0
        if not stat.S_ISREG(mode):
            raise self._way.failed(
                Status.PARTIAL, f"{disk.harmless(item.path)} is {disk.kind_of(mode)}"
            )
        if size > item.size_bytes:
            raise self._way.failed(
                Status.PARTIAL, f"larger than was said: {disk.harmless(item.path)}"
            )
        target, part = destination / item.path, destination / part_of(item.path)
        way = plan(
            Seen(size, int(status.st_mtime or 0)),
            there=_seen(target),
            part=part.lstat().st_size if os.path.lexists(part) else None,
        )
        if way.skip:
            return
        with open_to_write(part) as writer:
            with self._there(item.path):
                reader = self._client.open(path, "rb")
            with reader:
                at = way.go_on_at
                with self._there(item.path):
                    at = self._go_on_at(writer, reader, way.compare_from, at)
                writer.truncate(at)
                writer.seek(at)
                self._draw(reader, writer, at, size, item.path, throttle)
                with self._there(item.path):
                    after = reader.stat()
            if (after.st_size, after.st_mtime) != (status.st_size, status.st_mtime):
                raise self._way.failed(
                    Status.VANISHED, f"changed while it was fetched: {disk.harmless(item.path)}"
                )
            writer.truncate(size)
            os.utime(writer.fileno(), (status.st_mtime or 0, status.st_mtime or 0))
        part.replace(target)

    def _draw(
        self,
        reader: paramiko.SFTPFile,
        writer: FileIO,
        at: int,
        size: int,
        path: str,
        throttle: Throttle,
    ) -> None:
        arriving = iter(sftp_wire.Reading(reader, start=at, end=size))
        while True:
            with self._there(path):
                data = next(arriving, b"")
            if not data:
                break
            throttle.spend(len(data))
            at += len(data)
            if is_hole(data):
                writer.seek(at)
            else:
                writer.write(data)
        if at != size:
            raise self._way.failed(
                Status.VANISHED, f"changed while it was fetched: {disk.harmless(path)}"
            )

    def _pour(
        self,
        reader: FileIO,
        writer: paramiko.SFTPFile,
        at: int,
        path: str,
        stamp: Stamp,
        throttle: Throttle,
    ) -> None:
        reader.seek(at)
        writer.seek(at)
        writer.set_pipelined(True)
        while chunk := reader.read(CHUNK):
            throttle.spend(len(chunk))
            at += len(chunk)
            if is_hole(chunk):
                writer.seek(at)
            else:
                writer.write(chunk)
        if at != stamp.size:
            raise self._way.failed(
                Status.VANISHED, f"changed while they were sent: {disk.harmless(path)}"
            )
        sftp_wire.drain(writer)
        sftp_wire.settle(writer, size=at, mode=RIGHTS, mtime=stamp.mtime_ns // NANO)

    def _go_on_at(self, ours: FileIO, theirs: paramiko.SFTPFile, since: int, at: int) -> int:
        if not at:
            return 0
        ours.seek(since)
        theirs.seek(since)
        return at if ours.read(at - since) == theirs.read(at - since) else 0

    def _path(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}" if self._root != "." else path

    def _regular(
        self, status: paramiko.SFTPAttributes | None, path: str
    ) -> paramiko.SFTPAttributes | None:
        mode = 0 if status is None else status.st_mode or 0
        if status is not None and not stat.S_ISREG(mode):
            raise self._way.refused(
                Status.UNSUPPORTED, f"{disk.harmless(path)} is {disk.kind_of(mode)} there"
            )
        return status

    def _listing(self, folder: str) -> dict[str, paramiko.SFTPAttributes]:
        """What lies in a folder there, which is made if it is missing."""
        if folder in self._listed:
            return self._listed[folder]
        if folder == ".":
            path = self._root
        else:
            self._listing(str(PurePosixPath(folder).parent))
            path = self._path(folder)
        with self._there(folder):
            mode = None
            with contextlib.suppress(FileNotFoundError):
                mode = self._client.lstat(path).st_mode
            if mode is None:
                self._client.mkdir(path, FOLDER_RIGHTS)
                found = {}
            elif stat.S_ISDIR(mode):
                found = {entry.filename: entry for entry in self._client.listdir_attr(path)}
            else:
                raise self._way.refused(
                    Status.UNSUPPORTED,
                    f"{disk.harmless(path)} is {disk.kind_of(mode)} there, not a folder",
                )
        self._listed[folder] = found
        return found

    @contextlib.contextmanager
    def _there(self, path: str, *, missing: int = 0) -> Iterator[None]:
        """What goes wrong on the line or on the other side, as our own errors."""
        shown = disk.harmless(path)
        try:
            yield
        except TimeoutError:
            raise self._way.failed(Status.SILENT, f"nothing came for too long ({shown})") from None
        except EOFError:
            raise self._way.failed(Status.SOCKET, f"{shown}: the connection was lost") from None
        except (paramiko.SSHException, paramiko.SFTPError, UnicodeDecodeError) as error:
            # Of a lost connection paramiko says "Server connection dropped: " and no more.
            what = disk.harmless(str(error)).rstrip(": .") or "the connection was lost"
            raise self._way.failed(Status.STREAM, f"{shown}: {what}") from None
        except PermissionError:
            raise self._way.refused(Status.FILE_IO, f"{shown}: permission denied there") from None
        except FileNotFoundError:
            raise self._way.failed(Status.VANISHED, f"{shown} is not there") from None
        except OSError as error:
            if error.errno in {errno.EPIPE, errno.ECONNRESET} or "closed" in str(error):
                raise self._way.failed(Status.SOCKET, f"{shown}: {error}") from None
            free = sftp_wire.free_bytes(self._client, self._root)
            if missing and free is not None and free < missing:
                raise NoRoom(
                    host=self._way.host, folder=self._root, what=f"{free} bytes are free"
                ) from None
            what = f"{shown}: the other side says {disk.harmless(str(error))!r}"
            raise self._way.failed(Status.PARTIAL, what) from None


def _seen(path: Path) -> Seen | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return Seen(status.st_size, int(status.st_mtime))
