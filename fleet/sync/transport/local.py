"""The transport for a disk that is mounted here: copies, with the same promises as over a line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fleet.sync.errors import TransferRefused
from fleet.sync.transport import disk
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.disk import HERE, Stamp, Way
from fleet.sync.transport.pace import Throttle
from fleet.sync.transport.resume import Seen, part_of, plan
from fleet.sync.transport.status import Status

CHUNK: Final = 1024 * 1024


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
        with disk.telling(source, way=self._way):
            before = disk.stamps(items, source=source, way=self._way)
        self._copy_all(items, before, source, Path(destination), pace, stop, room_host=self.host)
        disk.check_unchanged(before, source=source, way=self._way)

    def fetch(
        self, items: Sequence[Item], *, source: str, destination: Path, pace: Pace, stop: Stop
    ) -> None:
        """As ``Transport.fetch``."""
        try:
            with disk.telling(Path(source), way=self._way):
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
        with disk.telling(destination, way=self._way, host=room_host):
            destination.mkdir(mode=0o700, exist_ok=True)
            disk.make_folders(destination, items, way=self._way)
            disk.check_places(destination, items, way=self._way)
            for item in items:
                throttle.spend(0)
                self._copy(item.path, before[item.path], source, destination, throttle)

    def _copy(
        self, path: str, stamp: Stamp, source: Path, destination: Path, throttle: Throttle
    ) -> None:
        target, part = destination / path, destination / part_of(path)
        way = plan(
            Seen(stamp.size, stamp.mtime_ns),
            there=_seen(target),
            part=disk.part_size(part, way=self._way),
        )
        if way.skip:
            return
        with disk.open_to_read(source / path) as reader, disk.open_to_write(part) as writer:
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
                if disk.is_hole(chunk):
                    writer.seek(len(chunk), os.SEEK_CUR)
                else:
                    disk.write_all(writer, chunk)
            size = writer.tell()
            writer.truncate(size)
            if size != stamp.size:
                raise self._way.failed(
                    Status.VANISHED, f"changed while they were sent: {disk.harmless(path)}"
                )
            os.fchmod(writer.fileno(), 0o640)
            os.utime(writer.fileno(), ns=(stamp.mtime_ns, stamp.mtime_ns))
        part.replace(target)


def _seen(path: Path) -> Seen | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return Seen(status.st_size, status.st_mtime_ns)
