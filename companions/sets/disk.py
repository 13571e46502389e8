"""Every step that changes a disk, one method each: the edge of all operations on sets.

Whoever acts takes a ``Disk``: a test gives one that ends the process before any chosen step.
Methods raise ``OSError`` and leave what follows to the caller.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from companions import files
from companions.sets import bins

CHUNK_BYTES: Final = 1024 * 1024

# Who cannot make hard links says so in many ways: no such thing (exFAT, some shares), another
# disk, too many of them, or not to a file of another user.
NO_LINK: Final = frozenset(
    {
        errno.EXDEV,
        errno.EPERM,
        errno.EACCES,
        errno.EMLINK,
        errno.ENOSYS,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.EINVAL,
    }
)
_NO_SUCH_CALL: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
_RENAME_NOREPLACE: Final = 1
_AT_FDCWD: Final = -100


class Disk:
    """The real disk."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a small file whole and durably; ``path`` is a name of our own."""
        files.write_atomic(path, data)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; fails if anything has that name."""
        os.link(source, target, follow_symlinks=False)

    def begin(self, temporary: Path) -> int:
        """A new, empty file for ``append``, readable by its owner alone."""
        return os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def append(self, descriptor: int, chunk: bytes) -> None:
        """Write ``chunk`` whole."""
        left = memoryview(chunk)
        while left:
            left = left[os.write(descriptor, left) :]

    def finish(self, descriptor: int, temporary: Path, *, like: Path) -> None:
        """Give the new file the times, rights and extended attributes of ``like``, durably.

        Last of all, since a file with an old time could be swept away as left over.
        """
        try:
            shutil.copystat(like, temporary, follow_symlinks=False)
        except OSError as error:
            # exFAT and many shares keep no rights and refuse to be asked; times were set before.
            if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP}:
                raise
        files.flush_to_disk(descriptor)

    def settle(self, temporary: Path, target: Path) -> None:
        """Give a temporary file its final name; fails if anything has that name."""
        try:
            os.link(temporary, target, follow_symlinks=False)
        except OSError:
            _rename_new(temporary, target)  # if not for want of hard links, this fails as well
        else:
            temporary.unlink()

    def respell(self, source: Path, target: Path) -> None:
        """Rename a file to what its disk holds to be the same name, such as another case."""
        source.rename(target)

    def remove(self, path: Path) -> None:
        """Remove a name, if it is there."""
        path.unlink(missing_ok=True)

    def make_folder(self, folder: Path) -> None:
        """Make a folder of our own."""
        folder.mkdir()

    def remove_folder(self, folder: Path) -> None:
        """Remove a folder of our own, if it is there and empty."""
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()

    def trash(self, folder: Path) -> None:
        """Put a folder of our own into the person's trash."""
        bins.send(folder)

    def flush_folder(self, folder: Path) -> None:
        """Make what happened to the names in ``folder`` durable."""
        try:
            files.flush_folder(folder)
        except OSError as error:
            # Disks that write names at once, or cannot be asked, answer so.
            if error.errno not in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}:
                raise


def sha256_on_disk(descriptor: int) -> str:
    """SHA-256 of an open file as the disk gives it back, past the cache where that is possible."""
    files.flush_to_disk(descriptor)
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.lseek(descriptor, 0, os.SEEK_SET)
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _rename_new(source: Path, target: Path) -> None:
    """Rename; fails if anything has the new name."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if hasattr(libc, "renameat2"):
            failed = libc.renameat2(
                _AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE
            )
            if not failed:
                return
            code = ctypes.get_errno()
            if code not in _NO_SUCH_CALL:
                raise OSError(code, os.strerror(code), str(target))
    # The last resort, on disks that know neither: between the look and the rename is a moment in
    # which only programs that ignore our lock could take the name.
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.rename(target)
