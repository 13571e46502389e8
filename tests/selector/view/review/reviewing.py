"""The review window for tests: opened on real clips, driven by keys, closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox
from pytestqt.qtbot import QtBot

from selector.core.placement import Placement
from selector.view.review.window import ReviewWindow
from tests.selector.desks import PATIENCE_MS, let_go

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
PLAIN = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@contextmanager
def reviewing(
    qtbot: QtBot, folder: Path, *, overlay: Path | None = None, read_only: bool | None = None
) -> Iterator[ReviewWindow]:
    """The window on that folder, shown."""
    window = ReviewWindow(Placement(folder, overlay), reviewer="anna", read_only=read_only)
    window.show()
    try:
        yield window
    finally:
        window.shut_down()
        window.hide()
        let_go(window)


def until_shown(qtbot: QtBot, window: ReviewWindow, name: str) -> None:
    """Wait until that clip is the current one and was there to be looked at."""
    qtbot.waitUntil(lambda: window.session.name == name and window.is_seen, timeout=PATIENCE_MS)


def at_rest(qtbot: QtBot, window: ReviewWindow, frame: int) -> QImage:
    """Stand on that frame; its image."""
    window.reader.seek(frame)
    qtbot.waitUntil(lambda: window.stage.timeline.frame == frame, timeout=PATIENCE_MS)
    image = window.stage.clip_pane.clip
    assert image is not None
    return image


def dialog_of(qtbot: QtBot, window: ReviewWindow) -> QDialog:
    """The dialog that the window has opened."""

    def found() -> list[QDialog]:
        return [each for each in window.findChildren(QDialog) if each.isVisible()]

    qtbot.waitUntil(lambda: bool(found()), timeout=PATIENCE_MS)
    return found()[-1]


def press(qtbot: QtBot, window: ReviewWindow, *keys: Qt.Key) -> None:
    """Press those keys one after the other, as a reviewer would: looking at each clip first."""
    for key in keys:
        qtbot.waitUntil(lambda: window.is_seen, timeout=PATIENCE_MS)
        QTest.keyClick(window, key)
    QApplication.processEvents()


def agree(qtbot: QtBot, dialog: QDialog) -> None:
    """Press the button that says yes, once it can be pressed."""
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    button = box.button(QDialogButtonBox.StandardButton.Ok)
    qtbot.waitUntil(button.isEnabled, timeout=PATIENCE_MS)
    button.setFocus()
    QTest.keyClick(button, Key.Key_Space)


def said(window: ReviewWindow) -> str:
    """What the window tells now."""
    return window.statusBar().currentMessage()
