"""The clip's time: where it is, where it may be dragged to, and where findings lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from companions.video_meta import CheckVerdict
from selector.core.findings import Mark
from selector.view.edit import inks

WARN: Final = QColor(240, 173, 40)
FAIL: Final = QColor(229, 72, 77)
_SIDE: Final = 14.0
_LEAST_PX: Final = 5.0


class Timeline(QWidget):
    """A bar that is clicked or dragged along.

    Signals:
        sought(frame): the reviewer wants to see that frame.
    """

    sought = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Timeline with findings")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(38)
        self.frames, self.frame = 0, 0
        self.marks: tuple[Mark, ...] = ()
        self.stops: tuple[float, ...] = ()

    def show_clip(self, frames: int, *, marks: Sequence[Mark] = ()) -> None:
        """A clip of that many frames; 0 for none."""
        self.frames, self.frame = frames, 0
        self.marks, self.stops = tuple(marks), ()
        self.update()

    def show_stops(self, stops: Sequence[float]) -> None:
        """When the move is at START, its keyframes and END, 0 to 1."""
        self.stops = tuple(stops)
        self.update()

    def show_frame(self, frame: int) -> None:
        """Where the clip is."""
        self.frame = frame
        self.update()

    def next_mark(self) -> int | None:
        """The first frame of the finding after the current frame, the first one after the last."""
        firsts = sorted({mark.first for mark in self.marks})
        onward = [first for first in firsts if first > self.frame]
        return next(iter(onward or firsts), None)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as the bar."""
        return QSize(400, 38)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go where it was clicked."""
        self._seek(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go where it is dragged to."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(event.position().x())

    def event(self, event: QEvent) -> bool:
        """Say what a mark is about when the pointer rests on it."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = [
                f"{mark.check.name}: {mark.check.detail}"
                for mark in self.marks
                if self._span(mark).adjusted(-3, -12, 3, 12).contains(QPointF(event.pos()))
            ]
            QToolTip.showText(event.globalPos(), "\n".join(dict.fromkeys(words)), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        bar = self._bar()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(bar, 3.0, 3.0)
        if not self.frames:
            painter.end()
            return
        played = QRectF(bar)
        played.setRight(self.x_of(self.frame))
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(played, 3.0, 3.0)
        # A long stretch is thin and lies below, so that it hides no single frame.
        for mark in sorted(self.marks, key=lambda mark: mark.first - mark.last):
            painter.setBrush(FAIL if mark.check.verdict is CheckVerdict.FAIL else WARN)
            painter.drawRoundedRect(self._span(mark), 2.0, 2.0)
        self._paint_stops(painter, bar)
        x = self.x_of(self.frame)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), 1.0))
        painter.setBrush(palette.color(QPalette.ColorRole.Text))
        painter.drawRoundedRect(
            QRectF(x - 3.0, bar.top() - 7.0, 6.0, bar.height() + 14.0), 2.5, 2.5
        )
        painter.end()

    def x_of(self, frame: int) -> float:
        """Where that frame is along the widget."""
        bar = self._bar()
        return bar.left() + bar.width() * frame / max(1, self.frames - 1)

    def _paint_stops(self, painter: QPainter, bar: QRectF) -> None:
        last = len(self.stops) - 1
        for number, at in enumerate(self.stops):
            colour = inks.stop_colour(number, last=last)
            inks.dot(painter, QPointF(bar.left() + at * bar.width(), bar.bottom() + 6.0), colour)

    def _bar(self) -> QRectF:
        return QRectF(_SIDE, self.height() / 2.0 - 4.0, self.width() - 2.0 * _SIDE, 8.0)

    def _span(self, mark: Mark) -> QRectF:
        bar = self._bar()
        left, right = self.x_of(mark.first), self.x_of(mark.last)
        width = max(_LEAST_PX, right - left)
        if mark.last > mark.first:
            return QRectF(left, bar.top() - 5.0, width, 3.0)
        return QRectF((left + right - width) / 2.0, bar.top() - 12.0, width, 10.0)

    def _seek(self, x: float) -> None:
        if self.frames:
            bar = self._bar()
            share = min(1.0, max(0.0, (x - bar.left()) / max(1.0, bar.width())))
            self.sought.emit(round(share * (self.frames - 1)))
