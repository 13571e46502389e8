"""Dialogs of the review: a note, how to try again, the manifest of rejected clips."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from PySide6.QtCore import Qt
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

from companions.codec import problems_of
from companions.errors import MotionfleetError
from companions.names import MANIFEST_SUFFIX
from companions.review import Redo
from companions.video_manifest import Recipe
from selector.core.gathering import manifest_root
from selector.core.placement import Placement
from selector.core.redoing import SEEDLESS, Again, make_again, redo_path, rejected, write_redo
from selector.core.returned import Returned
from selector.core.shelf import Shelf
from selector.view.errand import Errand

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
        self.problem = _problem(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(self.problem)
        layout.addWidget(_buttons(self, "Keep the note"))
        self.resize(460, 200)

    @property
    def text(self) -> str:
        """The note."""
        return self.words.toPlainText().strip()

    def accept(self) -> None:
        """Take the note, unless it is longer than a review can hold."""
        over = len(self.text) - NOTE_LONGEST
        if over > 0:
            _tell(self.problem, f"{over:,} characters more than the {NOTE_LONGEST:,} there can be.")
        else:
            super().accept()


class RedoDialog(QDialog):
    """How a rejected clip is to be tried again.

    Attributes:
        redo: what is asked for, once it was accepted; None: no other attempt.
    """

    def __init__(self, shot: Returned, recipe: Recipe, redo: Redo | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Another attempt at {shot.name}")
        self._recipe, self._had, self.redo = recipe, redo, redo
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
        self.problem = _problem(self)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(words)
        layout.addWidget(self.problem)
        layout.addWidget(_buttons(self, "Keep"))
        self.again.toggled.connect(self._enable)
        self._enable(self.again.isChecked())
        self.resize(480, 360)

    def accept(self) -> None:
        """Take what is asked for, or say why it cannot be."""
        try:
            self.redo = self._asked()
        except ValidationError as error:
            _tell(self.problem, "; ".join(map(str, problems_of(error))))
        else:
            super().accept()

    def _asked(self) -> Redo | None:
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
        name = redo_path(placement.root, self._now).name
        self.file = QLineEdit(str(placement.manifest_folder() / name), self)
        self.file.setAccessibleName("Manifest to write")
        browse = QPushButton("&Elsewhere…", self)
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(QLabel("Manifest", self))
        where.addWidget(self.file, 1)
        where.addWidget(browse)
        self.problem = _problem(self)
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
        self._is_writing = False
        self._look(placement.root)

    def done(self, result: int) -> None:
        """Close, and look no further."""
        self._errand.stop()
        self._is_writing = False  # what was told just before it was stopped may still arrive
        super().done(result)

    def write(self) -> None:
        """Write the manifest and close; what stands against it is said, and nothing written."""
        if self.again is None:
            return
        out = Path(self.file.text())
        try:
            manifest_root(out, pictures_folder=self._placement.root)
            if out.parent != self._root:  # from there, pictures have other names
                self._is_writing = True
                self._look(out.parent)
                return
            write_redo(self.again, out=out, placement=self._placement, now=self._now)
        except MotionfleetError as error:
            _tell(self.problem, str(error))
            return
        self.written = out
        self.accept()

    def _look(self, root: Path) -> None:
        """Look at all that is rejected, for a manifest in ``root``; in a thread, for pictures are
        read whole."""
        self.again, self._root = None, root
        self._ok().setEnabled(False)
        self.summary.setText(f"Looking at {len(self._shots)} rejected clips…")
        shelf = Shelf(self._placement)
        self._errand = Errand(self._shots, lambda shot: make_again(shot, shelf=shelf, root=root))
        self._errand.told.done.connect(self._take)
        self._errand.told.failed.connect(self.summary.setText)
        self._errand.start()

    def _take(self, looked: Errand[Returned, Again]) -> None:
        if looked is not self._errand:
            return
        again = self.again = tuple(looked.results)
        ready = 0
        self.rows.clear()
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
        if self._is_writing:
            self._is_writing = False
            self.write()
        elif ready:
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


def _problem(parent: QWidget) -> QLabel:
    """A line for what stands against accepting, hidden until there is something."""
    line = QLabel(parent)
    line.setWordWrap(True)
    line.setTextFormat(Qt.TextFormat.PlainText)
    line.hide()
    return line


def _tell(line: QLabel, words: str) -> None:
    line.setText(words)
    line.show()


def _buttons(dialog: QDialog, yes: str) -> QDialogButtonBox:
    standard = QDialogButtonBox.StandardButton
    box = QDialogButtonBox(standard.Ok | standard.Cancel, dialog)
    box.button(standard.Ok).setText(yes)
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box
