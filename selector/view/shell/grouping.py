"""How pictures are put into groups: the dialog that chooses the rule and shows what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from selector.core.groups import Group, GroupRule, group_pictures
from selector.core.moments import taken_at
from selector.view.desk import Desk
from selector.view.errand import Errand

WORDS: Final = {
    GroupRule.FOLDER: "By &folder: the pictures of each folder are one group",
    GroupRule.STEM: "By &name: gate_01 and gate_02, gate-a and gate-b are one group",
    GroupRule.TIME: "By &time: pictures taken shortly after each other are one group",
    GroupRule.EACH: "&Each picture for itself",
}


class GroupDialog(QDialog):
    """Chooses a rule for the groups of a desk; what was decided stays with its pictures."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Groups")
        self.desk = desk
        self._names = desk.scan.names  # as they are now: they may change while moments are read
        self._moments: Mapping[str, float] | None = None
        self._errand: Errand[str, float | None] | None = None
        self.rules = {rule: QRadioButton(words) for rule, words in WORDS.items()}
        self.gap, self.outcome = QDoubleSpinBox(), QLabel()
        self._build()
        self.rules[desk.rule].setChecked(True)
        self.rules[desk.rule].setFocus()
        self._show()

    @property
    def rule(self) -> GroupRule:
        """The rule that is chosen now."""
        return next(rule for rule, button in self.rules.items() if button.isChecked())

    def accept(self) -> None:
        """Make the groups so."""
        self._end()
        self.desk.regroup(self.rule, gap_s=self.gap.value(), taken_at=self._moments)
        super().accept()

    def reject(self) -> None:
        """Leave the groups as they are."""
        self._end()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's
        """As ``reject``."""
        self._end()
        super().closeEvent(event)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        choice = QButtonGroup(self)
        self.gap.setRange(0.1, 3600.0)
        self.gap.setSuffix(" s")
        self.gap.setDecimals(1)
        self.gap.setValue(self.desk.gap_s)
        self.gap.setAccessibleName("Longest time between two pictures of a group")
        for rule, button in self.rules.items():
            choice.addButton(button)
            column.addWidget(button)
            button.toggled.connect(self._show)
            if rule is GroupRule.TIME:
                row = QHBoxLayout()
                label = QLabel("&Longest time between two:")
                label.setBuddy(self.gap)
                row.addSpacing(26)
                row.addWidget(label)
                row.addWidget(self.gap)
                row.addStretch(1)
                column.addLayout(row)
        self.gap.valueChanged.connect(self._show)
        column.addSpacing(10)
        column.addWidget(self.outcome)
        box = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(box.Ok | box.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)

    def _show(self) -> None:
        """Say what the chosen rule would make."""
        is_timed = self.rule is GroupRule.TIME
        self.gap.setEnabled(is_timed)
        is_ready = not is_timed or self._moments is not None
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(is_ready)
        if is_ready:
            made = group_pictures(
                self._names,
                rule=self.rule,
                taken_at=self._moments,
                gap_s=self.gap.value(),
            )
            self.outcome.setText(_said(made))
        elif self._errand is None:
            self.outcome.setText("Reading when pictures were taken...")
            picture = self.desk.placement.picture
            self._errand = Errand(self._names, lambda name: taken_at(picture(name)))
            self._errand.told.advanced.connect(self._advance)
            self._errand.told.done.connect(self._take)
            self._errand.start()

    def _advance(self, count: int) -> None:
        self.outcome.setText(f"Reading when pictures were taken: {count:,} of {len(self._names):,}")

    def _take(self, errand: Errand[str, float | None]) -> None:
        named = zip(self._names, errand.results, strict=True)
        self._moments = {name: moment for name, moment in named if moment is not None}
        self._show()

    def _end(self) -> None:
        if self._errand is not None:
            self._errand.stop()


def _said(groups: tuple[Group, ...]) -> str:
    sizes = [len(group.pictures) for group in groups]
    if not sizes:
        return "There are no pictures."
    low, high = min(sizes), max(sizes)
    of = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{len(sizes):,} groups of {of} picture{'s' if high > 1 else ''}"
