"""This machine's end of a transfer: files to send looked at, folders and room for what comes.

Nothing here follows a symbolic link below the folder of the transfer.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import Final

from fleet.sync.errors import NoRoom, TransferFailed, TransferRefused
from fleet.sync.transport.base import Item
from fleet.sync.transport.status import Status

NAMED: Final = 5
"""How many files a message names."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""How a system call says that a disk takes no more."""
HERE: Final = "this machine"
"""What a message calls this end of the line."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when a file does: size, time in nanoseconds, and which file it is."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Way:
    """Who moves files and with whom, for messages."""

    by: str
    host: str

    def failed(self, status: int, what: str) -> TransferFailed:
        """It did not work this time."""
        return TransferFailed(host=self.host, by=self.by, status=int(status), what=what)

    def refused(self, status: int, what: str) -> TransferRefused:
        """It cannot work."""
        return TransferRefused(host=self.host, by=self.by, status=int(status), what=what)


def named(paths: Sequence[str]) -> str:
    """The first few of ``paths`` for a message, harmless to a terminal."""
    shown = ", ".join(harmless(path) for path in paths[:NAMED])
    more = len(paths) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def harmless(text: str) -> str:
    """``text`` without anything that a terminal would obey."""
    return "".join(ch if ch.isprintable() else "?" for ch in text)


@contextlib.contextmanager
def telling(folder: Path, *, way: Way, host: str = HERE) -> Iterator[None]:
    """What the disk of ``folder`` refuses within a block, as our own errors.

    Raises:
        NoRoom: it is full.
        TransferFailed: anything else.
    """
    try:
        yield
    except OSError as error:
        where = harmless(str(error.filename or folder))
        what = f"{where}: {error.strerror or error}"
        if error.errno in FULL:
            raise NoRoom(host=host, folder=str(folder), what=what) from None
        raise way.failed(Status.PARTIAL, what) from None


def stamps(items: Iterable[Item], *, source: Path, way: Way) -> dict[str, Stamp]:
    """How the files to be sent stand.

    Raises:
        TransferRefused: one is a symbolic link, lies below one, or is no regular file.
        TransferFailed: one is gone.
    """
    found: dict[str, Stamp] = {}
    folders: set[PurePosixPath] = set()
    gone: list[str] = []
    for item in items:
        try:
            below = PurePosixPath(item.path).parent
            if below not in folders:
                _check_folders(source, below, way=way, checked=folders)
            status = os.lstat(source / item.path)
        except (FileNotFoundError, NotADirectoryError):
            gone.append(item.path)
            continue
        if not stat.S_ISREG(status.st_mode):
            raise way.refused(
                Status.UNSUPPORTED,
                f"{harmless(item.path)} is {kind_of(status.st_mode)}, and only files travel",
            )
        found[item.path] = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    if gone:
        raise way.failed(Status.VANISHED, f"gone from {source}: {named(gone)}")
    return found


def check_unchanged(before: dict[str, Stamp], *, source: Path, way: Way) -> None:
    """Nothing happened to the files while they were read.

    Raises:
        TransferFailed: something did; names the files.
    """
    changed: list[str] = []
    for path, stamp in before.items():
        try:
            status = os.lstat(source / path)
        except OSError:
            changed.append(path)
            continue
        if Stamp(status.st_size, status.st_mtime_ns, status.st_ino) != stamp:
            changed.append(path)
    if changed:
        raise way.failed(Status.VANISHED, f"changed while they were sent: {named(changed)}")


def make_folders(root: Path, items: Iterable[Item], *, way: Way) -> None:
    """The folders of ``items`` below ``root``, for nobody but us; ``root`` is there.

    Raises:
        TransferRefused: a symbolic link or a file is in the way.
    """
    made: set[PurePosixPath] = set()
    for item in items:
        parts = PurePosixPath(item.path).parts[:-1]
        for depth in range(1, len(parts) + 1):
            folder = PurePosixPath(*parts[:depth])
            if folder in made:
                continue
            path = root / folder
            try:
                path.mkdir(mode=0o700)
            except FileExistsError:
                mode = path.lstat().st_mode
                if not stat.S_ISDIR(mode):
                    raise way.refused(
                        Status.UNSUPPORTED, f"{path} is {kind_of(mode)}, not a folder"
                    ) from None
            made.add(folder)


def check_places(root: Path, items: Iterable[Item], *, way: Way) -> None:
    """Where fetched files will lie is nothing, or a regular file.

    Raises:
        TransferRefused: a symbolic link or something else is in the way.
    """
    for item in items:
        try:
            mode = os.lstat(root / item.path).st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            raise way.refused(
                Status.UNSUPPORTED, f"{root / item.path} is {kind_of(mode)}, not a file"
            )


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


def has_holes(path: Path) -> bool:
    """Whether a file takes less of its disk than it is long."""
    status = path.lstat()
    return status.st_blocks * 512 < status.st_size


def write_all(writer: FileIO, data: bytes) -> None:
    """Write all of ``data``: a disk that is almost full takes a part of it without a word.

    Raises:
        OSError: the disk does not take it.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[writer.write(rest) :]


def part_size(path: Path, *, way: Way) -> int | None:
    """The size of a partial file, or None where there is none.

    Raises:
        TransferRefused: a symbolic link or something else has its name.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise way.refused(Status.UNSUPPORTED, f"{path} is {kind_of(status.st_mode)}, not a file")
    return status.st_size


def kind_of(mode: int) -> str:
    """What a file of this mode is, in words."""
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a regular file" if stat.S_ISREG(mode) else "a device or a pipe"


def _check_folders(
    source: Path, below: PurePosixPath, *, way: Way, checked: set[PurePosixPath]
) -> None:
    for folder in [*reversed(below.parents), below]:
        if folder in checked or not folder.parts:
            continue
        mode = os.lstat(source / folder).st_mode
        if not stat.S_ISDIR(mode):
            raise way.refused(
                Status.UNSUPPORTED,
                f"{harmless(str(folder))} is {kind_of(mode)}, and only folders are entered",
            )
        checked.add(folder)
