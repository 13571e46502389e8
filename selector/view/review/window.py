"""The review window: clips that came back beside their keyframe, accepted or rejected by key.

Keys go to the window, whatever was clicked last: no part of it takes the focus.  What they mean
stands in ``actions``.  No clip is decided on before it has been on the screen for a moment: a key
that is pressed twice decides once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from companions.review import ReviewReason
from selector.core.placement import Placement
from selector.media.loader import Loader
from selector.view.action import Mode
from selector.view.cheatsheet import CheatSheet
from selector.view.keys import pressed, spelled
from selector.view.review.actions import ACTIONS
from selector.view.review.dialogs import AgainDialog, NoteDialog, RedoDialog
from selector.view.review.facts import FactsPanel
from selector.view.review.reasons import ReasonSheet
from selector.view.review.session import ReviewSession, Shown
from selector.view.review.shots import ShotList
from selector.view.review.stage import Stage

TOLD_MS: Final = 8000
SIGHT_MS: Final = 300
"""What is shorter nobody has looked at; a key that bounces or is doubled comes sooner."""
LOADER_BUDGET_BYTES: Final = 160 * 1024**2
"""Some twenty keyframes at the screen's size, and the small pictures of the list."""


class ReviewWindow(QMainWindow):
    """One folder's clips under review.

    Signals:
        closed: it is closed, and its threads have ended.
    """

    closed = Signal()

    def __init__(
        self, placement: Placement, *, reviewer: str, read_only: bool | None = None
    ) -> None:
        """Open the folder; ``read_only`` never writes, by default where nothing can be written.

        Raises:
            OSError: the folder cannot be read.
        """
        super().__init__()
        locked = not placement.is_writable() if read_only is None else read_only
        self.session = ReviewSession(placement, reviewer=reviewer, read_only=locked, parent=self)
        self.loader = Loader(
            budget_bytes=LOADER_BUDGET_BYTES, cache_folder=None, threads=1, parent=self
        )
        self.stage = Stage(self.loader)
        self.reader = self.stage.reader
        self._ended = False
        self._seen: set[str] = set()
        self._sight = QTimer(self, singleShot=True, interval=SIGHT_MS)
        self._build()
        self._connect()
        self.setWindowTitle(f"{placement.root.name} - review")
        self.resize(1500, 860)
        self._show_listed()
        self._show_shot()
        if locked:
            self._show_told("Nothing can be written here: give --overlay DIR for your reviews.")

    # -- what keys do -----------------------------------------------------------------------------

    def accept(self) -> None:
        """Accept the clip, go on."""
        if self._may_decide():
            self.session.accept()

    def reject(self) -> None:
        """Ask for the reason."""
        if self.session.may_say():
            self.reasons.ask(self.session.name)

    def note(self) -> None:
        """Write a note."""
        shot = self.session.current
        if shot is None or not self.session.may_say():
            return
        dialog = NoteDialog(shot.name, self.session.note(shot.name), self)
        dialog.accepted.connect(lambda: self.session.set_note(dialog.text))
        _open(dialog)

    def redo(self) -> None:
        """Say how to try again."""
        shot = self.session.current
        if shot is None or shot.meta is None or not self.session.may_say_redo():
            return
        had = shot.review.redo if shot.review is not None else None
        dialog = RedoDialog(shot, shot.meta.recipe, had, self)
        dialog.accepted.connect(lambda: self.session.set_redo(dialog.redo))
        _open(dialog)

    def make_again(self) -> None:
        """Write a manifest of the rejected clips."""
        dialog = AgainDialog(tuple(self.session.shots.values()), self.session.placement, self)
        dialog.accepted.connect(
            lambda: self._show_told(f"Written: {dialog.written}. Send it with: fleet submit")
        )
        _open(dialog)

    def next_filter(self) -> None:
        """List by the next filter."""
        self.filters.setCurrentIndex((self.filters.currentIndex() + 1) % self.filters.count())

    def read_again(self) -> None:
        """Look into the folder again."""
        try:
            self.session.rescan()
        except OSError as error:
            self._show_told(f"The folder cannot be read ({error.strerror or error}).")

    def show_keys(self) -> None:
        """Show every key."""
        _open(CheatSheet(((Mode.REVIEW,),), title="Keys of the review", parent=self))

    # -- events -----------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Do what the key means."""
        key = spelled(event)
        if self.reasons.isVisible() and (
            event.isAutoRepeat() or self.reasons.press(key) or key in {"A", "R"}
        ):
            return
        action = pressed(event, Mode.REVIEW)
        if action is None:
            super().keyPressEvent(event)
        else:
            self.act(action.name)

    def act(self, name: str) -> None:
        """Do the action of that name.

        Raises:
            KeyError: there is none.
        """
        self._acts[name]()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """End the threads, unless the reviewer would lose something and wants to stay."""
        if not self._ended and self._would_lose() and not self._leave_anyway():
            event.ignore()
            return
        self.shut_down()
        event.accept()
        self.closed.emit()

    def shut_down(self) -> None:
        """End the threads."""
        self._ended = True
        self.stage.close_all()
        self.loader.close()
        self.session.close()

    def _would_lose(self) -> str:
        parts = []
        if self.session.unsaved:
            reviews = "review" if self.session.unsaved == 1 else "reviews"
            parts.append(f"{self.session.unsaved} {reviews} could not be written yet")
        if any(self.session.drafts.values()):
            parts.append("notes on clips that are not decided would be lost")
        return "; ".join(parts)

    def _leave_anyway(self) -> bool:
        button = QMessageBox.StandardButton
        asked = QMessageBox.question(
            self, "Close?", f"{self._would_lose()}.", button.Close | button.Cancel, button.Cancel
        )
        return asked == button.Close

    # -- how it is put together -------------------------------------------------------------------

    def _build(self) -> None:
        self.filters = QComboBox(self)
        self.filters.addItems([shown.value for shown in Shown])
        self.filters.setAccessibleName("Which clips are listed")
        self.filters.setToolTip("Which clips are listed (F)")
        self.acceptance = QLabel(self)
        self.acceptance.setAccessibleName("Acceptance rate")
        self.again_button = QPushButton("Make rejected again…", self)
        self.keys_button = QPushButton("?", self)
        self.keys_button.setAccessibleName("Keys")
        self.keys_button.setMaximumWidth(36)
        self.list = ShotList(self.session, self.loader, self)
        self.reasons = ReasonSheet(self)
        self.facts = FactsPanel(self)
        self.banner = QLabel(self)
        self.banner.setWordWrap(True)
        self.banner.setTextFormat(Qt.TextFormat.PlainText)
        self.banner.setAutoFillBackground(True)
        self.banner.setMargin(8)
        self.banner.hide()
        for widget in (self.filters, self.again_button, self.keys_button):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        bar = QHBoxLayout()
        bar.addWidget(self.filters)
        bar.addStretch(1)
        bar.addWidget(self.acceptance)
        bar.addStretch(1)
        bar.addWidget(self.again_button)
        bar.addWidget(self.keys_button)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.stage, 1)
        column.addWidget(self.reasons)
        beside = QSplitter(Qt.Orientation.Vertical)
        beside.addWidget(self.stage.keyframe_pane)
        beside.addWidget(self.facts)
        beside.setSizes([380, 420])
        split = QSplitter(Qt.Orientation.Horizontal)
        for part, share in ((self.list, 0), (middle, 3), (beside, 1)):
            split.addWidget(part)
            split.setStretchFactor(split.count() - 1, share)
        split.setSizes([230, 850, 420])
        central = QWidget(self)
        whole = QVBoxLayout(central)
        whole.addLayout(bar)
        whole.addWidget(self.banner)
        whole.addWidget(split, 1)
        self.setCentralWidget(central)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._acts = self._all_acts()
        self._build_menus()
        self.statusBar()

    def _all_acts(self) -> Mapping[str, Callable[[], object]]:
        """What each action does."""
        session, stage, reader = self.session, self.stage, self.reader
        return {
            "accept": self.accept,
            "reject": self.reject,
            "note": self.note,
            "redo": self.redo,
            "open_again": session.open_again,
            "undo": session.undo_stack.undo,
            "redo_step": session.undo_stack.redo,
            "make_again": self.make_again,
            "play": lambda: reader.play(0.0 if reader.speed else 1.0),
            "backwards": lambda: reader.faster(-1),
            "stop": reader.pause,
            "forwards": lambda: reader.faster(1),
            "frame_back": lambda: reader.step(-1),
            "frame_on": lambda: reader.step(1),
            "ten_back": lambda: reader.step(-10),
            "ten_on": lambda: reader.step(10),
            "first_frame": lambda: reader.seek(0),
            "last_frame": lambda: reader.seek(sys.maxsize),
            "finding": stage.next_finding,
            "loop": stage.toggle_loop,
            "toggle_plan": stage.toggle_plan,
            "overlay": stage.toggle_overlay,
            "zoom": stage.clip_pane.toggle_size,
            "next": lambda: session.step(1),
            "previous": lambda: session.step(-1),
            "next_open": session.go_on,
            "filter": self.next_filter,
            "read_again": self.read_again,
            "keys": self.show_keys,
            "close": self.close,
        }

    def _build_menus(self) -> None:
        menus = {name: self.menuBar().addMenu(f"&{name}") for name in ("Review", "Play", "View")}
        places = {"Decide": "Review", "Play": "Play", "Compare": "View", "Go": "View"}
        for action in ACTIONS:
            item = QAction(action.words[0].upper() + action.words[1:], self)
            if any(key.startswith("Ctrl+") for key in action.keys):
                item.setShortcuts([QKeySequence.fromString(key) for key in action.keys])
            else:
                # Plain keys are the window's own: as shortcuts they would reach it through text
                # fields as well.
                item.setText(f"{item.text()}\t{action.keys[0]}")
            item.triggered.connect(lambda _=False, name=action.name: self.act(name))
            menus[places[action.part]].addAction(item)

    def _connect(self) -> None:
        session = self.session
        self.stage.appeared.connect(self._sight.start)
        self._sight.timeout.connect(self._take_sight)
        session.listed.connect(self._show_listed)
        session.moved.connect(self._show_shot)
        session.changed.connect(self._show_changed)
        session.saved.connect(self._show_unsaved)
        session.told.connect(self._show_told)
        self.filters.activated.connect(lambda _: self._choose_filter())
        self.filters.currentIndexChanged.connect(lambda _: self._choose_filter())
        self.list.chosen.connect(session.go)
        self.again_button.clicked.connect(self.make_again)
        self.keys_button.clicked.connect(self.show_keys)
        self.facts.sought.connect(self.reader.seek)
        self.reasons.given.connect(self._reject_for)
        self.stage.told.connect(self._show_told)

    # -- what is shown ----------------------------------------------------------------------------

    def _choose_filter(self) -> None:
        wanted = Shown(self.filters.currentText())
        if wanted is not self.session.filter:
            self.session.show(wanted)
            if not self.session.shown:
                self._show_told(f"No clip is {wanted.value}." if wanted is not Shown.ALL else "")

    def _reject_for(self, reasons: tuple[ReviewReason, ...]) -> None:
        if self._may_decide():
            self.session.reject(reasons)

    @property
    def is_seen(self) -> bool:
        """Whether the reviewer can have looked at the current clip."""
        facts = self.session.current.facts if self.session.current is not None else None
        return facts is None or facts.sha256 in self._seen

    def _may_decide(self) -> bool:
        if not self.is_seen:
            self._show_told(f"{self.session.name} has only just come up: look at it, then decide.")
        return self.is_seen

    def _take_sight(self) -> None:
        """What the stage shows has been there for long enough to be looked at."""
        shot = self.stage.shot
        if shot is not None and shot.facts is not None and self.stage.is_seen:
            self._seen.add(shot.facts.sha256)

    def _show_listed(self) -> None:
        self.filters.blockSignals(True)  # noqa: FBT003 - Qt's
        self.filters.setCurrentText(self.session.filter.value)
        self.filters.blockSignals(False)  # noqa: FBT003 - Qt's
        self.list.show_current()
        self._show_acceptance()

    def _show_acceptance(self) -> None:
        told = self.session.acceptance
        left = f", {told.to_review} to review" if told.to_review else ""
        self.acceptance.setText(f"<b>{told.words}</b>{left}")
        self.again_button.setEnabled(told.rejected > 0)

    def _show_shot(self) -> None:
        """Everything of the current clip, from its first frame."""
        shot = self.session.current
        self._sight.stop()
        self.reasons.hide()
        self.list.show_current()
        self._show_facts()
        pictures = [each.picture for each in self.session.to_prefetch()]
        self.loader.want([picture for picture in pictures if picture is not None])
        self.stage.show_shot(shot)

    def _show_changed(self, name: str) -> None:
        self._show_acceptance()
        if name == self.session.name:
            shot = self.session.current
            if shot is not None:
                self.stage.update_shot(shot)
            self._show_facts()

    def _show_facts(self) -> None:
        shot = self.session.current
        note = self.session.note(shot.name) if shot is not None else ""
        waiting = shot is not None and shot.name in self.session.drafts
        self.facts.show_shot(shot, note=note, waiting=waiting)

    def _show_unsaved(self) -> None:
        count = self.session.unsaved
        self.banner.setVisible(count > 0)
        if count:
            reviews = "review is" if count == 1 else "reviews are"
            self.banner.setText(
                f"{count} {reviews} not on the disk yet; trying again. {self.session.why_unsaved}"
            )

    def _show_told(self, text: str) -> None:
        self.statusBar().showMessage(text, TOLD_MS)


def _open(dialog: QDialog) -> None:
    """Show a dialog over its window; it is gone when it is closed."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
