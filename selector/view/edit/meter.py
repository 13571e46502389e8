"""The safety meter: how the move stands against its limits, and the nearest safe moves."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from companions.motion import MotionCompanion, SafetyVerdict
from selector.core import drafting
from selector.view.edit.editing import Editing
from selector.view.edit.gauges import Gauge, gauges, profile_of
from selector.view.edit.remedies import Offer, offers

COLOURS: Final = {
    SafetyVerdict.PASS: QColor(46, 160, 90),
    SafetyVerdict.WARN: QColor(224, 150, 20),
    SafetyVerdict.BLOCK: QColor(214, 48, 49),
}
VERDICTS: Final = {
    SafetyVerdict.PASS: "Safe",
    SafetyVerdict.WARN: "Warns",
    SafetyVerdict.BLOCK: "Blocked: it will not be sent",
}
REMEDY_MS: Final = 120
"""Remedies are looked for when the move has rested so long: some 15 ms of work."""
MOST_REMEDIES: Final = 3


class Meter(QWidget):
    """Bars, words and remedies for the motion under edit."""

    def __init__(self, editing: Editing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing = editing
        self.verdict = QLabel()
        self.bars: list[Bar] = []
        self.findings = QLabel()
        self.findings.setWordWrap(True)
        self.remedies: list[QPushButton] = []
        self._measured: MotionCompanion | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._column.addWidget(self.verdict)
        for _ in range(5):
            bar = Bar()
            self.bars.append(bar)
            self._column.addWidget(bar)
        self._column.addWidget(self.findings)
        self._later = QTimer(self, interval=REMEDY_MS, singleShot=True)
        self._later.timeout.connect(self._offer)
        editing.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Measure the motion as it is now."""
        motion = self._editing.motion
        self.setEnabled(motion is not None)
        if motion is None or motion is self._measured:
            return
        self._measured = motion
        found = gauges(motion)
        for bar, gauge in zip(self.bars, found, strict=True):
            bar.show_gauge(gauge)
        safety = drafting.judged(motion, profile=profile_of(motion)).safety
        verdict = safety.verdict if safety is not None else SafetyVerdict.PASS
        self.verdict.setText(f"<b>{VERDICTS[verdict]}</b>")
        self.verdict.setPalette(_written_in(COLOURS[verdict], self.palette()))
        words = [g.words for g in found if g.verdict is not SafetyVerdict.PASS]
        if safety is not None and any(f.limit == "aspect" for f in safety.findings):
            words.append("a rectangle has another shape than the clip; it is grown to it")
        self.findings.setText("\n".join(words))
        self.findings.setVisible(bool(words))
        self._clear()
        if verdict is not SafetyVerdict.PASS:
            self._later.start()
        else:
            self._later.stop()

    def take_nearest(self) -> bool:
        """Take the nearest safe move; whether there was one."""
        if self._later.isActive():
            self._later.stop()
            self._offer()
        if not self.remedies:
            return False
        self.remedies[0].click()
        return True

    def _offer(self) -> None:
        motion = self._editing.motion
        if motion is None:
            return
        if not self._editing.is_at_rest:
            self._later.start()
            return
        self._clear()
        for offer in offers(motion)[:MOST_REMEDIES]:
            self._add(offer)

    def _add(self, offer: Offer) -> None:
        verb = "Make it safe" if offer.is_safe else "Make it safer"
        button = QPushButton(f"{verb}: {offer.what}")
        button.setToolTip("Changes the move; Ctrl+Z takes it back")
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.clicked.connect(partial(self._take, offer))
        self._column.addWidget(button)
        self.remedies.append(button)

    def _take(self, offer: Offer) -> None:
        self._editing.edit(offer.change, what=f"make safe ({offer.what})")

    def _clear(self) -> None:
        for button in self.remedies:
            self._column.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.remedies = []


class Bar(QWidget):
    """One limit: a bar with marks where it warns (amber) and blocks (red)."""

    def __init__(self) -> None:
        super().__init__()
        self.gauge: Gauge | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's
        """One line of text."""
        return QSize(240, self.fontMetrics().height() + 6)

    def show_gauge(self, gauge: Gauge) -> None:
        """Show a value."""
        self.gauge = gauge
        self.setToolTip(gauge.words)
        self.setAccessibleName(gauge.words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """Draw title, bar, marks and value."""
        del event
        if self.gauge is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        gauge, metrics = self.gauge, self.fontMetrics()
        title_w = metrics.horizontalAdvance("Zoom speed") + 8
        value_w = metrics.horizontalAdvance("0.00 octaves/s") + 8
        line = QRectF(self.rect())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, gauge.title)
        painter.drawText(
            line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, gauge.shown
        )
        bar = QRectF(title_w, line.center().y() - 4.0, line.width() - title_w - value_w, 8.0)
        ground = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        ground.setAlpha(36)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(bar, 3.0, 3.0)
        painter.setBrush(COLOURS[gauge.verdict])
        filled = QRectF(bar.left(), bar.top(), max(bar.width() * gauge.value, 2.0), bar.height())
        painter.drawRoundedRect(filled, 3.0, 3.0)
        for at, verdict in ((gauge.warn, SafetyVerdict.WARN), (gauge.block, SafetyVerdict.BLOCK)):
            if at is not None:
                x = bar.left() + bar.width() * at
                painter.setPen(QPen(COLOURS[verdict], 2.0))
                painter.drawLine(round(x), round(bar.top()) - 3, round(x), round(bar.bottom()) + 3)


def _written_in(colour: QColor, colours: QPalette) -> QPalette:
    written = QPalette(colours)
    written.setColor(QPalette.ColorRole.WindowText, colour)
    return written
