"""The parameters of a preset, a row for each, made from the contract's own fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget

from companions import codec
from companions.preset import Preset
from selector.view.edit.fields import Field
from selector.view.edit.parsing import parse_number, shown_number

TITLES: Final = {
    "zoom": "Zoom, times",
    "towards": "Towards x, y",
    "away_from": "Away from x, y",
    "distance": "Distance, 0 to 1",
    "window": "Window, 0 to 1",
    "direction": "Direction",
    "strength": "Strength, times",
    "subject": "Subject x, y",
    "angle_deg": "Angle, degrees",
    "axis": "Axis",
}
WIDEST: Final = "Turned, degrees"
_STEPS: Final = {"zoom": 0.05, "strength": 0.05, "distance": 0.01, "window": 0.01, "angle_deg": 1.0}
_PRESETS: Final[TypeAdapter[Preset]] = TypeAdapter(Preset)


class PresetForm(QWidget):
    """Rows for the parameters of whatever preset is shown."""

    def __init__(self, changed: Callable[[Preset], object]) -> None:
        super().__init__()
        self._changed = changed
        self._preset: Preset | None = None
        self.fields: dict[str, Field] = {}
        self.choices: dict[str, QComboBox] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.hide()

    def show_preset(self, preset: Preset | None) -> None:
        """Show that preset's parameters; nothing for none."""
        if type(preset) is not type(self._preset):
            self._build(preset)
        self._preset = preset
        if preset is None:
            return
        for name, field in self.fields.items():
            value = getattr(preset, name)
            field.show_value(value, _shown(value))
        for name, choice in self.choices.items():
            choice.setCurrentText(getattr(preset, name))

    def _build(self, preset: Preset | None) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields, self.choices = {}, {}
        self.setVisible(preset is not None)
        if preset is None:
            return
        for name, facts in type(preset).model_fields.items():
            if name == "name":
                continue
            if get_origin(facts.annotation) is Literal:
                choice = QComboBox()
                choice.addItems(get_args(facts.annotation))
                choice.textActivated.connect(partial(self._choose, name))
                self.choices[name] = choice
                self._form.addRow(self._label(name), choice)
            else:
                field = Field(
                    parse=partial(self._parse, name),
                    apply=partial(self._take, name),
                    step=partial(_stepped, name) if name in _STEPS else None,
                    hint="the middle" if facts.default is None else "",
                )
                self.fields[name] = field
                self._form.addRow(self._label(name), field)

    def _label(self, name: str) -> QLabel:
        """As wide as the labels of the form around this one."""
        label = QLabel(TITLES[name])
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance(WIDEST) + 1)
        return label

    def _choose(self, name: str, value: str) -> None:
        self._changed(self._with(name, value))

    def _take(self, name: str, value: object) -> None:
        self._changed(self._with(name, value))

    def _parse(self, name: str, text: str) -> object:
        """A value with which the preset is valid."""
        value = _read(text)
        self._with(name, value)
        return value

    def _with(self, name: str, value: object) -> Preset:
        if self._preset is None:
            raise ValueError("no preset is chosen")
        values: dict[str, Any] = {**self._preset.model_dump(), name: value}
        try:
            return _PRESETS.validate_json(json.dumps(values))
        except ValidationError as error:
            raise ValueError(codec.problems_of(error)[0].what) from None


def _read(text: str) -> float | tuple[float, float] | None:
    if not text:
        return None
    parts = [part for part in text.replace(";", " ").replace(", ", " ").split() if part]
    if len(parts) == 1 and parts[0].count(",") == 1 and "." in parts[0]:
        parts = parts[0].split(",")  # "0.5,0.5"
    if len(parts) == 1:
        return parse_number(parts[0])
    if len(parts) != 2:
        raise ValueError("two numbers from 0 to 1, such as 0.5, 0.4")
    return parse_number(parts[0]), parse_number(parts[1])


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(shown_number(part) for part in value)
    return shown_number(float(str(value)))


def _stepped(name: str, value: object, by: int) -> str:
    return shown_number(float(str(value)) + by * _STEPS[name])
