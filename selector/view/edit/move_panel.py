"""The inspector's page of the move: preset, duration, easing, and the chosen stop."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from companions.easing import CURVES, Bezier, Easing, EasingName
from companions.motion import MotionCompanion
from companions.preset import Preset
from selector.core import drafting
from selector.core.presets import DEFAULTS, draw
from selector.view.edit.acting import Acting
from selector.view.edit.curve import CurveEditor
from selector.view.edit.editing import Editing
from selector.view.edit.fields import Field
from selector.view.edit.framing import stop_words
from selector.view.edit.parsing import parse_duration, parse_number, shown_number
from selector.view.edit.preset_form import PresetForm

EASINGS: Final = {
    EasingName.LINEAR: "linear",
    EasingName.EASE_IN: "ease in",
    EasingName.EASE_OUT: "ease out",
    EasingName.EASE_IN_OUT: "ease in and out",
}
CUSTOM: Final = "a curve of its own"
FREELY: Final = "drawn freely"
DURATION_STEP_S: Final = 0.1
DEGREES_STEP: Final = 0.5


class MovePanel(QWidget):
    """How the camera goes."""

    def __init__(self, editing: Editing, acting: Acting) -> None:
        super().__init__()
        self._editing, self._acting = editing, acting
        self.preset = QComboBox()
        self.preset.addItem(FREELY, None)
        for each in DEFAULTS:
            self.preset.addItem(each.name.replace("_", " "), each)
        self.parameters = PresetForm(self._draw)
        self.duration = Field(
            parse=parse_duration, apply=self._take_duration, step=_step_duration, hint="seconds"
        )
        self.easing = QComboBox()
        for name, words in EASINGS.items():
            self.easing.addItem(words, name)
        self.easing.addItem(CUSTOM, None)
        self.curve = CurveEditor()
        self.stop = QLabel()
        self.turned = Field(parse=parse_number, apply=self._turn, step=_step_degrees)
        self._lay_out()
        self.preset.activated.connect(self._choose_preset)
        self.easing.activated.connect(self._choose_easing)
        self.curve.tried.connect(self._try_curve)
        self.curve.kept.connect(partial(editing.keep, what="change the easing of the move"))
        self.curve.changed.connect(self._take_curve)
        editing.changed.connect(self.refresh)
        editing.chosen.connect(self.refresh)
        editing.moved.connect(lambda: self.curve.show_playhead(editing.playhead))

    def refresh(self) -> None:
        """Show the move as it is now."""
        motion = self._editing.motion
        if motion is None:
            return
        names = [None, *(each.name for each in DEFAULTS)]
        self.preset.setCurrentIndex(names.index(motion.preset.name if motion.preset else None))
        self.parameters.show_preset(motion.preset)
        self.duration.show_value(motion.duration_sec, shown_number(motion.duration_sec))
        named = isinstance(motion.easing, EasingName)
        at = self.easing.findData(motion.easing) if named else self.easing.count() - 1
        self.easing.setCurrentIndex(at)
        self.curve.show_easing(motion.easing)
        self._show_stop(motion)

    def _show_stop(self, motion: MotionCompanion) -> None:
        stop = self._editing.stop
        rect = self._editing.stops[stop].rect
        picture = drafting.picture_size(motion)
        wide, high = rect.width * picture.width, rect.height * picture.height
        words = stop_words(stop, last=self._editing.last)
        self.stop.setText(f"{words[0].upper()}{words[1:]}: {wide:.0f} x {high:.0f} picture pixels")
        degrees = self._editing.degrees(stop)
        self.turned.show_value(round(degrees, 3), shown_number(degrees))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Preset", self.preset)
        form.addRow(self.parameters)
        form.addRow("&Duration, s", self.duration)
        form.addRow("&Easing", self.easing)
        form.addRow(self.curve)
        form.addRow(self.stop)
        form.addRow("&Turned, degrees", self.turned)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addStretch(1)

    # -- changing ---------------------------------------------------------------------------------

    def _choose_preset(self, row: int) -> None:
        preset = self.preset.itemData(row)
        if preset is None:
            self._editing.edit(_freed, what="draw freely")
        else:
            self._draw(DEFAULTS[row - 1])

    def _draw(self, preset: Preset) -> None:
        def change(motion: MotionCompanion) -> MotionCompanion:
            picture, output = drafting.picture_size(motion), drafting.output_size(motion)
            drawn = draw(preset, picture=picture, output=output)
            return drafting.with_preset(motion, preset, start=drawn.start, end=drawn.end)

        words = preset.name.replace("_", " ")
        self._editing.edit(change, what=f"{words} preset", merge=f"preset {preset.name}")

    def _take_duration(self, value: object) -> None:
        seconds = float(str(value))
        self._editing.edit(
            lambda m: drafting.with_duration(m, seconds), what="change duration", merge="duration"
        )

    def _turn(self, value: object) -> None:
        self._acting.turn_to(float(str(value)))

    def _choose_easing(self, row: int) -> None:
        motion, name = self._editing.motion, self.easing.itemData(row)
        if motion is None:
            return
        easing: Easing = EasingName(name) if name is not None else _curve_of(motion.easing)
        self._editing.edit(lambda m: drafting.with_easing(m, easing), what="change the easing")

    def _try_curve(self, curve: Bezier) -> None:
        self._editing.attempt(lambda m: drafting.with_easing(m, curve))

    def _take_curve(self, curve: Bezier) -> None:
        self._editing.edit(
            lambda m: drafting.with_easing(m, curve), what="change the easing", merge="curve"
        )


def _curve_of(easing: Easing) -> Bezier:
    return CURVES[easing] if isinstance(easing, EasingName) else easing


def _freed(motion: MotionCompanion) -> MotionCompanion:
    """The same rectangles, no longer drawn by a preset."""
    return drafting.with_move(motion, motion.move().model_copy(update={"preset": None}))


def _step_duration(value: object, by: int) -> str:
    return shown_number(max(float(str(value)) + by * DURATION_STEP_S, DURATION_STEP_S))


def _step_degrees(value: object, by: int) -> str:
    return shown_number(float(str(value)) + by * DEGREES_STEP)
