"""Dialogs of the review: a note, how to try again, the manifest of rejected clips."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from companions.errors import MotionfleetError
from companions.names import MANIFEST_SUFFIX
from companions.review import Redo
from companions.video_manifest import Recipe
from selector.core.placement import Placement
from selector.core.redoing import SEEDLESS, Again, make_again, redo_path, rejected, write_redo
from selector.core.returned import Returned
from selector.core.shelf import Shelf

NOTE_LONGEST = 4000
_MOST_SEED = 2**63 - 1


class NoteDialog(QDialog):
    """A few words on one clip; Ctrl+Return takes them."""

    def __init__(self, name: str, note: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Note on {name}")
        self.words = QPlainTextEdit(note, self)
        self.words.setTabChangesFocus(True)
        self.words.setAccessibleName("Note")
        self.words.selectAll()
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(_buttons(self, "Keep the note"))
        self.resize(460, 200)

    @property
    def text(self) -> str:
        """The note, within the contract's length."""
        return self.words.toPlainText().strip()[:NOTE_LONGEST]


class RedoDialog(QDialog):
    """How a rejected clip is to be tried again."""

    def __init__(self, shot: Returned, recipe: Recipe, redo: Redo | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Another attempt at {shot.name}")
        self._recipe, self._had = recipe, redo
        self.again = QCheckBox("&Make it again", self)
        self.again.setChecked(redo is not None)
        seed = recipe.generation_params.seed if redo is None or redo.seed is None else redo.seed
        self.seed = QLineEdit(str(seed), self)
        self.seed.setValidator(QRegularExpressionValidator(r"[0-9]{0,19}"))
        prompt = redo.prompt if redo is not None else None
        negative = redo.negative_prompt if redo is not None else None
        self.prompt = _plain(recipe.prompt if prompt is None else prompt, self)
        self.negative = _plain(recipe.negative_prompt if negative is None else negative, self)
        form = QFormLayout()
        form.addRow(self.again)
        form.addRow("&Seed", self.seed)
        form.addRow("&Prompt", self.prompt)
        form.addRow("&Not to be seen", self.negative)
        hint = "To change its move, draw it anew in the selector: the manifest takes the new one."
        if recipe.generation_params.model in SEEDLESS:
            hint = f"{recipe.generation_params.model} has no noise: a seed changes nothing. {hint}"
        words = QLabel(hint, self)
        words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(words)
        layout.addWidget(_buttons(self, "Keep"))
        self.again.toggled.connect(self._enable)
        self._enable(self.again.isChecked())
        self.resize(480, 360)

    @property
    def redo(self) -> Redo | None:
        """What is asked for; None: no other attempt."""
        if not self.again.isChecked():
            return None
        recipe = self._recipe
        seed = min(int(self.seed.text() or 0), _MOST_SEED)
        prompt, negative = self.prompt.toPlainText(), self.negative.toPlainText()
        return Redo(
            motion=self._had.motion if self._had is not None else None,
            seed=seed if seed != recipe.generation_params.seed else None,
            prompt=prompt if prompt != recipe.prompt else None,
            negative_prompt=negative if negative != recipe.negative_prompt else None,
        )

    def _enable(self, on: bool) -> None:  # noqa: FBT001 - a slot of a toggle
        for widget in (self.seed, self.prompt, self.negative):
            widget.setEnabled(on)


class AgainDialog(QDialog):
    """What the manifest of rejected clips will hold, what not and why; writes it."""

    _gathered = Signal(object)

    def __init__(
        self,
        shots: Sequence[Returned],
        placement: Placement,
        parent: QWidget,
        *,
        now: datetime | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Make rejected clips again")
        self._placement = placement
        self._now = now or datetime.now(UTC)
        self._shots = rejected(shots)
        self.again: tuple[Again, ...] | None = None
        self.written: Path | None = None
        self.summary = QLabel(self)
        self.summary.setWordWrap(True)
        self.rows = QListWidget(self)
        self.rows.setAccessibleName("Rejected clips")
        self.rows.setWordWrap(True)
        self.file = QLineEdit(str(redo_path(placement.root, self._now)), self)
        self.file.setAccessibleName("Manifest to write")
        browse = QPushButton("&Elsewhere…", self)
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(QLabel("Manifest", self))
        where.addWidget(self.file, 1)
        where.addWidget(browse)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.hide()
        self._box = _buttons(self, "&Write the manifest")
        self._box.accepted.disconnect()
        self._box.accepted.connect(self.write)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.rows, 1)
        layout.addLayout(where)
        layout.addWidget(self.problem)
        layout.addWidget(self._box)
        self.resize(720, 420)
        self._gathered.connect(self._take)
        self._ok().setEnabled(False)
        self.summary.setText(f"Looking at {len(self._shots)} rejected clips…")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="again")
        self._thread.submit(self._gather)
        self.finished.connect(lambda: self._thread.shutdown(wait=True))

    def write(self) -> None:
        """Write the manifest and close; what stands against it is said, and nothing written."""
        if self.again is None:
            return
        out = Path(self.file.text())
        try:
            # Looked at again: from another folder, pictures have other names.
            shelf = Shelf(self._placement)
            again = tuple(make_again(each, shelf=shelf, root=out.parent) for each in self._shots)
            write_redo(again, out=out, placement=self._placement, now=self._now)
        except MotionfleetError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.written = out
        self.accept()

    def _gather(self) -> None:
        root, shelf = self._placement.root, Shelf(self._placement)
        self._gathered.emit(tuple(make_again(shot, shelf=shelf, root=root) for shot in self._shots))

    def _take(self, again: tuple[Again, ...]) -> None:
        self.again = again
        ready = 0
        for each in again:
            if each.wanted is not None:
                ready += 1
                self.rows.addItem(f"{each.shot.name}: {', '.join(each.changed)}")
            else:
                why = each.left_out or str(each.error)
                self.rows.addItem(f"{each.shot.name}: left out: {why}")
        clips = "clip" if len(again) == 1 else "clips"
        self.summary.setText(f"{ready} of {len(again)} rejected {clips} will be made again.")
        self._ok().setEnabled(ready > 0)
        if ready:
            self._ok().setFocus()

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Manifest to write", self.file.text(), f"Manifests (*{MANIFEST_SUFFIX})"
        )
        if chosen:
            self.file.setText(chosen)

    def _ok(self) -> QPushButton:
        return self._box.button(QDialogButtonBox.StandardButton.Ok)


def _plain(text: str, parent: QWidget) -> QPlainTextEdit:
    edit = QPlainTextEdit(text, parent)
    edit.setTabChangesFocus(True)
    return edit


def _buttons(dialog: QDialog, yes: str) -> QDialogButtonBox:
    standard = QDialogButtonBox.StandardButton
    box = QDialogButtonBox(standard.Ok | standard.Cancel, dialog)
    box.button(standard.Ok).setText(yes)
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box
