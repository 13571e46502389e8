"""The review window drawn into a file, once there is something to see."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QEventLoop, QIODevice
from PySide6.QtGui import QImageWriter

from companions import files
from selector.view.review.window import ReviewWindow

_FORMATS: Final = {".jpg": b"jpeg", ".jpeg": b"jpeg"}
_WAIT_MS: Final = 20
_SHARE: Final = 0.4
"""Share of the clip that has passed in the picture: neither at START nor at END."""


def draw(window: ReviewWindow, file: Path, *, patience_s: float) -> int:
    """Draw the window into ``file``, standing in the middle of its clip, and close it; 0.

    What has not arrived after ``patience_s`` is not in the picture.

    Raises:
        FileUnwritable: the folder or disk refuses.
    """
    deadline = time.monotonic() + patience_s
    stage = window.stage
    _wait(lambda: stage.clip_pane.clip is not None or bool(stage.clip_pane.message), deadline)
    index = stage.reader.index
    if index is not None:
        wanted = round(_SHARE * (index.frames - 1))
        stage.reader.seek(wanted)
        _wait(lambda: stage.timeline.frame == wanted, deadline)
        _wait(lambda: not stage.expects_path(), deadline)
    _wait(window.list.is_complete, deadline)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    kind = _FORMATS.get(file.suffix.lower(), b"png")
    QImageWriter(buffer, QByteArray(kind)).write(window.grab().toImage())
    try:
        files.write_atomic(file, bytes(buffer.data().data()))
    finally:
        window.shut_down()
        window.deleteLater()
    return 0


def _wait(until: Callable[[], bool], deadline: float) -> None:
    """Let the window live until the condition holds."""
    while not until() and time.monotonic() < deadline:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _WAIT_MS)
        time.sleep(_WAIT_MS / 1000.0 / 4)
