"""The inspector's page of objects: tools, the list from the top down, timing of the chosen one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from companions.easing import EasingName
from companions.trajectory import ObjectTrajectory
from selector.core import drafting, objects
from selector.core.objects import Objects
from selector.core.ways import WayKind
from selector.view.edit.carrying import Carrying
from selector.view.edit.editing import Editing
from selector.view.edit.fields import Field
from selector.view.edit.parsing import parse_number, shown_number

EASINGS: Final = {
    EasingName.LINEAR: "even",
    EasingName.EASE_IN: "starts softly",
    EasingName.EASE_OUT: "ends softly",
    EasingName.EASE_IN_OUT: "starts and ends softly",
}


_Pair = tuple[float, float]


class ObjectPanel(QWidget):
    """Objects that move by themselves."""

    def __init__(
        self, editing: Editing, carrying: Carrying, remove: Callable[[int], object]
    ) -> None:
        super().__init__()
        self._editing, self._carrying, self._remove = editing, carrying, remove
        self.list = QListWidget()
        self.list.setAccessibleName("Objects, the uppermost first")
        self.list.setEditTriggers(
            QListWidget.EditTrigger.DoubleClicked | QListWidget.EditTrigger.EditKeyPressed
        )
        self.list.setFixedHeight(110)
        self.up = _button("Up", "Over the others", lambda: self._raise(1))
        self.down = _button("Down", "Under the others", lambda: self._raise(-1))
        self.delete = _button("Delete", "Remove the object (Del)", self._delete)
        self.easing = QComboBox()
        for name, words in EASINGS.items():
            self.easing.addItem(words, name)
        self.times = (self._field("start"), self._field("end"))
        self.scales = (self._field("scale from"), self._field("scale to"))
        self.turns = (self._field("turn from"), self._field("turn to"))
        self._timing = QWidget()
        self._lay_out()
        self.list.currentRowChanged.connect(self._choose)
        self.list.itemChanged.connect(self._rename)
        self.easing.activated.connect(self._ease)
        editing.changed.connect(self.refresh)
        editing.chosen.connect(self.refresh)

    def refresh(self) -> None:
        """Show the objects as they are now."""
        found = self._editing.objects
        with QSignalBlocker(self.list):
            names = [each.name for each in reversed(found)]
            if [self.list.item(i).text() for i in range(self.list.count())] != names:
                self.list.clear()
                for name in names:
                    item = QListWidgetItem(name)
                    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                    if name in self._carrying.problems:
                        item.setToolTip(self._carrying.problems[name])
                    self.list.addItem(item)
            chosen = self._editing.object
            self.list.setCurrentRow(len(found) - 1 - chosen if chosen >= 0 else -1)
        each = self._chosen()
        self._timing.setVisible(each is not None)
        for button in (self.up, self.down, self.delete):
            button.setEnabled(each is not None)
        if each is not None:
            self._show(each)

    # -- showing ----------------------------------------------------------------------------------

    def _show(self, each: ObjectTrajectory) -> None:
        motion = self._editing.motion
        ends = _ends(each, duration_s=motion.duration_sec if motion is not None else 1.0)
        for fields, values in zip((self.times, self.scales, self.turns), ends, strict=True):
            for field, value in zip(fields, values, strict=True):
                field.show_value(round(value, 3), shown_number(value))
        named = isinstance(each.easing, EasingName)
        self.easing.setCurrentIndex(self.easing.findData(each.easing) if named else -1)

    def _lay_out(self) -> None:
        carrying = self._carrying
        cut = QGridLayout()
        tools = (
            ("Polygon", "P", lambda: carrying.cut(carrying.polygon)),
            ("Lasso", "L", lambda: carrying.cut(carrying.lasso)),
            ("Brush", "B", lambda: carrying.cut(carrying.brush)),
        )
        ways = (
            ("Freehand", "H", WayKind.FREEHAND),
            ("Line", "J", WayKind.LINE),
            ("Circle", "O", WayKind.CIRCLE),
        )
        cut.addWidget(QLabel("Cut out"), 0, 0)
        cut.addWidget(QLabel("Draw its way"), 1, 0)
        for column, (words, key, slot) in enumerate(tools, start=1):
            cut.addWidget(_button(words, f"{words} ({key})", slot), 0, column)
        for column, (words, key, kind) in enumerate(ways, start=1):
            cut.addWidget(
                _button(words, f"{words} ({key})", partial(carrying.lead, kind)), 1, column
            )
        order = QHBoxLayout()
        for button in (self.up, self.down, self.delete):
            order.addWidget(button)
        form = QFormLayout(self._timing)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Under way, s", _pair(*self.times))
        form.addRow("Size", _pair(*self.scales))
        form.addRow("Turned, degrees", _pair(*self.turns))
        form.addRow("Easing", self.easing)
        whole = QVBoxLayout(self)
        whole.addLayout(cut)
        whole.addWidget(self.list)
        whole.addLayout(order)
        whole.addWidget(self._timing)
        whole.addStretch(1)

    def _field(self, name: str) -> Field:
        field = Field(parse=parse_number, apply=lambda _: self._apply(field))
        field.edit.setAccessibleName(name)
        return field

    # -- changing ---------------------------------------------------------------------------------

    def _chosen(self) -> ObjectTrajectory | None:
        index = self._editing.object
        return self._editing.objects[index] if index >= 0 else None

    def _choose(self, row: int) -> None:
        count = len(self._editing.objects)
        self._editing.choose_object(count - 1 - row if 0 <= row < count else -1)

    def _change(
        self, change: Callable[[Objects, int], Objects], *, what: str, merge: str = ""
    ) -> bool:
        index, each = self._editing.object, self._chosen()
        if each is None:
            return False
        return self._editing.edit(
            lambda m: drafting.with_objects(m, change(m.objects, index)),
            what=f"{what} {each.name}",
            merge=f"{merge} {index}" if merge else "",
        )

    def _apply(self, field: Field) -> None:
        """Take all that is typed; told in red, where together it makes no sense."""
        motion, each = self._editing.motion, self._chosen()
        if motion is None or each is None:
            return
        duration_s = motion.duration_sec
        before = _ends(each, duration_s=duration_s)
        try:
            times, scale, turn = (
                (_said(fields[0], values[0]), _said(fields[1], values[1]))
                for fields, values in zip(
                    (self.times, self.scales, self.turns), before, strict=True
                )
            )

            def change(found: Objects, index: int) -> Objects:
                if times != before[0]:
                    start, end = times[0] / duration_s, min(times[1] / duration_s, 1.0)
                    found = objects.retimed(found, index, start=start, end=end)
                if (scale, turn) != before[1:]:
                    found = objects.reshaped(found, index, scale=scale, rotation_deg=turn)
                return found

            change(motion.objects, self._editing.object)
        except ValueError as error:
            field.refuse(str(error))
            return
        self._change(change, what="time", merge="time")

    def _rename(self, item: QListWidgetItem) -> None:
        name = item.text()
        each = self._chosen()
        if each is None or name == each.name:
            return
        done = self._change(lambda all_, i: objects.renamed(all_, i, name), what="rename")
        if not done or self._chosen() is each:
            with QSignalBlocker(self.list):
                item.setText(each.name)

    def _raise(self, by: int) -> None:
        index = self._editing.object
        if 0 <= index + by < len(self._editing.objects):
            self._change(lambda all_, i: objects.raised(all_, i, by), what="reorder")
            self._editing.choose_object(index + by)

    def _ease(self, row: int) -> None:
        easing = EasingName(self.easing.itemData(row))
        self._change(lambda all_, i: objects.eased(all_, i, easing), what="ease")

    def _delete(self) -> None:
        if self._editing.object >= 0:
            self._remove(self._editing.object)


def _ends(each: ObjectTrajectory, *, duration_s: float) -> tuple[_Pair, _Pair, _Pair]:
    """Seconds, sizes and turns at the beginning of its way and at its end."""
    first, last = each.points[0], each.points[-1]
    return (
        (first.at * duration_s, last.at * duration_s),
        (first.scale, last.scale),
        (first.rotation_deg, last.rotation_deg),
    )


def _said(field: Field, before: float) -> float:
    """What a field says; all of it, where it shows a rounded number that nobody typed over."""
    text = field.edit.text()
    return before if text == shown_number(before) else parse_number(text)


def _button(words: str, tip: str, slot: Callable[[], object]) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(tip)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    button.setAutoDefault(False)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(partial(_called, slot))
    return button


def _pair(first: QWidget, second: QWidget) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(first)
    arrow = QLabel("to")
    row.addWidget(arrow)
    row.addWidget(second)
    return both


def _called(slot: Callable[[], object], _checked: object = None) -> None:
    slot()
