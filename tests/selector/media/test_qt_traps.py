"""Traps of the libraries below: what a pin in ``pyproject.toml`` keeps out, found by its effect."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QColor, QImage, QPainter


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is not counted there")
def test_qt_calls_without_an_answer_do_not_use_up_none(qapp: QObject) -> None:
    # PySide6 6.12.0 drops a reference to None in each such call; Python dies of it in seconds.
    image = QImage(32, 32, QImage.Format.Format_RGB32)
    thing, timer = QObject(), QTimer()
    painter = QPainter(image)
    before = sys.getrefcount(None)

    for i in range(100):
        thing.setObjectName("a")
        timer.setInterval(i)
        painter.drawPoint(QPoint(i % 32, 3))

    drift = sys.getrefcount(None) - before
    painter.end()
    image.fill(QColor("red"))
    assert abs(drift) <= 2  # the test's own variables


def test_opencv_brings_no_qt_of_its_own() -> None:
    # Its build with windows points Qt to plugins of another version, and the desk does not start.
    assert not (Path(cv2.__file__).parent / "qt").exists()
    assert not hasattr(cv2, "qt")
