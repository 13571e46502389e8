"""Fields of the inspector: what is typed is applied while it is valid, and told why when not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from companions import codec
from companions.base import Closed

WRONG: Final = QColor(214, 48, 49)
D = TypeVar("D", bound=Closed)


class Field(QWidget):
    """One line that is parsed as it is typed.

    ``parse`` turns text into a value or raises ValueError with a reason for people; ``apply``
    takes a value that was typed.  Up and Down change it where ``step`` says by how much.  A
    ``late`` field is applied when it is left or Return is pressed, because values on the way to
    the one that is meant would do harm.
    """

    def __init__(
        self,
        *,
        parse: Callable[[str], object],
        apply: Callable[[object], object],
        step: Callable[[object, int], str] | None = None,
        hint: str = "",
        late: bool = False,
    ) -> None:
        super().__init__()
        self._parse, self._apply, self._step, self._late = parse, apply, step, late
        self._shown: object = None
        self.edit = _Line(self._stepped)
        self.edit.setPlaceholderText(hint)
        self.reason = _laid_out(self, self.edit)
        self.edit.setMinimumWidth(48)
        self.edit.textEdited.connect(self._typed)
        self.edit.editingFinished.connect(self._finished)

    def show_value(self, value: object, text: str) -> None:
        """Show a value; what the operator is typing meanwhile stays, unless the value is another
        than it was."""
        if self.edit.hasFocus() and value in {self._shown, self._typed_value()}:
            self._shown = value
            return
        self._shown = value
        if self.edit.text() != text:
            self.edit.setText(text)
        mark(self.edit, self.reason, None)

    def refuse(self, why: str) -> None:
        """Mark what is typed as not applied, and why."""
        mark(self.edit, self.reason, why)

    def _typed_value(self) -> object:
        try:
            return self._parse(self.edit.text().strip())
        except ValueError:
            return None

    def _typed(self, text: str) -> None:
        try:
            value = self._parse(text.strip())
        except ValueError as error:
            mark(self.edit, self.reason, str(error))
            return
        mark(self.edit, self.reason, None)
        if not self._late:
            self._shown = value
            self._apply(value)

    def _finished(self) -> None:
        value = self._typed_value()
        if self._late and value is not None and value != self._shown:
            self._shown = value
            self._apply(value)

    def _stepped(self, by: int) -> None:
        if self._step is None:
            return
        try:
            text = self._step(self._parse(self.edit.text().strip()), by)
        except ValueError:
            return
        self.edit.setText(text)
        self._typed(text)


class TextField(QWidget):
    """Several lines of text, applied as they are typed; empty text is None."""

    def __init__(self, *, most: int, apply: Callable[[str | None], object], hint: str) -> None:
        super().__init__()
        self._most, self._apply = most, apply
        self._shown: str | None = None
        self.edit = QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        self.edit.setPlaceholderText(hint)
        self.edit.setFixedHeight(self.edit.fontMetrics().lineSpacing() * 4 + 12)
        self.reason = _laid_out(self, self.edit)
        self.edit.textChanged.connect(self._typed)

    def show_value(self, text: str | None) -> None:
        """Show a text; the cursor stays where it is when it is the one that is there, and so does
        one that is too long while the operator is at it."""
        before, self._shown = self._shown, text
        if self.edit.hasFocus() and text == before and len(self.edit.toPlainText()) > self._most:
            return
        if self.edit.toPlainText() != (text or ""):
            with QSignalBlocker(self.edit):
                self.edit.setPlainText(text or "")
        mark(self.edit, self.reason, None)

    def _typed(self) -> None:
        text = self.edit.toPlainText()
        if len(text) > self._most:
            why = f"not taken: {len(text):,} signs, and {self._most:,} at most"
            mark(self.edit, self.reason, why)
            return
        mark(self.edit, self.reason, None)
        self._apply(text or None)


class Reason(QLabel):
    """Why something was not applied."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.WindowText, WRONG)
        self.setPalette(colours)
        self.hide()


def _laid_out(field: QWidget, edit: QWidget) -> Reason:
    """Fill ``field`` with what is typed in and, beneath, the reason why that is not applied."""
    reason = Reason()
    column = QVBoxLayout(field)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addWidget(edit)
    column.addWidget(reason)
    field.setFocusProxy(edit)
    return reason


def mark(field: QWidget, reason: QLabel, why: str | None) -> None:
    """Mark a field red with a reason, or as it was."""
    reason.setText(why or "")
    reason.setVisible(why is not None)
    field.setAccessibleDescription(why or "")
    field.setPalette(QPalette())
    if why is None:
        return
    colours = field.palette()
    ground = colours.color(QPalette.ColorRole.Base)
    share = 0.25
    tinted = QColor(
        *(
            round(a + (b - a) * share)
            for a, b in zip(ground.getRgb()[:3], WRONG.getRgb()[:3], strict=True)  # type: ignore[index] # the stubs say object
        )
    )
    colours.setColor(QPalette.ColorRole.Base, tinted)
    field.setPalette(colours)


def checked(kind: type[D], **values: object) -> D:
    """``kind`` made of these values.

    Raises:
        ValueError: what is wrong with them, in words for people.
    """
    from pydantic import ValidationError

    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problem = codec.problems_of(error)[0]
        raise ValueError(problem.what) from None


class _Line(QLineEdit):
    def __init__(self, stepped: Callable[[int], None]) -> None:
        super().__init__()
        self._stepped = stepped

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        if event.key() == Qt.Key.Key_Up:
            self._stepped(1)
        elif event.key() == Qt.Key.Key_Down:
            self._stepped(-1)
        else:
            super().keyPressEvent(event)
