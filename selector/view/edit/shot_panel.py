"""The inspector's page of the shot: what is asked for besides the move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from companions.geometry import Size
from companions.wishes import Wishes
from selector.core import drafting
from selector.view.edit.editing import Editing
from selector.view.edit.fields import Field, TextField
from selector.view.edit.parsing import (
    parse_fps,
    parse_model,
    parse_seed,
    parse_size,
    shown_fps,
    shown_size,
)

SIZES: Final = (
    Size(1280, 720),
    Size(1920, 1080),
    Size(3840, 2160),
    Size(832, 480),
    Size(720, 1280),
    Size(1080, 1920),
    Size(1080, 1080),
)
AS_BATCH: Final = "as the batch says"
MOST_TEXT: Final = 20_000
NOTE: Final = "What is left empty is as the batch says when the manifest is made."


class ShotPanel(QWidget):
    """Clip size and rate, generator, prompts, seed."""

    def __init__(self, editing: Editing) -> None:
        super().__init__()
        self._editing = editing
        self.sizes = QComboBox()
        self.sizes.addItem("usual sizes ...")
        self.sizes.addItems([shown_size(size) for size in SIZES])
        # Late: on the way to 720 there is 72, and rectangles grown to such a clip stay grown.
        self.size_ = Field(
            parse=parse_size, apply=self._take_size, hint="width x height", late=True
        )
        self.fps = self._wish("target_fps", parse_fps)
        self.model = self._wish("model", parse_model)
        self.seed = self._wish("seed", parse_seed)
        self.prompt = TextField(
            most=MOST_TEXT,
            apply=lambda text: self._ask("prompt", text),
            hint="the picture's caption, if it has one",
        )
        self.negative = TextField(
            most=MOST_TEXT, apply=lambda text: self._ask("negative_prompt", text), hint=AS_BATCH
        )
        self._lay_out()
        self.sizes.activated.connect(self._choose_size)
        editing.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the wishes as they are now."""
        motion = self._editing.motion
        if motion is None:
            return
        wishes = motion.wishes or Wishes()
        output = drafting.output_size(motion)
        self.size_.show_value(output, shown_size(output))
        self.sizes.setCurrentIndex(SIZES.index(output) + 1 if output in SIZES else 0)
        self.fps.show_value(wishes.target_fps, shown_fps(wishes.target_fps))
        self.model.show_value(wishes.model, wishes.model or "")
        self.seed.show_value(wishes.seed, "" if wishes.seed is None else str(wishes.seed))
        self.prompt.show_value(wishes.prompt)
        self.negative.show_value(wishes.negative_prompt)

    def _lay_out(self) -> None:
        note = QLabel(NOTE)
        note.setWordWrap(True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Clip si&ze", self.size_)
        form.addRow("", self.sizes)
        form.addRow("Clip &fps", self.fps)
        form.addRow("&Model", self.model)
        form.addRow("See&d", self.seed)
        form.addRow(QLabel("Prompt"))
        form.addRow(self.prompt)
        form.addRow(QLabel("Negative prompt"))
        form.addRow(self.negative)
        form.addRow(note)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addStretch(1)

    def _wish(self, name: str, parse: Callable[[str], object]) -> Field:
        return Field(parse=parse, apply=lambda value: self._ask(name, value), hint=AS_BATCH)

    def _ask(self, name: str, value: object) -> None:
        self._editing.edit(
            lambda m: drafting.with_wishes(m, **{name: value}),
            what=f"change the {name.replace('_', ' ')}",
            merge=name,
        )

    def _take_size(self, value: object) -> None:
        if isinstance(value, Size):
            size = value
            self._editing.edit(
                lambda m: drafting.with_output(m, size), what="change the clip size", merge="size"
            )

    def _choose_size(self, row: int) -> None:
        if row > 0:
            self._take_size(SIZES[row - 1])
