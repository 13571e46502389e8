"""Things kept on the disk so that they need not be made again; losing them loses only time.

One file for each, named after the hash of its key, with a checksum: what a crash, a full disk or
a failing drive left of it is found out and made anew.  Nothing is flushed for the same reason.
Several programs may use one folder at once.  What was used longest ago is removed when there is
more than the budget, and nothing is added while the disk is nearly full: that room belongs to the
operator's decisions.

No Qt here: the darkroom's processes use it too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from companions.files import TEMPORARY_PREFIX, read_limited

SPARE_BYTES: Final = 1024**3
"""Nothing is added to a disk with less free space than this."""
LARGEST_BYTES: Final = 64 * 1024**2
_MAGIC: Final = b"motionfleet cache 1\n"
_SUM_BYTES: Final = 4
_NAME_LENGTH: Final = 64
_LOOK_EVERY: Final = 64
_USED_AGAIN_S: Final = 3600.0
_ORPHAN_AGE_S: Final = 3600.0
_SWEPT_SHARE: Final = 0.9
_GROWTH_SHARE: Final = 16


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file was when it was read; a file with the same stamp is taken for unchanged.

    Attributes:
        path: absolute, as the system spells it, in bytes.
        size_bytes: its length.
        mtime_ns: when it was last written, in nanoseconds.
    """

    path: bytes
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, file: Path) -> Self:
        """The stamp of ``file`` now.

        Raises:
            OSError: it is gone, or cannot be looked at.
        """
        facts = file.stat()
        return cls(os.fsencode(file.absolute()), facts.st_size, facts.st_mtime_ns)


def stamp_of(file: Path) -> Stamp | None:
    """The stamp of ``file``; None if it is gone or cannot be looked at."""
    try:
        return Stamp.of(file)
    except OSError:
        return None


class DiskCache:
    """Bytes by what they were made of; safe to use from several threads and programs.

    A folder that cannot be read or written is no error: nothing is found, nothing is kept.
    """

    def __init__(self, folder: Path, *, budget_bytes: int, spare_bytes: int = SPARE_BYTES) -> None:
        """Keep things in ``folder``, which is made when it is first needed.

        ``spare_bytes`` is the free space that is left to others.
        """
        self.folder, self.budget_bytes = folder, budget_bytes
        self._spare_bytes = spare_bytes
        self._lock = threading.Lock()
        self._writes, self._has_room = 0, True
        self._since_sweep: int | None = None

    def load(self, *key: object) -> bytes | None:
        """What was kept under ``key``, whole; None if it is not there or was damaged."""
        path = self._path(key)
        try:
            data = read_limited(path, limit=LARGEST_BYTES)
        except (OSError, MemoryError):
            return None
        head = len(_MAGIC) + _SUM_BYTES
        if data[: len(_MAGIC)] != _MAGIC or len(data) < head:
            _remove(path)
            return None
        body = data[head:]
        if zlib.crc32(body).to_bytes(_SUM_BYTES, "big") != data[len(_MAGIC) : head]:
            _remove(path)
            return None
        self._used(path)
        return body

    def save(self, data: bytes, *key: object) -> bool:
        """Keep ``data`` under ``key``; whether that was done."""
        if len(data) > LARGEST_BYTES // 2 or not self._may_write():
            return False
        path = self._path(key)
        temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
        whole = _MAGIC + zlib.crc32(data).to_bytes(_SUM_BYTES, "big") + data
        try:
            # For this person's eyes only, as the pictures themselves may be.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(whole)
            temporary.replace(path)
        except OSError:
            _remove(temporary)
            with self._lock:
                self._has_room = False  # until the next look at the disk
            return False
        with self._lock:
            if self._since_sweep is not None:
                self._since_sweep += len(whole)
        return True

    @property
    def is_sweep_due(self) -> bool:
        """Whether so much was added since the last sweep, or none was made yet."""
        with self._lock:
            return (
                self._since_sweep is None or self._since_sweep > self.budget_bytes // _GROWTH_SHARE
            )

    def sweep(self) -> int:
        """Remove what was used longest ago until the rest is within the budget; bytes removed.

        Takes about ten milliseconds for a thousand files.
        """
        with self._lock:
            self._since_sweep = 0
        found: list[tuple[float, int, str]] = []
        orphaned = time.time() - _ORPHAN_AGE_S
        for entry in _files_in(self.folder):
            with contextlib.suppress(OSError):
                if not entry.is_file(follow_symlinks=False):
                    continue
                facts = entry.stat(follow_symlinks=False)
                if len(entry.name) == _NAME_LENGTH:  # nothing but what has a name of ours
                    found.append((facts.st_mtime, facts.st_size, entry.path))
                elif entry.name.startswith(TEMPORARY_PREFIX) and facts.st_mtime < orphaned:
                    Path(entry.path).unlink(missing_ok=True)
        total = sum(size for _, size, _ in found)
        if total <= self.budget_bytes:
            return 0
        removed = 0
        for _, size, path in sorted(found):
            if total - removed <= _SWEPT_SHARE * self.budget_bytes:
                break
            with contextlib.suppress(OSError):
                Path(path).unlink(missing_ok=True)
                removed += size
        return removed

    def _path(self, key: tuple[object, ...]) -> Path:
        name = hashlib.sha256(repr(key).encode("utf-8", "backslashreplace")).hexdigest()
        return self.folder / name[:2] / name

    def _used(self, path: Path) -> None:
        # By the time of change and not of access, which most disks are mounted not to note.
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _USED_AGAIN_S:
                os.utime(path)

    def _may_write(self) -> bool:
        with self._lock:
            look, self._writes = self._writes % _LOOK_EVERY == 0, self._writes + 1
            if not look:
                return self._has_room
        existing = next(
            (each for each in (self.folder, *self.folder.parents) if each.exists()), self.folder
        )
        try:
            room = shutil.disk_usage(existing).free > self._spare_bytes
        except OSError:
            room = False
        with self._lock:
            self._has_room = room
        return room


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _files_in(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files one level down; only in folders of ours, whatever else lies there."""
    with contextlib.suppress(OSError):
        for part in os.scandir(folder):
            if len(part.name) == 2 and part.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    yield from os.scandir(part.path)
