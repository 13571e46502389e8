"""The bar above the tiles: how far the cull is, what is shown, and finding by name."""

from __future__ import annotations

import unicodedata
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QProgressBar, QWidget

from selector.core.cull import Filter, Order
from selector.view.action import native
from selector.view.desk import Desk
from selector.view.keys import window_action

_TICK_MS: Final = 2000
FILTERS: Final = {
    Filter.ALL: "All groups",
    Filter.OPEN: "Undecided",
    Filter.PICKED: "Picked",
    Filter.REJECTED: "Passed over",
    Filter.VIABLE: "Promising",
    Filter.BLOCKED: "With a problem",
}
Place = tuple[int, int]
"""A group and the candidate in it."""
ORDERS: Final = {Order.NAME: "By name", Order.VIABILITY: "Most promising first"}


class Finder(QLineEdit):
    """A field to find groups and pictures by their names.

    Signals:
        left: the operator is done with it.
        again(by): the next match (1) or the one before (-1) is wanted.
    """

    left = Signal()
    again = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Enter goes on to the next match, Escape back to the pictures."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.again.emit(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Up:
            self.again.emit(-1)
        else:
            super().keyPressEvent(event)


class Choice(QComboBox):
    """A choice that is left with Enter or Escape, and when its list closes.

    Signals:
        left: the operator is done with it.
    """

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Enter and Escape go back to the pictures."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def hidePopup(self) -> None:  # noqa: N802 - Qt's
        """A choice was made, or none."""
        super().hidePopup()
        self.left.emit()


class Bar(QWidget):
    """Progress, filter, order and search of a desk.

    Signals:
        done: the operator chose something here and the keys belong to the page again.
    """

    done = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.progress, self.words = QProgressBar(), QLabel()
        self.filter, self.order, self.finder = Choice(), Choice(), Finder()
        self.found = QLabel()
        self._build()
        # A progress bar paints the window the moment it is set, and so in the middle of a change
        # that others have not yet heard of; it is set when all have.
        self._filling = QTimer(self, singleShot=True, interval=0)
        self._filling.timeout.connect(self._fill)
        self._pace = QTimer(self, interval=_TICK_MS)
        self._pace.timeout.connect(self.refresh)
        self._pace.start()
        desk.decided.connect(self.refresh)
        desk.listed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show how far the cull is now."""
        now = self.desk.progress()
        pace = f", {now.per_minute:.0f}/min" if now.per_minute >= 1.0 else ""
        self.words.setText(f"{now.decided:,} of {now.total:,}{pace}")
        self.words.setToolTip(
            f"{now.picked:,} groups picked, {now.rejected:,} passed over, "
            f"{now.total - now.decided:,} undecided"
        )
        self._filling.start()
        self.filter.setCurrentIndex(self.filter.findData(self.desk.filter))
        self.order.setCurrentIndex(self.order.findData(self.desk.order))

    def _fill(self) -> None:
        now = self.desk.progress()
        self.progress.setRange(0, max(1, now.total))
        self.progress.setValue(now.decided)

    def begin_to_find(self) -> None:
        """Begin to search."""
        self.finder.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.finder.selectAll()

    def matches(self, text: str) -> list[Place]:
        """Where that text stands: pictures that have it in their own name, else groups in theirs,
        among those that are shown."""
        wanted = _folded(text.strip())
        groups, found = self.desk.cull.groups, list[Place]()
        for group in self.desk.shown:
            names = groups[group].pictures
            own = [i for i, name in enumerate(names) if wanted in _folded(name.rpartition("/")[2])]
            if not own and any(wanted in _folded(each) for each in (groups[group].key, *names)):
                own = [0]
            found += [(group, candidate) for candidate in own]
        return found

    def _build(self) -> None:
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(150, 8)
        self.progress.setAccessibleName("Groups decided")
        for filter_, words in FILTERS.items():
            self.filter.addItem(words, filter_)
        for order, words in ORDERS.items():
            self.order.addItem(words, order)
        self.filter.setAccessibleName("Which groups are shown")
        self.order.setAccessibleName("In which order")
        self.finder.setPlaceholderText(f"Find by name ({native(window_action('find').keys[0])})")
        self.finder.setAccessibleName("Find by name")
        self.finder.setClearButtonEnabled(True)
        self.finder.setFixedWidth(210)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        row.setSpacing(10)
        row.addWidget(self.progress)
        row.addWidget(self.words)
        row.addStretch(1)
        row.addWidget(self.found)
        row.addWidget(self.finder)
        row.addWidget(self.filter)
        row.addWidget(self.order)
        self.filter.activated.connect(self._show)
        self.order.activated.connect(self._show)
        self.filter.left.connect(self.done)
        self.order.left.connect(self.done)
        self.finder.textEdited.connect(self._search)
        self.finder.again.connect(self._again)
        self.finder.left.connect(self._leave)

    def _show(self) -> None:
        # Qt gives a word that was an enumeration's back as a plain one.
        self.desk.show(Filter(self.filter.currentData()), order=Order(self.order.currentData()))

    def _search(self, text: str) -> None:
        matches = self.matches(text) if text.strip() else []
        if matches and self._here not in matches:
            here = (each for each in matches if each[0] == self.desk.group)
            self.desk.go(*next(here, matches[0]))
        self._say(matches, text)

    def _again(self, by: int) -> None:
        text = self.finder.text()
        matches = self.matches(text) if text.strip() else []
        if matches:
            at = matches.index(self._here) + by if self._here in matches else 0
            self.desk.go(*matches[at % len(matches)])
        self._say(matches, text)

    @property
    def _here(self) -> Place:
        return self.desk.group, self.desk.candidate

    def _say(self, matches: list[Place], text: str) -> None:
        if not text.strip():
            self.found.clear()
        elif not matches:
            self.found.setText("no match")
        else:
            at = matches.index(self._here) + 1 if self._here in matches else 1
            self.found.setText(f"{at:,} of {len(matches):,}")

    def _leave(self) -> None:
        self.finder.clear()
        self.found.clear()
        self.done.emit()


def _folded(text: str) -> str:
    """For comparing: disks of Macs keep accents apart from their letters, keyboards do not."""
    return unicodedata.normalize("NFC", text).casefold()
