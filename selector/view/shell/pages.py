"""The pages of the window: the start page, and those of the folder that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget

from companions.timing import Rate
from selector.view.cull.page import CullPage
from selector.view.desk import Desk
from selector.view.shell.start import StartPage

if TYPE_CHECKING:
    from selector.view.edit.page import EditPage
    from selector.view.shell.previewing import PreviewPage


class Pages(QStackedWidget):
    """One page at a time.

    Attributes:
        fps: the rate of clips that wish for none.
        start: what is shown where no folder is open.
        cull: the open folder's tiles.
        edit, preview: its other pages, made when they are first opened.

    Signals:
        told(text): something to tell the operator, once.
    """

    told = Signal(str)

    def __init__(self, *, fps: Rate) -> None:
        super().__init__()
        self.fps, self.start = fps, StartPage()
        self.cull: CullPage | None = None
        self.edit: EditPage | None = None
        self.preview: PreviewPage | None = None
        self._desk: Desk | None = None
        self._edits_at = fps
        self.addWidget(self.start)

    def open_folder(self, desk: Desk) -> None:
        """The pages of a folder, its tiles in front."""
        self._desk, self.cull = desk, CullPage(desk)
        self.cull.edit_wanted.connect(self.show_edit)
        self.cull.preview_wanted.connect(self.show_preview)
        self.addWidget(self.cull)
        self.show_cull()

    def close_folder(self) -> None:
        """Back to the start page; what worked for the others ends."""
        self.setCurrentWidget(self.start)
        self._drop_edit()
        if self.preview is not None:
            self.preview.shut_down()
        for page in (self.cull, self.preview):
            if page is not None:
                self.removeWidget(page)
                page.deleteLater()
        self.cull = self.preview = self._desk = None

    def show_cull(self) -> None:
        """Show the tiles."""
        if self.preview is not None:
            self.preview.stop()
        if self.cull is not None:
            self.setCurrentWidget(self.cull)
            self.cull.take_focus()

    def show_edit(self, name: str) -> None:
        """Show the editor with that picture."""
        desk = self._usable(name)
        if desk is None:
            return
        if self._edits_at != self.fps:
            self._drop_edit()
        if self.edit is None:
            from selector.view.edit.page import EditPage

            self.edit, self._edits_at = EditPage(desk, fps=self.fps), self.fps
            self.edit.closed.connect(self.show_cull)
            self.addWidget(self.edit)
        self.setCurrentWidget(self.edit)
        self.edit.open(name)

    def show_preview(self, name: str) -> None:
        """Play that picture's move."""
        desk = self._usable(name)
        if desk is None:
            return
        if self.preview is None:
            from selector.view.shell.previewing import PreviewPage

            self.preview = PreviewPage(desk)
            self.preview.closed.connect(self.show_cull)
            self.addWidget(self.preview)
        if not self.preview.open(name, fps=self.fps):
            self.told.emit(f"{name} is being read; try again in a moment.")
            return
        self.setCurrentWidget(self.preview)
        self.take_focus()

    def take_focus(self) -> None:
        """Have the keys go to the page that is shown."""
        page = self.currentWidget()
        if page is not None:
            page.setFocus(Qt.FocusReason.OtherFocusReason)

    def is_complete(self) -> bool:
        """Whether all that the page shows has arrived: pictures sharp, looks made."""
        desk = self._desk
        if desk is None or self.cull is None or desk.current is None:
            return True
        if self.currentWidget() is not self.cull:
            return self.preview is None or not self.preview.is_waiting()
        for name in desk.current.pictures[:9]:
            if desk.look(name) is None and desk.problem(name) is None:
                return False
        return self.cull.tiles.is_complete

    def _usable(self, name: str) -> Desk | None:
        """The desk, if something can be done with that picture; why not is told."""
        if self._desk is None or not name:
            return None
        if (problem := self._desk.problem(name)) is not None:
            self.told.emit(problem)
            return None
        return self._desk

    def _drop_edit(self) -> None:
        if self.edit is not None:
            self.edit.shut_down()
            self.removeWidget(self.edit)
            self.edit.deleteLater()
            self.edit = None
