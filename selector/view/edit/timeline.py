"""The timeline: stops at their moments, objects beneath them, and the playhead."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from selector.core import drafting
from selector.view.edit import inks
from selector.view.edit.editing import Editing

MARGIN: Final = 40.0
REACH_PX: Final = 9.0
_LINE_Y: Final = 24.0
_OBJECT_PX: Final = 5.0
_MOST_OBJECTS: Final = 5
_PX_PER_LABEL: Final = 60.0


class Timeline(QWidget):
    """The clip's time from left to right.

    Pressing a stop chooses it; dragging a keyframe moves it in time; anywhere else the playhead
    is put.

    Signals:
        sought(moment): the operator has put the playhead there, 0..1.
    """

    sought = Signal(float)

    def __init__(self, editing: Editing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing = editing
        self._held: int | None = None
        self._seeking = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline")
        for signal in (editing.changed, editing.chosen, editing.moved):
            signal.connect(self.update)
        editing.changed.connect(self.updateGeometry)
        editing.opened.connect(self.let_go)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's
        """As high as its objects need."""
        rows = min(len(self._editing.objects), _MOST_OBJECTS)
        return QSize(400, round(60 + rows * (_OBJECT_PX + 3.0)))

    def at(self, moment: float) -> QPointF:
        """Where a moment, 0..1, is on the widget."""
        return QPointF(MARGIN + moment * (self.width() - 2.0 * MARGIN), _LINE_Y)

    def let_go(self) -> None:
        """Drag nothing any further."""
        self._held, self._seeking = None, False

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Take hold of a stop or the playhead."""
        if event.button() is not Qt.MouseButton.LeftButton or not self._editing.stops:
            return
        self._held = self._stop_at(event.position())
        self._seeking = self._held is None
        if self._held is not None:
            self._editing.choose(self._held)
        else:
            self._seek(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Drag it."""
        if self._seeking:
            self._seek(event.position())
        elif self._held is not None and 0 < self._held < self._editing.last:
            stop, to = self._held, self._moment(event.position())
            self._editing.attempt(lambda motion: drafting.retimed(motion, stop, to))
            self._editing.seek(self._editing.stops[stop].at)
        else:
            over = self._stop_at(event.position())
            movable = over is not None and 0 < over < self._editing.last
            self.setCursor(
                Qt.CursorShape.SizeHorCursor if movable else Qt.CursorShape.PointingHandCursor
            )

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Keep it."""
        if event.button() is Qt.MouseButton.LeftButton:
            if self._held is not None:
                self._editing.keep(what=f"move keyframe {self._held} in time")
            self.let_go()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """Draw time, stops, objects and playhead."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        motion = self._editing.motion
        if motion is None:
            return
        ink = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        faint = QColor(ink)
        faint.setAlpha(70)
        painter.setPen(QPen(faint, 3.0))
        painter.drawLine(self.at(0.0), self.at(1.0))
        self._paint_seconds(painter, motion.duration_sec, ink)
        self._paint_objects(painter)
        for i, stop in enumerate(self._editing.stops):
            colour = inks.stop_colour(i, last=self._editing.last)
            self._paint_stop(painter, self.at(stop.at), colour, chosen=i == self._editing.stop)
        self._paint_playhead(painter, motion.duration_sec, ink)

    def _paint_seconds(self, painter: QPainter, duration_s: float, ink: QColor) -> None:
        width = self.at(1.0).x() - self.at(0.0).x()
        step = next(
            s for s in (0.5, 1, 2, 5, 10, 30) if width * s / duration_s > _PX_PER_LABEL or s == 30
        )
        for i in range(math.floor(duration_s / step + 1e-9) + 1):
            at = self.at(i * step / duration_s)
            painter.setPen(QPen(ink, 1.0))
            painter.drawLine(at + QPointF(0.0, 8.0), at + QPointF(0.0, 13.0))
            words = QRectF(at.x() - 30.0, at.y() + 13.0, 60.0, 16.0)
            painter.drawText(words, Qt.AlignmentFlag.AlignCenter, f"{i * step:g} s")

    def _paint_objects(self, painter: QPainter) -> None:
        for i, each in enumerate(self._editing.objects[:_MOST_OBJECTS]):
            y = _LINE_Y + 32.0 + i * (_OBJECT_PX + 3.0)
            left, right = self.at(each.points[0].at).x(), self.at(each.points[-1].at).x()
            painter.setPen(Qt.PenStyle.NoPen)
            colour = QColor(inks.OBJECT)
            colour.setAlpha(255 if i == self._editing.object else 120)
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(left, y, max(right - left, 3.0), _OBJECT_PX), 2.0, 2.0)

    @staticmethod
    def _paint_stop(painter: QPainter, at: QPointF, colour: QColor, *, chosen: bool) -> None:
        radius = 8.0 if chosen else 6.0
        painter.setPen(QPen(Qt.GlobalColor.white if chosen else inks.HALO, 1.5))
        painter.setBrush(colour)
        sides = (QPointF(0, -radius), QPointF(radius, 0), QPointF(0, radius), QPointF(-radius, 0))
        painter.drawPolygon(QPolygonF([at + side for side in sides]))

    def _paint_playhead(self, painter: QPainter, duration_s: float, ink: QColor) -> None:
        moment = self._editing.playhead
        at = self.at(moment)
        painter.setPen(QPen(ink, 1.5))
        painter.drawLine(QPointF(at.x(), 12.0), QPointF(at.x(), self.height() - 2.0))
        words = f"{moment * duration_s:.2f} s"
        room = QRectF(min(max(at.x() - 35.0, 0.0), self.width() - 70.0), 0.0, 70.0, 14.0)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)

    def _seek(self, at: QPointF) -> None:
        self._editing.seek(self._moment(at))
        self.sought.emit(self._editing.playhead)

    def _moment(self, at: QPointF) -> float:
        moment = (at.x() - MARGIN) / max(self.width() - 2.0 * MARGIN, 1.0)
        return min(max(moment, 0.0), 1.0)

    def _stop_at(self, at: QPointF) -> int | None:
        near = [
            (abs(self.at(stop.at).x() - at.x()), i)
            for i, stop in enumerate(self._editing.stops)
            if abs(self.at(stop.at).x() - at.x()) <= REACH_PX
            and abs(at.y() - _LINE_Y) <= 1.5 * REACH_PX
        ]
        return min(near)[1] if near else None
