"""The transport for a disk that is mounted here: copies, with the same promises as over a line."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Final

from fleet.sync.errors import NoRoom, TransferRefused
from fleet.sync.transport import disk
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.disk import HERE, Stamp, Way
from fleet.sync.transport.pace import Throttle
from fleet.sync.transport.resume import Seen, part_of, plan
from fleet.sync.transport.status import Status

CHUNK: Final = 1024 * 1024
NANO: Final = 1_000_000_000
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LocalTransport:
    """Files to and from a folder of this machine that stands for a host."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._way = Way(by="local", host=host)

    @property
    def name(self) -> str:
        """``local``."""
        return "local"

    def send(
        self, items: Sequence[Item], *, source: Path, destination: str, pace: Pace, stop: Stop
    ) -> None:
        """As ``Transport.send``."""
        before = disk.stamps(items, source=source, way=self._way)
        self._copy_all(items, before, source, Path(destination), pace, stop, room_host=self.host)
        disk.check_unchanged(before, source=source, way=self._way)

    def fetch(
        self, items: Sequence[Item], *, source: str, destination: Path, pace: Pace, stop: Stop
    ) -> None:
        """As ``Transport.fetch``."""
        try:
            before = disk.stamps(items, source=Path(source), way=self._way)
        except TransferRefused as error:
            # It may be a file again by the next time; what is fetched is the other side's affair.
            raise self._way.failed(Status.PARTIAL, error.what) from None
        large = [item.path for item in items if before[item.path].size > item.size_bytes]
        if large:
            raise self._way.failed(Status.PARTIAL, f"larger than was said: {disk.named(large)}")
        self._copy_all(items, before, Path(source), destination, pace, stop, room_host=HERE)
        disk.check_unchanged(before, source=Path(source), way=self._way)

    def close(self) -> None:
        """Nothing is held open."""

    def _copy_all(
        self,
        items: Sequence[Item],
        before: dict[str, Stamp],
        source: Path,
        destination: Path,
        pace: Pace,
        stop: Stop,
        *,
        room_host: str,
    ) -> None:
        throttle = Throttle(pace, stop, self._way)
        current = ""
        try:
            destination.mkdir(mode=0o700, exist_ok=True)
            disk.make_folders(destination, items, way=self._way)
            disk.check_places(destination, items, way=self._way)
            for item in items:
                current = item.path
                throttle.spend(0)
                self._copy(item.path, before[item.path], source, destination, throttle)
        except OSError as error:
            what = f"{disk.harmless(current)}: {error.strerror or error}"
            if error.errno in FULL:
                raise NoRoom(host=room_host, folder=str(destination), what=what) from None
            raise self._way.failed(Status.PARTIAL, what) from None

    def _copy(
        self, path: str, stamp: Stamp, source: Path, destination: Path, throttle: Throttle
    ) -> None:
        target, part = destination / path, destination / part_of(path)
        way = plan(
            Seen(stamp.size, stamp.mtime_ns), there=_seen(target), part=_part_size(part, self._way)
        )
        if way.skip:
            return
        with open_to_read(source / path) as reader, open_to_write(part) as writer:
            at = way.go_on_at
            if at:
                reader.seek(way.compare_from)
                writer.seek(way.compare_from)
                length = at - way.compare_from
                if reader.read(length) != writer.read(length):
                    at = 0
            reader.seek(at)
            writer.seek(at)
            writer.truncate(at)
            while chunk := reader.read(CHUNK):
                throttle.spend(len(chunk))
                if is_hole(chunk):
                    writer.seek(len(chunk), os.SEEK_CUR)
                else:
                    writer.write(chunk)
            size = writer.tell()
            writer.truncate(size)
            if size != stamp.size:
                raise self._way.failed(
                    Status.VANISHED, f"changed while they were sent: {disk.harmless(path)}"
                )
            os.fchmod(writer.fileno(), 0o640)
            os.utime(writer.fileno(), ns=(stamp.mtime_ns, stamp.mtime_ns))
        part.replace(target)


def is_hole(chunk: bytes) -> bool:
    """Whether ``chunk`` is nothing but zeros: it is not written, and a disk can leave it out."""
    # The first bytes decide almost always; counting all of a photograph's would cost.
    return not any(chunk[:16]) and chunk.count(0) == len(chunk)


def open_to_read(path: Path) -> FileIO:
    """``path`` for reading, which is not a symbolic link."""
    return FileIO(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def open_to_write(path: Path) -> FileIO:
    """``path`` for writing and reading, made if need be, which is not a symbolic link."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    return FileIO(os.open(path, flags, 0o600), "r+b")


def _seen(path: Path) -> Seen | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return Seen(status.st_size, status.st_mtime_ns)


def _part_size(path: Path, way: Way) -> int | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise way.refused(
            Status.UNSUPPORTED, f"{path} is {disk.kind_of(status.st_mode)}, not a file"
        )
    return status.st_size
