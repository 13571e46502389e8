"""A desk for tests: a folder of real pictures opened without a window, closed again at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from pytestqt.qtbot import QtBot

from selector.core.placement import Placement
from selector.media.darkroom import Darkroom
from selector.media.loader import Loader
from selector.view.desk import Desk
from tests.selector import stills

PATIENCE_MS = 60_000
"""For what must come, on a machine however loaded; nothing ever waits this long."""


@contextmanager
def opened(folder: Path, *, overlay: Path | None = None, read_only: bool = False) -> Iterator[Desk]:
    """That folder's desk, with its own loader and darkroom."""
    loader, darkroom = Loader(cache_folder=None, threads=2), Darkroom(processes=1)
    desk = Desk(Placement(folder, overlay), loader=loader, darkroom=darkroom, read_only=read_only)
    try:
        yield desk
    finally:
        darkroom.close()
        loader.close()
        let_go(desk, darkroom, loader)


def let_go(*things: QObject) -> None:
    """Have Qt's part of these gone now, and of all else that is to go: a test has no loop in which
    that would happen by itself, and what it leaves grows from test to test."""
    for thing in things:
        thing.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def two_groups(folder: Path) -> Path:
    """Two groups (subfolders) of two photographs each."""
    stills.copied("astronaut.png", folder / "first", to="a.png")
    stills.copied("coffee.png", folder / "first", to="b.png")
    stills.copied("chelsea.png", folder / "second", to="c.png")
    stills.copied("rocket.jpg", folder / "second", to="d.jpg")
    return folder


def wait_for_look(qtbot: QtBot, desk: Desk, name: str) -> None:
    """Until that picture was looked at."""
    qtbot.waitUntil(
        lambda: desk.look(name) is not None or desk.problem(name) is not None, timeout=PATIENCE_MS
    )


def let_errands_end() -> None:
    """Wait for what was read to be told, while the window hears nothing of it."""
    for thread in threading.enumerate():
        if thread.name == "errand":
            thread.join(PATIENCE_MS / 1000.0)
            assert not thread.is_alive()
