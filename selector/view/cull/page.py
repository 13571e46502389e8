"""The page on which an operator culls: one key a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from selector.core.cull import Verdict
from selector.view import keys
from selector.view.action import Mode
from selector.view.cull.bar import Bar
from selector.view.cull.compare import Compare
from selector.view.cull.filmstrip import Filmstrip
from selector.view.cull.scaled import Scaled
from selector.view.cull.tiles import Tiles
from selector.view.desk import Desk

PAGE: Final = 10
"""So many groups a page key goes on."""


class CullPage(QWidget):
    """Tiles, filmstrip and bar of a desk.

    Signals:
        edit_wanted(name): that picture's move is to be drawn.
        preview_wanted(name): that picture's move is to be played.
    """

    edit_wanted = Signal(str)
    preview_wanted = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        scaled = Scaled(desk.loader)
        self.bar, self.tiles = Bar(desk), Tiles(desk, scaled)
        self.filmstrip, self.compare = Filmstrip(desk, scaled), Compare(desk, scaled)
        self.title, self.hint, self.views = QLabel(), QLabel(), QStackedWidget()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Cull")
        self._build()
        desk.moved.connect(self._name)
        desk.decided.connect(self._name)
        desk.listed.connect(self._name)
        self._name()

    @property
    def is_comparing(self) -> bool:
        """Whether candidates are compared, enlarged together."""
        return self.views.currentWidget() is self.compare

    def act(self, name: str, *, digit: int = 0) -> None:
        """Do what an action of the key table says; nothing where no group is shown.

        Raises:
            KeyError: the cull has no such action.
        """
        act = ACTS[name]
        if self.desk.shown:
            act(self, digit)

    def show_compare(self, *, on: bool) -> None:
        """Compare the candidates of the current group, or go back to the tiles."""
        group = self.desk.current
        if on and (group is None or len(group.pictures) < 2):
            self.desk.told.emit("This group has one picture; there is nothing to compare it with.")
            return
        self.views.setCurrentWidget(self.compare if on else self.tiles)
        self.compare.set_active(on=on)
        self._name()

    def show_rectangles(self, *, on: bool) -> None:
        """Draw START and END on the pictures, or not."""
        self.tiles.show_rectangles(on=on)
        self.compare.show_rectangles(on=on)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Do what the key table says."""
        if self.is_comparing and (action := keys.pressed(event, Mode.COMPARE)) is not None:
            if action.name == "leave":
                self.show_compare(on=False)
            else:
                self.compare.act(action.name)
            return
        found = keys.pressed(event, Mode.CULL)
        if found is None:
            super().keyPressEvent(event)
        else:
            self.act(found.name, digit=keys.digit(event))

    def take_focus(self) -> None:
        """Have the keys."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _build(self) -> None:
        bold = self.title.font()
        bold.setBold(True)
        self.title.setFont(bold)
        self.title.setTextFormat(Qt.TextFormat.PlainText)  # names are not markup
        self.hint.setEnabled(False)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 2)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.hint)
        self.views.addWidget(self.tiles)
        self.views.addWidget(self.compare)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.bar)
        column.addLayout(head)
        column.addWidget(self.views, 1)
        column.addWidget(self.filmstrip)
        for view in (self.tiles, self.compare):
            view.chosen.connect(self._choose)
            view.toggled.connect(self._toggle)
            view.opened.connect(self._open)
        self.filmstrip.chosen.connect(self._choose_group)
        self.bar.done.connect(self.take_focus)

    def pick(self, candidate: int) -> None:
        """Pick that candidate of the current group, if there is such a one, and go on."""
        if self.desk.pick(candidate):
            self.go_on()

    def go_on(self) -> None:
        """To the next group that is shown; at the end, say what is left."""
        at = self.desk.group
        self.desk.step(1)
        if self.desk.group == at:
            left = self.desk.progress().total - self.desk.progress().decided
            more = f"{left:,} are undecided still: N goes there." if left else "All are decided."
            self.desk.told.emit(f"That was the last group. {more}")

    def go_to_open(self) -> None:
        """To the next undecided group, or say that there is none."""
        group = self.desk.cull.next_open(self.desk.group, self.desk.shown)
        if group is None:
            self.desk.told.emit("Every group that is shown is decided.")
        else:
            self.desk.go(group)

    def _choose(self, candidate: int) -> None:
        self.take_focus()
        self.desk.go(self.desk.group, candidate)

    def _toggle(self, candidate: int) -> None:
        self.take_focus()
        self.desk.pick(candidate, among=True)

    def _open(self, candidate: int) -> None:
        self.desk.go(self.desk.group, candidate)
        self.edit_wanted.emit(self.desk.name)

    def _choose_group(self, group: int) -> None:
        self.take_focus()
        self.desk.go(group)

    def _name(self) -> None:
        desk, group = self.desk, self.desk.current
        if group is None or not desk.shown:
            self.title.clear()
            self.hint.clear()
            return
        if self.is_comparing and len(group.pictures) < 2:
            self.show_compare(on=False)
        at = desk.shown.index(desk.group) + 1 if desk.group in desk.shown else 0
        self.title.setText(f"{desk.title(desk.group)}   {at:,} / {len(desk.shown):,}")
        count, verdict = len(group.pictures), desk.cull.verdict(desk.group)
        said = {
            Verdict.OPEN: "undecided",
            Verdict.REJECTED: "passed over",
            Verdict.PICKED: f"{len(desk.cull.picked(desk.group))} picked",
        }[verdict]
        of = f"candidate {desk.candidate + 1} of {count}, " if count > 1 else ""
        how = "comparing: wheel or + and - zoom, Z 100 %, drag shifts, Esc ends     "
        self.hint.setText(f"{how if self.is_comparing else ''}{of}{said}")


def _reject(page: CullPage) -> None:
    if page.desk.reject():
        page.go_on()


ACTS: Final[Mapping[str, Callable[[CullPage, int], object]]] = {
    "pick": lambda page, digit: page.pick(digit - 1),
    "pick_current": lambda page, _: page.pick(page.desk.candidate),
    "add": lambda page, digit: page.desk.pick(digit - 1, among=True),
    "reject": lambda page, _: _reject(page),
    "reopen": lambda page, _: page.desk.reopen(page.desk.group),
    "next": lambda page, _: page.desk.step(1),
    "previous": lambda page, _: page.desk.step(-1),
    "down": lambda page, _: page.desk.step_candidate(1),
    "up": lambda page, _: page.desk.step_candidate(-1),
    "next_open": lambda page, _: page.go_to_open(),
    "page_on": lambda page, _: page.desk.step(PAGE),
    "page_back": lambda page, _: page.desk.step(-PAGE),
    "first": lambda page, _: page.desk.step(-len(page.desk.shown)),
    "last": lambda page, _: page.desk.step(len(page.desk.shown)),
    "edit": lambda page, _: page.edit_wanted.emit(page.desk.name),
    "preview": lambda page, _: page.preview_wanted.emit(page.desk.name),
    "rectangles": lambda page, _: page.show_rectangles(on=not page.tiles.rectangles),
    "compare": lambda page, _: page.show_compare(on=not page.is_comparing),
}
"""What each action of the cull does.  A table of the module, and not of each page: closures over a
page would be cycles, and a cycle may be collected in a loader's thread, where no widget may die."""
