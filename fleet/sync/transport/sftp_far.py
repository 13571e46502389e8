"""A folder on a host as SFTP sees it: one file brought there, one brought here.

What goes wrong on the line or on the other side is told as our own errors; what goes wrong on
this machine's disk stays an ``OSError`` of whoever calls.  After an error nothing is closed
politely: the session is thrown away, which is quicker than waiting for what is still under way.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import Final

import paramiko

from fleet.sync.errors import NoRoom, TransferFailed
from fleet.sync.transport import disk, sftp_wire
from fleet.sync.transport.base import Item
from fleet.sync.transport.disk import Stamp, Way, harmless
from fleet.sync.transport.pace import Throttle
from fleet.sync.transport.resume import Plan, Seen, part_of, plan
from fleet.sync.transport.status import Status

NANO: Final = 1_000_000_000
CHUNK: Final = 64 * 1024
RIGHTS: Final = 0o640
FOLDER_RIGHTS: Final = 0o750


class Far:
    """A folder on the host, for the length of one transfer."""

    def __init__(self, client: paramiko.SFTPClient, root: str, way: Way) -> None:
        self._client, self._root, self._way = client, root, way
        self._listed: dict[str, dict[str, paramiko.SFTPAttributes]] = {}

    def put(self, source: Path, path: str, stamp: Stamp, throttle: Throttle) -> None:
        """Bring one file there, whole or under its partial name.

        Raises:
            TransferFailed, TransferRefused, NoRoom: it did not get there.
            OSError: ``source`` cannot be read.
        """
        listed = self._listing(str(PurePosixPath(path).parent))
        target, part = self._path(path), self._path(part_of(path))
        there = self._regular(listed.get(PurePosixPath(path).name), target)
        begun = self._regular(listed.get(PurePosixPath(part).name), part)
        seen = Seen(stamp.size, stamp.mtime_ns // NANO)
        todo = plan(
            seen,
            there=None if there is None else _seen_there(there),
            part=None if begun is None else begun.st_size,
        )
        if todo.skip:
            return
        with disk.open_to_read(source) as reader:
            with self._there(path):
                writer = self._client.open(part, "r+b" if begun is not None else "wb")
            start = self._agreed(reader, writer, todo, path=path)
            if begun is not None and start == 0:
                with self._there(path):
                    writer.truncate(0)
            try:
                self._pour(reader, writer, start, path, stamp, throttle)
            except (TransferFailed, NoRoom) as error:
                if _refused_a_write(error):
                    # Writes after the one that failed may have gone well: what this run wrote has
                    # a hole, and its end would look as if it could be gone on with.
                    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                        self._client.truncate(part, start)
                raise
        with self._there(path):
            writer.close()
            self._client.posix_rename(part, target)

    def _pour(
        self,
        reader: FileIO,
        writer: paramiko.SFTPFile,
        start: int,
        path: str,
        stamp: Stamp,
        throttle: Throttle,
    ) -> None:
        """Write from ``start`` to the end, and see every byte acknowledged."""
        at = start
        reader.seek(at)
        with self._there(path):
            writer.seek(at)
        writer.set_pipelined(True)
        while chunk := reader.read(CHUNK):
            throttle.spend(len(chunk))
            at += len(chunk)
            with self._there(path, missing=stamp.size):
                if disk.is_hole(chunk):
                    writer.seek(at)
                else:
                    writer.write(chunk)
        if at != stamp.size:
            raise self._way.failed(
                Status.VANISHED, f"changed while they were sent: {harmless(path)}"
            )
        with self._there(path, missing=stamp.size):
            sftp_wire.drain(writer)
            sftp_wire.settle(writer, size=at, mode=RIGHTS, mtime=stamp.mtime_ns // NANO)

    def get(self, item: Item, destination: Path, throttle: Throttle) -> None:
        """Bring one file here, whole or under its partial name.

        Raises:
            TransferFailed, TransferRefused: it did not get here.
            OSError: the disk here does not take it.
        """
        shown, path = harmless(item.path), self._path(item.path)
        with self._there(item.path):
            status = self._client.lstat(path)
        if not stat.S_ISREG(status.st_mode or 0):
            raise self._way.failed(
                Status.PARTIAL, f"{shown} is {disk.kind_of(status.st_mode or 0)}"
            )
        seen = _seen_there(status)
        if seen.size > item.size_bytes:
            raise self._way.failed(Status.PARTIAL, f"larger than was said: {shown}")
        target, part = destination / item.path, destination / part_of(item.path)
        todo = plan(seen, there=_seen_here(target), part=disk.part_size(part, way=self._way))
        if todo.skip:
            return
        with disk.open_to_write(part) as writer:
            with self._there(item.path):
                reader = self._client.open(path, "rb")
            at = self._agreed(writer, reader, todo, path=item.path)
            writer.truncate(at)
            writer.seek(at)
            self._draw(reader, writer, range(at, seen.size), item.path, throttle)
            with self._there(item.path):
                after = _seen_there(reader.stat())
                reader.close()
            if after != seen:
                raise self._way.failed(Status.VANISHED, f"changed while it was fetched: {shown}")
            writer.truncate(seen.size)
            os.utime(writer.fileno(), (seen.mtime, seen.mtime))
        part.replace(target)

    def _draw(
        self,
        reader: paramiko.SFTPFile,
        writer: FileIO,
        where: range,
        path: str,
        throttle: Throttle,
    ) -> None:
        """Bring the bytes at ``where``; fewer are an error."""
        at = where.start
        arriving = iter(sftp_wire.Reading(reader, start=where.start, end=where.stop))
        while True:
            with self._there(path):
                data = next(arriving, b"")
            if not data:
                break
            throttle.spend(len(data))
            at += len(data)
            if disk.is_hole(data):
                writer.seek(at)
            else:
                disk.write_all(writer, data)
        if at != where.stop:
            raise self._way.failed(
                Status.VANISHED, f"changed while it was fetched: {harmless(path)}"
            )

    def _agreed(self, ours: FileIO, theirs: paramiko.SFTPFile, todo: Plan, *, path: str) -> int:
        """Where to go on: where the partial file ends, if it ends as the source does there."""
        length = todo.go_on_at - todo.compare_from
        if not length:
            return 0
        ours.seek(todo.compare_from)
        mine = ours.read(length)
        with self._there(path):
            theirs.seek(todo.compare_from)
            other = theirs.read(length)
        return todo.go_on_at if mine == other else 0

    def _path(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}" if self._root != "." else path

    def _regular(
        self, status: paramiko.SFTPAttributes | None, path: str
    ) -> paramiko.SFTPAttributes | None:
        if status is not None and not stat.S_ISREG(status.st_mode or 0):
            kind = disk.kind_of(status.st_mode or 0)
            raise self._way.refused(Status.UNSUPPORTED, f"{harmless(path)} is {kind} there")
        return status

    def _listing(self, folder: str) -> dict[str, paramiko.SFTPAttributes]:
        """What lies in a folder there, which is made if it is missing.

        One question for a folder instead of two for each of its files.
        """
        if folder in self._listed:
            return self._listed[folder]
        if folder == ".":
            path = self._root
        else:
            self._listing(str(PurePosixPath(folder).parent))
            path = self._path(folder)
        found: dict[str, paramiko.SFTPAttributes] = {}
        with self._there(folder):
            mode = None
            with contextlib.suppress(FileNotFoundError):
                mode = self._client.lstat(path).st_mode
            if mode is None:
                self._client.mkdir(path, FOLDER_RIGHTS)
            elif stat.S_ISDIR(mode):
                found = {entry.filename: entry for entry in self._client.listdir_attr(path)}
            else:
                raise self._way.refused(
                    Status.UNSUPPORTED,
                    f"{harmless(path)} is {disk.kind_of(mode)} there, not a folder",
                )
        self._listed[folder] = found
        return found

    @contextlib.contextmanager
    def _there(self, path: str, *, missing: int = 0) -> Iterator[None]:
        """What goes wrong on the line or on the other side, as our own errors.

        ``missing`` bytes were to be written: a server says no more than "Failure" of a full disk.
        """
        shown = harmless(path)
        try:
            yield
        except TimeoutError:
            raise self._way.failed(Status.SILENT, f"nothing came for too long ({shown})") from None
        except EOFError:
            raise self._way.failed(Status.SOCKET, f"{shown}: the connection was lost") from None
        except (paramiko.SSHException, paramiko.SFTPError, UnicodeDecodeError) as error:
            # Of a lost connection paramiko says "Server connection dropped: " and no more.
            what = harmless(str(error)).rstrip(": .") or "the connection was lost"
            raise self._way.failed(Status.STREAM, f"{shown}: {what}") from None
        except PermissionError:
            raise self._way.refused(Status.FILE_IO, f"{shown}: permission denied there") from None
        except FileNotFoundError:
            raise self._way.failed(Status.VANISHED, f"{shown} is not there") from None
        except OSError as error:
            # What a server says has no number; what the socket says has one, or is closed.
            if error.errno is not None or "closed" in str(error):
                raise self._way.failed(Status.SOCKET, f"{shown}: {error}") from None
            free = sftp_wire.free_bytes(self._client, self._root) if missing else None
            if free is not None and free < missing:
                raise NoRoom(
                    host=self._way.host, folder=self._root, what=f"{free} bytes are free"
                ) from None
            what = f"{shown}: the other side says {harmless(str(error))!r}"
            raise self._way.failed(Status.PARTIAL, what) from None


def _refused_a_write(error: TransferFailed | NoRoom) -> bool:
    return isinstance(error, NoRoom) or error.status == Status.PARTIAL


def _seen_there(status: paramiko.SFTPAttributes) -> Seen:
    return Seen(status.st_size or 0, int(status.st_mtime or 0))


def _seen_here(path: Path) -> Seen | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return Seen(status.st_size, int(status.st_mtime))
