"""Lines over the page that stay until what they say is over, each with what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from selector.view import theme


@dataclass(frozen=True, slots=True)
class Remedy:
    """A button: its words, with a mnemonic, and what it does."""

    words: str
    act: Callable[[], object]


class Banner(QWidget):
    """One line."""

    def __init__(
        self, words: str, remedies: Sequence[Remedy], *, colour: QColor, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._colour = colour
        self.words = QLabel(words)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.buttons: list[QPushButton] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 10, 6)
        row.addWidget(self.words, 1)
        for remedy in remedies:
            button = QPushButton(remedy.words)
            button.setAutoDefault(True)
            button.clicked.connect(remedy.act)
            self.buttons.append(button)
            row.addWidget(button)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """A tinted ground, and a stripe at the left."""
        painter = QPainter(self)
        ground = self.palette().color(self.backgroundRole())
        painter.fillRect(self.rect(), theme.mixed(ground, self._colour, 0.22))
        painter.fillRect(0, 0, 5, self.height(), self._colour)
        painter.end()


class Banners(QWidget):
    """The banners that stand, one for each subject.

    Signals:
        left: a banner that had the keys is gone.
    """

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self.standing: dict[str, Banner] = {}
        self.hide()

    def put(
        self,
        subject: str,
        words: str,
        *remedies: Remedy,
        colour: QColor = theme.BLOCKED,
    ) -> None:
        """Show a banner, in place of one on the same subject."""
        before = self.standing.get(subject)
        if before is not None and before.words.text() == words:
            return
        self.drop(subject)
        banner = Banner(words, remedies, colour=colour, parent=self)
        self.standing[subject] = banner
        self._column.addWidget(banner)
        self.show()

    def drop(self, subject: str) -> None:
        """What it said is over."""
        banner = self.standing.pop(subject, None)
        if banner is not None:
            had_keys = any(button.hasFocus() for button in banner.buttons)
            self._column.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
            if had_keys:
                self.left.emit()
        self.setVisible(bool(self.standing))
