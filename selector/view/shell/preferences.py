"""The settings dialog: what new clips are, how the window looks, where the fleet is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import ValidationError
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from companions.codec import problems_of
from companions.geometry import Size
from companions.motion import OutputSize
from companions.timing import Rate, rate_value
from selector.core.safety import PROFILES
from selector.core.settings import DeskSettings, Theme
from selector.view.edit.parsing import parse_fps, parse_size, shown_size

SIZES: Final = ("1280 x 720", "1920 x 1080", "3840 x 2160", "1080 x 1920", "1080 x 1080",
                "832 x 480")  # fmt: skip
RATES: Final = ("24", "25", "30", "23.976", "29.97", "50", "60")
MODELS: Final = ("camera",)
_THEMES: Final = {Theme.SYSTEM: "As the desktop", Theme.DARK: "Dark", Theme.LIGHT: "Light"}


class SettingsDialog(QDialog):
    """Changes settings.

    Attributes:
        chosen: by name, what was chosen; empty until it was accepted.
    """

    def __init__(self, settings: DeskSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings = settings
        self.chosen: Mapping[str, object] = {}
        self.theme, self.output, self.profile = QComboBox(), QComboBox(), QComboBox()
        self.duration, self.threshold, self.memory = QDoubleSpinBox(), QDoubleSpinBox(), QSpinBox()
        self.model, self.rate, self.fleet = QComboBox(), QComboBox(), QLineEdit()
        self.host = QLineEdit()
        self.problem = QLabel()
        self._fill()
        self._build()

    def accept(self) -> None:
        """Take what was chosen, or say what is wrong with it."""
        try:
            values = self._values()
            self._settings.changed(**values)
        except ValidationError as error:
            self._refuse("; ".join(str(problem) for problem in problems_of(error)))
        except ValueError as error:
            self._refuse(str(error))
        else:
            self.chosen = values
            super().accept()

    def _values(self) -> dict[str, object]:
        """The settings as they stand in the fields.

        Raises:
            ValueError: a field holds what it cannot be.
        """
        try:
            size = parse_size(self.output.currentText())
        except ValueError as error:
            raise ValueError(f"The clip's size: {error}.") from None
        try:
            command = tuple(shlex.split(self.fleet.text()))
        except ValueError:
            raise ValueError("The fleet's command has a quotation mark too few.") from None
        if not command:
            raise ValueError("The fleet's command is empty; as a rule it is: fleet")
        return {
            "theme": Theme(self.theme.currentData()),
            "output": OutputSize(width=size.width, height=size.height),
            "duration_s": self.duration.value(),
            "profile": self.profile.currentText(),
            "threshold": self.threshold.value(),
            "cache_mb": self.memory.value(),
            "model": self.model.currentText().strip(),
            "target_fps": rate_in(self.rate),
            "fleet_command": command,
            "fleet_host": self.host.text().strip(),
        }

    def _refuse(self, why: str) -> None:
        self.problem.setText(why)
        self.problem.show()

    def _fill(self) -> None:
        settings = self._settings
        for theme, words in _THEMES.items():
            self.theme.addItem(words, theme)
        self.theme.setCurrentIndex(self.theme.findData(settings.theme))
        output = Size(settings.output.width, settings.output.height)
        offer(self.output, SIZES, now=shown_size(output))
        offer(self.rate, RATES, now=str(rate_value(settings.target_fps)))
        offer(self.model, MODELS, now=settings.model)
        self.profile.addItems(list(PROFILES))
        self.profile.setCurrentText(settings.profile)
        self.duration.setRange(0.1, 60.0)
        self.duration.setDecimals(2)
        self.duration.setSuffix(" s")
        self.duration.setValue(settings.duration_s)
        self.threshold.setRange(0.0, 1.0)
        self.threshold.setSingleStep(0.05)
        self.threshold.setValue(settings.threshold)
        self.memory.setRange(100, 100_000)
        self.memory.setSingleStep(100)
        self.memory.setSuffix(" MB")
        self.memory.setGroupSeparatorShown(True)
        self.memory.setValue(settings.cache_mb)
        self.fleet.setText(shlex.join(settings.fleet_command))
        self.host.setText(settings.fleet_host)
        self.host.setPlaceholderText("this machine")
        self.host.setToolTip(
            "A host of the fleet's settings or of ~/.ssh/config; it makes the clips"
        )

    def _build(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Theme", self.theme)
        form.addRow("Clip &size", self.output)
        form.addRow("Clip &length", self.duration)
        form.addRow("Safety &profile", self.profile)
        form.addRow("Pr&omising from", self.threshold)
        form.addRow("&Generator", self.model)
        form.addRow("Clip &rate, frames/s", self.rate)
        form.addRow("&Fleet's command", self.fleet)
        form.addRow("Fleet's &host", self.host)
        form.addRow("&Memory to use", self.memory)
        self.threshold.setToolTip("Viability from which the filter shows a picture as promising")
        self.memory.setToolTip("For the whole program; takes effect when a folder is opened next")
        note = QLabel("Size, length and profile are for moves proposed from now on; "
                      "drawn ones stay.")  # fmt: skip
        note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        note.setWordWrap(True)
        self.problem.setWordWrap(True)
        self.problem.setForegroundRole(QPalette.ColorRole.BrightText)
        self.problem.hide()
        box = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(box.Ok | box.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(self.problem)
        column.addWidget(buttons)
        self.setMinimumWidth(440)


def offer(box: QComboBox, known: Iterable[str], *, now: str) -> None:
    """Have what is known to choose from in ``box``, which takes other words too; ``now`` is in."""
    box.setEditable(True)
    box.addItems(list(dict.fromkeys((*known, now))))
    box.setCurrentText(now)


def rate_in(box: QComboBox) -> Rate:
    """The frame rate that is written in ``box``.

    Raises:
        ValueError: it is none.
    """
    try:
        rate = parse_fps(box.currentText().strip())
    except ValueError as error:
        raise ValueError(f"The rate: {error}.") from None
    if rate is None:
        raise ValueError("The rate is missing.")
    return rate
