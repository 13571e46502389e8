"""A window drawn into a file once there is something to see: for docs and bug reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, QTimer
from PySide6.QtGui import QImageWriter
from PySide6.QtWidgets import QWidget

from companions import files

_TURN_S: Final = 0.03
_FORMATS: Final = {".jpg": b"jpeg", ".jpeg": b"jpeg"}


def save(surface: QWidget, file: Path) -> None:
    """Draw ``surface`` into ``file``, whole or not at all: a JPEG if it is named so, else a PNG.

    Raises:
        FileUnwritable: the folder or disk refuses.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    kind = _FORMATS.get(file.suffix.lower(), b"png")
    QImageWriter(buffer, QByteArray(kind)).write(surface.grab().toImage())
    files.write_atomic(file, bytes(buffer.data().data()))


def wait(until: Callable[[], bool], *, deadline: float) -> None:
    """Let windows live until the condition holds, or until ``deadline`` by the monotonic clock."""
    while not until() and time.monotonic() < deadline:
        turn(_TURN_S)


def turn(seconds: float) -> None:
    """Let windows live for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000.0), loop.quit)
    loop.exec()
