"""Windows for tests: the real one, offscreen, with settings of its own, closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from selector.core.settings import SettingsFile
from selector.media.plan import Tier
from selector.view.cull.page import CullPage
from selector.view.desk import Desk
from selector.view.shell.window import MainWindow
from tests.selector.desks import PATIENCE_MS, let_go

SIZE = (1200, 800)


@contextmanager
def window(
    qtbot: QtBot, home: Path, folder: Path | None = None, *, overlay: Path | None = None
) -> Iterator[MainWindow]:
    """The window with ``folder`` open, its settings in ``home``."""
    made = MainWindow(SettingsFile(home / "selector.json"))
    made.resize(*SIZE)
    try:
        if folder is not None:
            assert made.open_folder(folder, overlay=overlay)
        made.show()
        made.activateWindow()  # shortcuts are the active window's
        qtbot.waitUntil(made.isActiveWindow, timeout=PATIENCE_MS)
        yield made
    finally:
        made.close()
        made.close_folder()  # whatever could not be written
        let_go(made)


def desk_of(made: MainWindow) -> Desk:
    """The desk of the open folder."""
    assert made.desk is not None
    return made.desk


def cull_of(made: MainWindow) -> CullPage:
    """The page of tiles."""
    assert made.cull is not None
    return made.cull


def press(
    made: QWidget,
    key: Qt.Key,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """A key, where the operator's keys go: to whatever has the focus in that window."""
    QTest.keyClick(made.focusWidget() or made, key, modifier)


def write(text: str) -> None:
    """Text typed into the field that has the focus."""
    field = QApplication.focusWidget()
    assert field is not None
    QTest.keyClicks(field, text)


def settle(qtbot: QtBot, made: MainWindow) -> None:
    """Until every tile in sight is sharp."""
    tiles = cull_of(made).tiles
    qtbot.waitUntil(lambda: tiles.is_complete, timeout=PATIENCE_MS)
    QApplication.processEvents()


def settle_filmstrip(qtbot: QtBot, made: MainWindow) -> None:
    """Until the filmstrip can show every picture of a small folder."""
    desk = desk_of(made)
    pictures = [desk.picture(name) for name in desk.scan.names]

    def is_there() -> bool:
        return all(desk.loader.image(each, Tier.THUMB) is not None for each in pictures[::2])

    qtbot.waitUntil(is_there, timeout=PATIENCE_MS)
    QApplication.processEvents()
