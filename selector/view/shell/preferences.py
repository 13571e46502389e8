"""The settings dialog: what new clips are, how the window looks, where the fleet is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
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
from companions.motion import OutputSize
from companions.timing import parse_rate, rate_value
from selector.core.safety import PROFILES
from selector.core.settings import DeskSettings, Theme

SIZES: Final = ("1280 x 720", "1920 x 1080", "3840 x 2160", "1080 x 1920", "1080 x 1080",
                "832 x 480")  # fmt: skip
RATES: Final = ("24", "25", "30", "23.976", "29.97", "50", "60")
MODELS: Final = ("camera",)
_SIZE: Final = re.compile(r"\s*(\d+)\s*[x×*,]\s*(\d+)\s*")  # noqa: RUF001 - people type it
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
        size = _SIZE.fullmatch(self.output.currentText())
        if size is None:
            raise ValueError("The clip's size is written as 1280 x 720.")
        try:
            command = tuple(shlex.split(self.fleet.text()))
        except ValueError:
            raise ValueError("The fleet's command has a quotation mark too few.") from None
        if not command:
            raise ValueError("The fleet's command is empty; as a rule it is: fleet")
        text = self.rate.currentText().strip()
        try:
            rate = parse_rate(text if "/" in text else float(text))
        except ValueError:
            raise ValueError("A rate is a number from 1 to 240, such as 24 or 23.976.") from None
        return {
            "theme": Theme(self.theme.currentData()),
            "output": OutputSize(width=int(size[1]), height=int(size[2])),
            "duration_s": self.duration.value(),
            "profile": self.profile.currentText(),
            "threshold": self.threshold.value(),
            "cache_mb": self.memory.value(),
            "model": self.model.currentText().strip(),
            "target_fps": rate,
            "fleet_command": command,
        }

    def _refuse(self, why: str) -> None:
        self.problem.setText(why)
        self.problem.show()

    def _fill(self) -> None:
        settings = self._settings
        for theme, words in _THEMES.items():
            self.theme.addItem(words, theme)
        self.theme.setCurrentIndex(self.theme.findData(settings.theme))
        for box, known, now in (
            (self.output, SIZES, f"{settings.output.width} x {settings.output.height}"),
            (self.rate, RATES, str(rate_value(settings.target_fps))),
            (self.model, MODELS, settings.model),
        ):
            box.setEditable(True)
            box.addItems(list(dict.fromkeys((*known, now))))
            box.setCurrentText(now)
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
