"""Colours and strokes of what is drawn over a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

START: Final = QColor(46, 204, 113)
END: Final = QColor(66, 153, 255)
KEYFRAME: Final = QColor(255, 179, 0)
OBJECT: Final = QColor(226, 96, 255)
FACE: Final = QColor(255, 255, 255)
GUIDE: Final = QColor(255, 64, 129)
PATH: Final = QColor(255, 255, 255)
HALO: Final = QColor(0, 0, 0, 150)
"""Beneath every line, so that it is seen on any picture."""
_ARROW_PX: Final = 11.0


def stop_colour(stop: int, *, last: int) -> QColor:
    """START green, END blue, keyframes amber."""
    return START if stop == 0 else END if stop == last else KEYFRAME


def line(
    painter: QPainter,
    points: Sequence[QPointF],
    colour: QColor,
    *,
    width: float = 2.0,
    dashed: bool = False,
    closed: bool = False,
) -> None:
    """A line with a dark rim."""
    shape = QPolygonF([*points, points[0]] if closed else list(points))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rim = QPen(HALO, width + 2.0)
    rim.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(rim)
    painter.drawPolyline(shape)
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if dashed:
        pen.setDashPattern([5.0, 4.0])
    painter.setPen(pen)
    painter.drawPolyline(shape)


def arrow_head(painter: QPainter, tip: QPointF, *, towards: QPointF, colour: QColor) -> None:
    """An arrow's head at ``tip``, pointing along the vector ``towards``."""
    length = math.hypot(towards.x(), towards.y())
    if length < 1e-6:
        return
    along = towards / length * _ARROW_PX
    across = QPointF(-along.y(), along.x()) * 0.5
    painter.setPen(QPen(HALO, 1.0))
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([tip, tip - along + across, tip - along - across]))


def dot(painter: QPainter, at: QPointF, colour: QColor, *, radius: float = 3.0) -> None:
    """A dot with a dark rim."""
    painter.setPen(QPen(HALO, 1.5))
    painter.setBrush(colour)
    painter.drawEllipse(at, radius, radius)


def square(painter: QPainter, at: QPointF, colour: QColor, *, side: float = 9.0) -> None:
    """A grip."""
    painter.setPen(QPen(colour, 2.0))
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawRect(QRectF(at.x() - side / 2.0, at.y() - side / 2.0, side, side))


def tag(
    painter: QPainter,
    at: QPointF,
    words: str,
    colour: QColor,
    *,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> QRectF:
    """Words on a plate whose top left (or right) corner is ``at``; where the plate lies."""
    font = QFont(painter.font())
    font.setPixelSize(11)
    font.setBold(True)
    painter.setFont(font)
    room = QFontMetricsF(font).size(0, words)
    plate = QRectF(at.x(), at.y(), room.width() + 10.0, room.height() + 3.0)
    if align is Qt.AlignmentFlag.AlignRight:
        plate.moveRight(at.x())
    elif align is Qt.AlignmentFlag.AlignHCenter:
        plate.moveLeft(at.x() - plate.width() / 2.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(plate, 3.0, 3.0)
    painter.setPen(Qt.GlobalColor.black if colour.lightnessF() > 0.4 else Qt.GlobalColor.white)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
    return plate
