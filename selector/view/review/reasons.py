"""The sheet of reasons: one key rejects and goes on, with Shift several are collected first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from companions.review import ReviewReason
from selector.core.reviewing import REASON_WORDS, REASONS

_COLUMNS = 4
_SHIFTED = {f"Shift+{key}": reason for key, reason in REASONS.items()} | {
    ")": REASONS["0"],
    "_": REASONS["-"],
}


class ReasonSheet(QFrame):
    """Shown while a clip is being rejected.

    Signals:
        given(reasons): why it is rejected, the gravest first.
        left: it is not rejected after all.
    """

    given = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setAccessibleName("Reasons to reject")
        self.collected: list[ReviewReason] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        self._title = QLabel(self)
        layout.addWidget(self._title)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        self._buttons: dict[ReviewReason, QPushButton] = {}
        for at, (key, reason) in enumerate(REASONS.items()):
            button = QPushButton(f"{key}   {REASON_WORDS[reason]}", self)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, reason=reason: self.give(reason))
            grid.addWidget(button, at // _COLUMNS, at % _COLUMNS)
            self._buttons[reason] = button
        layout.addLayout(grid)
        self.hide()

    def ask(self, name: str) -> None:
        """Ask why the clip of that name is rejected."""
        self.collected = []
        self._title.setText(
            f"<b>Why not {name}?</b>&nbsp; Its key rejects and goes on; with Shift, several; "
            f"Esc leaves it."
        )
        self._mark()
        self.show()

    def press(self, key: str) -> bool:
        """A key, as ``keys.spelled`` has it; whether it means something here."""
        if key in REASONS:
            self.give(REASONS[key])
        elif key in _SHIFTED:
            self.collect(_SHIFTED[key])
        elif key in {"Return", "Enter"} and self.collected:
            self._finish(self.collected)
        elif key in {"Esc", "R"}:
            self.hide()
            self.left.emit()
        else:
            return False
        return True

    def give(self, reason: ReviewReason) -> None:
        """Reject for the collected reasons and this one."""
        self._finish([*self.collected, reason])

    def collect(self, reason: ReviewReason) -> None:
        """Add a reason, or take it out again."""
        if reason in self.collected:
            self.collected.remove(reason)
        else:
            self.collected.append(reason)
        self._mark()

    def _finish(self, reasons: Sequence[ReviewReason]) -> None:
        self.hide()
        self.given.emit(tuple(dict.fromkeys(reasons)))

    def _mark(self) -> None:
        for reason, button in self._buttons.items():
            button.setChecked(reason in self.collected)
