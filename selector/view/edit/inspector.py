"""The inspector: the safety meter, and beneath it the pages of move, shot and objects."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from selector.view.edit.acting import Acting
from selector.view.edit.carrying import Carrying
from selector.view.edit.editing import Editing
from selector.view.edit.meter import Meter
from selector.view.edit.move_panel import MovePanel
from selector.view.edit.object_panel import ObjectPanel
from selector.view.edit.shot_panel import ShotPanel

WIDTH = 350


class Inspector(QWidget):
    """What the motion is, in numbers and words."""

    def __init__(self, editing: Editing, acting: Acting, carrying: Carrying) -> None:
        super().__init__()
        self._editing = editing
        self.meter = Meter(editing)
        self.move_panel = MovePanel(editing, acting)
        self.shot_panel = ShotPanel(editing)
        self.object_panel = ObjectPanel(editing, carrying, acting.remove_object)
        self.tabs = QTabWidget()
        for panel, words in (
            (self.move_panel, "Move"),
            (self.shot_panel, "Shot"),
            (self.object_panel, "Objects"),
        ):
            self.tabs.addTab(_scrolling(panel), words)
        column = QVBoxLayout(self)
        column.addWidget(self.meter)
        column.addWidget(self.tabs, 1)
        self.setMinimumWidth(WIDTH)
        self._object = -1
        editing.changed.connect(self._refresh)
        editing.chosen.connect(self._follow)

    def take_focus(self) -> None:
        """Let the keyboard go on here."""
        self.tabs.tabBar().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_objects(self) -> None:
        """Show the page of objects."""
        self.tabs.setCurrentIndex(self.tabs.count() - 1)

    def _follow(self) -> None:
        """Show the page of objects as soon as one is chosen."""
        before, self._object = self._object, self._editing.object
        if self._object not in {-1, before}:
            self.show_objects()

    def _refresh(self) -> None:
        editable = self._editing.obstacle is None and not self._editing.desk.read_only
        self.meter.setVisible(self._editing.obstacle is None)
        self.tabs.setEnabled(editable)


def _scrolling(panel: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(panel)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
