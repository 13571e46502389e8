"""Set apart from its writers: a verified set moves into a folder that no transfer ever saw.

A line that breaks in silence leaves an ``rsync --server`` alive for a minute, its working folder
being the one where the set arrives.  Were that very folder published, it would wake up inside a
published set.  So its entries move to a fresh one, and it is left with a folder that is gone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from fleet.sync.far import tree


def set_apart(folder: Path, root: int) -> Path:
    """Move all that lies in ``folder``, whose descriptor is ``root``, to a folder beside it.

    Raises:
        OSError: the disk refuses; ``take_back`` mends it.
    """
    whole = _beside(folder)
    whole.mkdir(mode=0o700)
    with tree.opened(whole) as fresh:
        _move(root, fresh)
    return whole


def take_back(folder: Path, root: int) -> None:
    """Undo a ``set_apart`` that was not followed by a publication; harmless where there was none.

    Raises:
        OSError: the disk refuses.
    """
    with contextlib.suppress(FileNotFoundError), tree.opened(_beside(folder)) as apart:
        there = tree.names_in(root)
        _move(apart, root, but=there)
        shutil.rmtree(_beside(folder))


def leave(folder: Path) -> None:
    """Remove the folder that a set was moved out of, whatever a late writer leaves there."""
    with contextlib.suppress(OSError):  # then it is swept with old arrivals
        shutil.rmtree(folder)


def _beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.whole")


def _move(source: int, target: int, *, but: set[str] | None = None) -> None:
    for name in tree.names_in(source) - (but or set()):
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
