"""The page before a folder is open: what to do, and the folders that were open lately."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class Recent(QListWidget):
    """Folders, opened by Enter or a double click, taken off the list by Delete.

    Signals:
        forgotten(folder): that folder is to be taken off the list.
    """

    forgotten = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Open, or forget."""
        if self.currentRow() < 0:
            super().keyPressEvent(event)
            return
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.itemActivated.emit(item)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.forgotten.emit(item.data(Qt.ItemDataRole.UserRole))
        else:
            super().keyPressEvent(event)


class StartPage(QWidget):
    """Open a folder, or one of the last.

    Signals:
        open_wanted: a folder is to be chosen.
        chosen(folder): that folder is to be opened.
        forgotten(folder): that folder is to be forgotten; nothing in it is touched.
    """

    open_wanted = Signal()
    chosen = Signal(str)
    forgotten = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button, self.recent = QPushButton("&Open a folder of pictures…"), Recent()
        self.heading = QLabel("Opened lately")
        title = QLabel("motionfleet selector")
        font = QFont(title.font())
        font.setPointSizeF(font.pointSizeF() * 2.2)
        title.setFont(font)
        words = QLabel("Choose keyframes, draw camera moves, send them to the fleet.")
        words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        drop = QLabel("or drag a folder into this window")
        drop.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.button.setDefault(True)
        self.button.setAutoDefault(True)
        self.recent.setAccessibleName("Folders opened lately")
        self.recent.setUniformItemSizes(True)
        self.recent.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addWidget(drop)
        row.addStretch(1)
        column = QVBoxLayout()
        column.addStretch(1)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(18)
        column.addLayout(row)
        column.addSpacing(24)
        column.addWidget(self.heading)
        column.addWidget(self.recent, 6)
        column.addStretch(2)
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        outer.addLayout(column, 6)
        outer.addStretch(1)
        self.button.clicked.connect(self.open_wanted)
        self.recent.itemActivated.connect(self._choose)
        self.recent.forgotten.connect(self.forgotten)
        self.setFocusProxy(self.button)

    def show_recent(self, folders: Sequence[str]) -> None:
        """List these folders, the last first."""
        self.recent.clear()
        for folder in folders:
            item = QListWidgetItem(folder)
            item.setData(Qt.ItemDataRole.UserRole, folder)
            self.recent.addItem(item)
        if folders:
            self.recent.setCurrentRow(0)
        self.recent.setVisible(bool(folders))
        self.heading.setVisible(bool(folders))

    def show_missing(self, folders: Collection[str]) -> None:
        """Grey those of the listed folders that are not there now."""
        for row in range(self.recent.count()):
            item = self.recent.item(row)
            if item.data(Qt.ItemDataRole.UserRole) in folders:
                item.setForeground(self.palette().color(QPalette.ColorRole.PlaceholderText))
                item.setToolTip("This folder is not there now. Delete takes it off this list.")

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
