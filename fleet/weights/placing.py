"""How a folder of weights takes its place: filled beside it, then renamed into it as a whole.

What lies there stays until the new one is whole.  A command that is ended leaves its staging
folder, which the same command goes on from; nothing else looks into it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from companions.files import flush_folder, reporting_unwritable
from fleet.errors import FleetBusy

_STAGING: Final = ".fetching"
_OLD: Final = ".replaced"
_LOCK: Final = ".lock"


@contextlib.contextmanager
def staged(name: str, *, folder: Path, version: str) -> Iterator[Path]:
    """The staging folder for ``version`` of ``name`` in ``folder``, as the last attempt left it;
    nobody else fills it meanwhile.

    Raises:
        FleetBusy: another process fills it.
        FileUnwritable: the folder cannot be written.
    """
    with reporting_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f".{name}{_LOCK}", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = f"another fleet models fetch {name}"
            raise FleetBusy(home=folder, holder=holder) from error
        _recover(name, folder=folder)
        staging = folder / f".{name}-{version}{_STAGING}"
        with reporting_unwritable(staging):
            for other in _of(name, folder=folder):
                if other != staging:
                    shutil.rmtree(other)
            staging.mkdir(exist_ok=True)
        yield staging
    finally:
        os.close(descriptor)


def is_begun(name: str, *, folder: Path) -> bool:
    """Whether a fetch of ``name`` was begun and has not ended."""
    return bool(_of(name, folder=folder))


def place(staging: Path, *, name: str, folder: Path) -> Path:
    """Give ``staging`` its name, durably; what had that name is removed.

    Raises:
        FileUnwritable: the folder refuses.
    """
    path, old = folder / name, folder / f".{name}{_OLD}"
    with reporting_unwritable(path):
        for inner, _, _ in os.walk(staging):
            flush_folder(Path(inner))
        if path.exists():
            # No rename replaces a folder that is not empty: for a moment there is neither, and
            # what ends here is mended by the next fetch.
            path.rename(old)
        staging.rename(path)
        flush_folder(folder)
        shutil.rmtree(old, ignore_errors=True)
    return path


def remove(name: str, *, folder: Path) -> bool:
    """Remove the folder of ``name`` and what a fetch of it left; whether there was anything.

    Raises:
        FileUnwritable: the folder refuses.
    """
    _recover(name, folder=folder)
    there = [each for each in (folder / name, *_of(name, folder=folder)) if each.exists()]
    with reporting_unwritable(folder / name):
        for each in there:
            # Renamed first: half removed, it would be weights with holes.
            gone = folder / f".{name}{_OLD}"
            each.rename(gone)
            shutil.rmtree(gone)
        (folder / f".{name}{_LOCK}").unlink(missing_ok=True)
    return bool(there)


def _of(name: str, *, folder: Path) -> list[Path]:
    return [
        each
        for each in folder.glob(f".{name}-*{_STAGING}")
        if "-" not in each.name.removeprefix(f".{name}-").removesuffix(_STAGING)
    ]


def _recover(name: str, *, folder: Path) -> None:
    """Mend what a command left that was ended between the two renames of ``place``."""
    path, old = folder / name, folder / f".{name}{_OLD}"
    with reporting_unwritable(path):
        if old.exists():
            if path.exists():
                shutil.rmtree(old)
            else:
                old.rename(path)
