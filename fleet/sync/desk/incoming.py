"""The private folder that results are fetched into: whole or half, right or wrong, not yet judged.

It lies in the folder they belong to, so that the last step is a rename.  Nothing in it is trusted:
a file counts only if every folder above it is a real one and it is a plain file itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

from companions.files import reporting_unwritable

INCOMING: Final = ".motionfleet-incoming"
_PRIVATE: Final = 0o700
_AS_USUAL: Final = 0o644


class Incoming:
    """What one host sends into one folder."""

    def __init__(self, root: Path, *, host: str) -> None:
        self._above = root / INCOMING
        self.folder = self._above / host

    def prepare(self) -> int:
        """Make the folder; returns the rights that a new file of the folder's owner has.

        Raises:
            FileUnwritable: it cannot be made, or something else has its name.
        """
        with reporting_unwritable(self._above):
            for folder in (self._above, self.folder):
                with contextlib.suppress(FileExistsError):
                    folder.mkdir(mode=_PRIVATE)
                if not stat.S_ISDIR(os.lstat(folder).st_mode):
                    raise NotADirectoryError(20, "is not a folder", str(folder))
                folder.chmod(_PRIVATE)
            probe = self._above / ".rights"
            probe.unlink(missing_ok=True)
            descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _AS_USUAL)
            try:
                return stat.S_IMODE(os.fstat(descriptor).st_mode)
            finally:
                os.close(descriptor)
                probe.unlink()

    def open(self, path: str) -> BinaryIO:
        """A fetched file, for reading.

        Raises:
            OSError: it is not there, is no plain file, or is reached through a symbolic link.
        """
        *folders, name = path.split("/")
        here = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for folder in folders:
                inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
                os.close(here)
                here = inner
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
        finally:
            os.close(here)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(22, "is not a plain file", path)
        return os.fdopen(descriptor, "rb")

    def at(self, path: str) -> Path:
        """Where a fetched file lies."""
        return self.folder / path

    def discard(self, paths: Iterable[str]) -> None:
        """Remove fetched files; what is gone is gone."""
        for path in paths:
            with contextlib.suppress(OSError):
                self.at(path).unlink()

    def size_bytes(self) -> int:
        """Bytes that lie here, half-fetched files included."""
        total = 0
        for here, _, found in os.walk(self.folder):
            for name in found:
                with contextlib.suppress(OSError):
                    total += os.lstat(f"{here}/{name}").st_size
        return total

    def sweep(self) -> None:
        """Remove what this host sent and nobody waits for, and the folder if it is empty then."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._above.rmdir()
