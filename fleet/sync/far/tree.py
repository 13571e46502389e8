"""A folder that others may write into, looked at without trust: one part of a path at a time.

Whoever sends files may plant symbolic links, pipes or devices among them.  Folders are therefore
opened by descriptor, each below the one before, and never through a link; a file counts only when
it is a regular one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple, Protocol, TypeVar

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK: Final = 1024 * 1024
_NO_LINKS: Final = frozenset(
    {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
)
FOLDER_MODE: Final = 0o750
_COPY_MODE: Final = 0o640
_TICK_NS: Final = 20_000_000


class Stamp(NamedTuple):
    """What tells that a file is the one that was looked at before, without reading it."""

    size: int
    mtime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        """The stamp in ``found``; numbers of 64 bits are folded into what SQLite can hold."""
        return cls(found.st_size, found.st_mtime_ns, _signed(found.st_ino), _signed(found.st_dev))


class Mark(NamedTuple):
    """A stamp that nobody can forge, for files that a stranger may still write to.

    Size and time can be put back after a change; ``changed_ns``, the kernel's own, cannot.  A new
    link changes it as well, so it does not serve for files that are published.
    """

    stamp: Stamp
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Mark:
        """The mark in ``found``."""
        return cls(Stamp.of(found), found.st_ctime_ns)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


class DeskGone(Exception):
    """Nobody waits for what is being read any more; what was read says nothing."""


class Named(Protocol):
    """Something with a path below a folder."""

    @property
    def path(self) -> str:
        """The path, its parts separated by '/'."""
        ...


N = TypeVar("N", bound=Named)


def by_folder(members: Iterable[N]) -> dict[str, dict[str, N]]:
    """Members by their folder ('' for the first) and their name in it."""
    found: dict[str, dict[str, N]] = {}
    for member in members:
        folder, _, name = member.path.rpartition("/")
        found.setdefault(folder, {})[name] = member
    return found


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of the folder ``path``, for the length of a block.

    Raises:
        OSError: it is not there, is no folder, or is a link.
    """
    descriptor = os.open(path, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def below(root: int, path: str) -> Iterator[int | None]:
    """A descriptor of the folder ``path`` below ``root``; None if there is no such real folder."""
    descriptor = _descend(root, path)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _descend(root: int, path: str) -> int | None:
    descriptor = os.dup(root)
    for part in filter(None, path.split("/")):
        try:
            inner = os.open(part, _FOLDER, dir_fd=descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES}:
                return None
            raise
        os.close(descriptor)
        descriptor = inner
    return descriptor


def make_below(root: int, path: str, *, ours: bool) -> None:
    """Make the folder ``path`` below ``root``, with those above it.

    What stands in its place and is no folder is removed if the tree is ``ours``.

    Raises:
        OSError: the disk refuses, or something is in the way.
    """
    descriptor = os.dup(root)
    try:
        for part in filter(None, path.split("/")):
            try:
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                if ours and error.errno in {errno.ENOTDIR, errno.ELOOP}:
                    os.unlink(part, dir_fd=descriptor)
                elif error.errno != errno.ENOENT:
                    raise
                os.mkdir(part, FOLDER_MODE, dir_fd=descriptor)
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
    finally:
        os.close(descriptor)


def mark_of(name: str, *, folder: int) -> Mark | None:
    """The mark of a regular file; None where there is none of that name."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    return Mark.of(found) if stat.S_ISREG(found.st_mode) else None


def hash_of(
    name: str, *, folder: int, size: int | None = None, gone: Event | None = None
) -> tuple[str, Mark] | None:
    """SHA-256 of a regular file, and its mark before it was read; None where it cannot be read.

    A file of another ``size`` than is asked for is not read: it could be endless.

    Whoever relies on it asks for the mark again later: a file that is written to meanwhile has
    another one.

    Raises:
        DeskGone: ``gone`` was set under way.
    """
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or size not in {None, found.st_size}:
            return None
        mark = Mark.of(found)
        if time.time_ns() - mark.changed_ns < _TICK_NS:
            # A change that follows within the kernel's tick would leave the mark as it is.
            mark = mark._replace(changed_ns=-1)
        digest = hashlib.sha256()
        left = found.st_size
        # Not further than it was long at first: a file that grows for ever would be read for ever.
        while left > 0 and (chunk := os.read(descriptor, min(_CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
            if gone is not None and gone.is_set():
                raise DeskGone
        return digest.hexdigest(), mark
    except OSError:
        return None
    finally:
        os.close(descriptor)


def take_over(source: Path, name: str, *, folder: int) -> Mark | None:
    """Give the file ``source`` the name ``name`` in ``folder``: linked, or copied if it must be.

    None where ``source`` is no regular file any more, or ``name`` is taken.  Who calls compares
    the stamp (of a link) with the one that was expected, or reads it (a copy).

    Raises:
        OSError: the disk refuses.
    """
    try:
        os.link(source, name, dst_dir_fd=folder, follow_symlinks=False)
    except (FileExistsError, FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _copied(source, name, folder=folder)
    return mark_of(name, folder=folder)


def _copied(source: Path, name: str, *, folder: int) -> Mark | None:
    try:
        reading = os.open(source, _FILE)
    except OSError:
        return None
    try:
        found = os.fstat(reading)
        if not stat.S_ISREG(found.st_mode):
            return None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            writing = os.open(name, flags, _COPY_MODE, dir_fd=folder)
        except FileExistsError:
            return None
        with os.fdopen(reading, "rb", closefd=False) as stream, os.fdopen(writing, "wb") as sink:
            shutil.copyfileobj(stream, sink, _CHUNK)
    finally:
        os.close(reading)
    return mark_of(name, folder=folder)


def names_in(folder: int) -> set[str]:
    """The names of what lies in a folder.

    Raises:
        OSError: it cannot be read.
    """
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}


def remove(name: str, *, folder: int) -> None:
    """Remove whatever has that name, a folder with all that is in it; never through a link.

    Raises:
        OSError: the disk refuses.
    """
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):  # what macOS says of a folder
        shutil.rmtree(name, dir_fd=folder)


def sweep(root: int, kept: dict[str, frozenset[str]]) -> None:
    """Remove all below ``root`` that is not a file of ``kept`` (names by folder) or on its way.

    Raises:
        OSError: the disk refuses.
    """
    ways = {""}
    for path in kept:
        parts = path.split("/")
        ways |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    for way in sorted(ways):
        with below(root, way) as folder:
            if folder is None:
                continue
            names = kept.get(way, frozenset())
            with os.scandir(folder) as entries:
                found = [
                    (entry.name, entry.is_dir(follow_symlinks=False),
                     entry.is_file(follow_symlinks=False))
                    for entry in entries
                ]  # fmt: skip
            for name, is_folder, is_file in found:
                inner = f"{way}/{name}" if way else name
                if not ((is_file and name in names) or (is_folder and inner in ways)):
                    remove(name, folder=folder)
