"""The easing as a curve: elapsed time to the right, progress upward, two handles to drag."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from companions.easing import CURVES, Bezier, Easing, EasingName, eased

MARGIN: Final = 14.0
_STEPS: Final = {
    Qt.Key.Key_Left: (0, -0.01),
    Qt.Key.Key_Right: (0, 0.01),
    Qt.Key.Key_Down: (1, -0.01),
    Qt.Key.Key_Up: (1, 0.01),
}


class CurveEditor(QWidget):
    """A cubic Bezier from (0, 0) to (1, 1); its handles stay in the unit square, because a curve
    that overshoots is refused.

    With the keyboard: arrows move a handle (Shift: ten times as far), Space changes to the other.

    Signals:
        tried(curve): a handle is being dragged; four numbers.
        kept: the drag has ended.
        changed(curve): a handle was moved by a key.
    """

    tried = Signal(object)
    kept = Signal()
    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: Bezier = CURVES[EasingName.LINEAR]
        self._handle, self._dragging, self._playhead = 0, False, 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Easing curve")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's
        """Wide enough to aim at."""
        return QSize(220, 150)

    def show_easing(self, easing: Easing) -> None:
        """Show a curve."""
        self._curve = CURVES[easing] if isinstance(easing, EasingName) else easing
        self.setAccessibleDescription(", ".join(f"{v:g}" for v in self._curve))
        self.update()

    def show_playhead(self, at: float) -> None:
        """Mark a moment, 0..1."""
        self._playhead = at
        self.update()

    def handle_at(self, handle: int) -> QPointF:
        """Where that handle (0 or 1) is on the widget."""
        return self._at(*self._curve[2 * handle : 2 * handle + 2])

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Take the nearer handle."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        away = [event.position() - self.handle_at(handle) for handle in (0, 1)]
        self._handle = min((0, 1), key=lambda i: math.hypot(away[i].x(), away[i].y()))
        self._dragging = True
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Drag it."""
        if self._dragging:
            plot = self._plot()
            x = (event.position().x() - plot.left()) / plot.width()
            y = (plot.bottom() - event.position().y()) / plot.height()
            self._put(x, y)
            self.tried.emit(self._curve)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Let go."""
        if self._dragging and event.button() is Qt.MouseButton.LeftButton:
            self._dragging = False
            self.kept.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Move a handle, or change to the other."""
        if event.key() == Qt.Key.Key_Space:
            self._handle = 1 - self._handle
            self.update()
            return
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        far = 10.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        x, y = self._curve[2 * self._handle : 2 * self._handle + 2]
        axis, by = step
        self._put(x + by * far if axis == 0 else x, y + by * far if axis == 1 else y)
        self.changed.emit(self._curve)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """Draw grid, curve, handles and playhead."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, plot = self.palette(), self._plot()
        painter.fillRect(self.rect(), colours.color(QPalette.ColorRole.Base))
        faint = QColor(colours.color(QPalette.ColorRole.Text))
        faint.setAlpha(50)
        painter.setPen(QPen(faint, 1.0))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            painter.drawLine(self._at(share, 0.0), self._at(share, 1.0))
            painter.drawLine(self._at(0.0, share), self._at(1.0, share))
        accent = colours.color(QPalette.ColorRole.Highlight)
        curve = QPainterPath(self._at(0.0, 0.0))
        curve.cubicTo(self.handle_at(0), self.handle_at(1), self._at(1.0, 1.0))
        painter.setPen(QPen(accent, 2.5))
        painter.drawPath(curve)
        for handle, end in ((0, self._at(0.0, 0.0)), (1, self._at(1.0, 1.0))):
            at = self.handle_at(handle)
            painter.setPen(QPen(colours.color(QPalette.ColorRole.Text), 1.0))
            painter.drawLine(end, at)
            painter.setBrush(
                accent if handle == self._handle and self.hasFocus() else plain(colours)
            )
            painter.drawEllipse(at, 5.5, 5.5)
        here = self._at(self._playhead, eased(self._curve, self._playhead))
        painter.setPen(QPen(faint, 1.0, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(here.x(), plot.bottom()), here)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.color(QPalette.ColorRole.Text))
        painter.drawEllipse(here, 3.0, 3.0)

    def _put(self, x: float, y: float) -> None:
        x, y = (round(min(max(v, 0.0), 1.0), 3) for v in (x, y))
        first, second = self._curve[:2], self._curve[2:]
        self._curve = (x, y, *second) if self._handle == 0 else (*first, x, y)
        self.update()

    def _plot(self) -> QRectF:
        return QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)

    def _at(self, x: float, y: float) -> QPointF:
        plot = self._plot()
        return QPointF(plot.left() + x * plot.width(), plot.bottom() - y * plot.height())


def plain(colours: QPalette) -> QColor:
    """The ground of a handle that is not taken."""
    return colours.color(QPalette.ColorRole.Button)
