"""The only disk access of the contract: whole writes, bounded reads, paths that stay inside.

Every write goes to a temporary file in the target's own folder, is flushed to the disk, and
takes its final name in one rename; a reader sees the old file, the new one, or none.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, Final, Self

from companions.errors import FileUnwritable

TEMPORARY_PREFIX: Final = ".motionfleet-"
TEMPORARY_SUFFIX: Final = ".tmp"
_ORPHAN_AGE_S: Final = 3600.0
_CHUNK: Final = 1024 * 1024
_NO_HARD_LINKS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
)


def write_atomic(path: Path, data: bytes, *, only_writer: str | None = None) -> None:
    """Write ``data`` to ``path``, whole or not at all, and durably.

    Raises:
        FileUnwritable: the folder is missing or read-only, or the disk is full.
    """
    with Pending(path, data, only_writer=only_writer) as pending:
        pending.commit()


class Pending:
    """A file that is written and flushed, but has not taken its name yet; a context manager.

    Several of them, entered before the first is committed, find out whether the disk has room
    for all.  What is not committed is gone at the end of the block.
    """

    def __init__(
        self,
        path: Path,
        data: bytes | Iterable[bytes],
        *,
        only_writer: str | None = None,
        mode: int = 0o644,
    ) -> None:
        """Prepare to write ``data``, whole or in pieces, to ``path``, with the rights ``mode``
        (less the umask).

        ``only_writer`` is a name that no one else writes ``path`` under at the same time: a
        repeated write then clears away what a killed one left, instead of leaving it to a sweep.
        """
        self._path, self._data, self._mode = path, data, mode
        self._clears = only_writer is not None
        self._temporary = path.with_name(
            f"{TEMPORARY_PREFIX}{only_writer or secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
        )

    def __enter__(self) -> Self:
        """Write the temporary file.

        Raises:
            FileUnwritable: the folder is missing or read-only, or the disk is full.
        """
        with reporting_unwritable(self._path):
            try:
                if self._clears:
                    self._temporary.unlink(missing_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                descriptor = os.open(self._temporary, flags, self._mode)
                with os.fdopen(descriptor, "wb") as stream:
                    pieces = (self._data,) if isinstance(self._data, bytes) else self._data
                    for piece in pieces:
                        stream.write(piece)
                    stream.flush()
                    flush_to_disk(stream.fileno())
            except BaseException:
                self._discard()
                raise
        return self

    def commit(self) -> None:
        """Take the final name, durably.

        Raises:
            FileUnwritable: the folder refuses.
        """
        with reporting_unwritable(self._path):
            self._temporary.replace(self._path)
            flush_folder(self._path.parent)

    def commit_new(self) -> bool:
        """Take the final name durably, unless something has that name; returns whether it did.

        Raises:
            FileUnwritable: the folder refuses.
        """
        with reporting_unwritable(self._path):
            try:
                os.link(self._temporary, self._path)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
                # exFAT and some network shares: between this look and the rename is a moment.
                if os.path.lexists(self._path):
                    return False
                self._temporary.replace(self._path)
            flush_folder(self._path.parent)
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the temporary file, if it was not committed."""
        self._discard()

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)


def remove_durably(path: Path) -> None:
    """Remove ``path`` if it is there, and make that durable.

    Raises:
        FileUnwritable: the folder refuses.
    """
    with reporting_unwritable(path):
        path.unlink(missing_ok=True)
        flush_folder(path.parent)


def ensure_writable(folder: Path) -> None:
    """Make ``folder`` if it is missing, and prove that files can be written there.

    Raises:
        FileUnwritable: they cannot.
    """
    with reporting_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # One name for all, so that whoever looks next clears away what a killed process left.
        probe = folder / f"{TEMPORARY_PREFIX}probe{TEMPORARY_SUFFIX}"
        probe.touch()
        probe.unlink(missing_ok=True)


@contextlib.contextmanager
def reporting_unwritable(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of a write into ``FileUnwritable``, which names what to do."""
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "error")
        raise FileUnwritable(
            path=path, errno_name=name, what=error.strerror or str(error)
        ) from error


def flush_to_disk(descriptor: int) -> None:
    """Force a file's bytes to stable storage (on macOS ``fsync`` alone stops at the drive)."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def flush_folder(folder: Path) -> None:
    """Force a rename or removal in ``folder`` to stable storage."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_limited(path: Path, *, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes.

    Raises:
        OSError: missing, not a regular file (a FIFO would block for ever), or larger.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise OSError(errno.EFBIG, f"larger than {limit} bytes")
        # Not all of the limit at once: memory is asked for before anything is read.
        data = stream.read(size + 1)
        if len(data) > size:  # it grows
            data += stream.read(limit + 1 - len(data))
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes")
    return data


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in constant memory.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    digest = hashlib.sha256()
    for piece in pieces_of(path):
        digest.update(piece)
    return digest.hexdigest()


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file's bytes in pieces of a megabyte, in constant memory.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    with open_regular(path) as stream:
        while piece := stream.read(_CHUNK):
            yield piece


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading.

    Raises:
        OSError: missing, unreadable, or not a regular file (a FIFO would block for ever).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def resolve_inside(root: Path, relative: str) -> Path | None:
    """``root / relative`` with symbolic links followed, or None if that leaves ``root``."""
    # realpath, not Path.resolve: that one raises RuntimeError for a link that leads to itself,
    # which is for whoever opens the file to refuse.
    real_root = Path(os.path.realpath(root))
    target = Path(os.path.realpath(real_root / PurePosixPath(relative)))
    return target if target.is_relative_to(real_root) else None


def sweep_temporaries(folder: Path, *, now: float | None = None) -> int:
    """Remove temporary files that a killed process left in ``folder`` over an hour ago."""
    oldest = (time.time() if now is None else now) - _ORPHAN_AGE_S
    removed = 0
    for entry in folder.glob(f"{TEMPORARY_PREFIX}*{TEMPORARY_SUFFIX}"):
        with contextlib.suppress(OSError):
            if entry.stat().st_mtime < oldest:
                entry.unlink()
                removed += 1
    return removed
