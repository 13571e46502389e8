"""The cheat sheet: every key, from the one table that key handling goes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from selector.view.action import Action, Mode
from selector.view.keys import TABLE

COLUMNS: Final = ((Mode.CULL, Mode.COMPARE), (Mode.WINDOW, Mode.PREVIEW), (Mode.EDIT,))
"""What stands under each other on the window's sheet."""


class CheatSheet(QDialog):
    """Keys by where they mean something.  Escape, Enter or ? closes it."""

    def __init__(
        self,
        columns: Sequence[Sequence[Mode]] = COLUMNS,
        *,
        title: str = "Keys",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        sheet = QWidget()
        row = QHBoxLayout(sheet)
        row.setSpacing(36)
        row.setContentsMargins(18, 12, 18, 12)
        for modes in columns:
            column = QVBoxLayout()
            column.setSpacing(4)
            for mode in modes:
                _list(column, mode, [each for each in TABLE if each.mode is mode])
            column.addStretch(1)
            row.addLayout(column)
        area = QScrollArea()
        area.setWidget(sheet)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        outer = QVBoxLayout(self)
        outer.addWidget(area)
        outer.addWidget(buttons)
        self._whole = sheet.sizeHint() + QSize(60, 90)
        self.resize(self._whole.boundedTo(self.screen().availableSize() - QSize(40, 60)))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's
        """The size in which all of it is seen at once."""
        return self._whole

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """The key that opened it closes it."""
        if event.text() == "?":
            self.reject()
        else:
            super().keyPressEvent(event)


def _list(column: QVBoxLayout, mode: Mode, actions: Sequence[Action]) -> None:
    heading = QLabel(mode.value)
    font = QFont(heading.font())
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 1.25)
    heading.setFont(font)
    column.addWidget(heading)
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    for part in dict.fromkeys(each.part for each in actions):
        if part:
            label = QLabel(part)
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            grid.addWidget(label, grid.rowCount(), 0, 1, 2)
        for action in (each for each in actions if each.part == part):
            at = grid.rowCount()
            shown, words = QLabel(action.shown), QLabel(action.words)
            shown.setFont(fixed)
            shown.setTextFormat(Qt.TextFormat.PlainText)
            shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            grid.addWidget(shown, at, 0)
            grid.addWidget(words, at, 1)
    column.addLayout(grid)
    column.addSpacing(10)
