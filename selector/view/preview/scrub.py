"""The bar to scrub on: START and END at its ends, keyframes between, the playhead over all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from selector.view.edit import inks

_INSET: Final = 12.0


class ScrubBar(QWidget):
    """A share of the move's time, 0..1, to be seen and to be dragged.

    Signals:
        scrubbed(fraction): the operator wants to see that moment.
    """

    scrubbed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Moment of the move")
        self.setToolTip("Drag to any moment of the move")
        self._fraction = 0.0
        self._stops: tuple[float, ...] = ()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as there is room."""
        return QSize(320, 30)

    def set_fraction(self, fraction: float) -> None:
        """Where the playhead is."""
        if fraction != self._fraction:
            self._fraction = fraction
            self.update()

    def set_stops(self, at: Sequence[float]) -> None:
        """The moments of the keyframes between START and END."""
        self._stops = tuple(at)
        self.update()

    @property
    def fraction(self) -> float:
        """Where the playhead is."""
        return self._fraction

    def x_of(self, fraction: float) -> float:
        """Where a moment is on the bar, px from its left."""
        return _INSET + fraction * (self.width() - 2.0 * _INSET)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        """Paint it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        middle = self.height() / 2.0
        left, right, here = self.x_of(0.0), self.x_of(1.0), self.x_of(self._fraction)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(palette.color(palette.ColorRole.WindowText))
        ground.setAlpha(50)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(left, middle - 2, right - left, 4), 2, 2)
        ground.setAlpha(150)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(left, middle - 2, here - left, 4), 2, 2)
        for at, colour in self._ticks():
            x = self.x_of(at)
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(x - 1.5, middle - 8, 3, 16), 1.5, 1.5)
        painter.setPen(QPen(palette.base().color(), 1.5))
        painter.setBrush(palette.text())
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(here - 6, 1),
                    QPointF(here + 6, 1),
                    QPointF(here + 6, 7),
                    QPointF(here, 13),
                    QPointF(here - 6, 7),
                ]
            )
        )
        painter.setPen(QPen(palette.text().color(), 1.5))
        painter.drawLine(QPointF(here, 12), QPointF(here, self.height() - 3))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def _ticks(self) -> list[tuple[float, QColor]]:
        stops = [(at, inks.KEYFRAME) for at in self._stops]
        return [(0.0, inks.START), *stops, (1.0, inks.END)]

    def _go(self, x: float) -> None:
        room = max(1.0, self.width() - 2.0 * _INSET)
        self.scrubbed.emit(min(1.0, max(0.0, (x - _INSET) / room)))
