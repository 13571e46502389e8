"""The window: one open folder at a time, its menus, banners and dialogs, and what is remembered.

It decides nothing about pictures; pages do, through the desk.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from companions.errors import MotionfleetError
from selector.core.placement import Placement, absolute
from selector.core.settings import (
    DeskSettings,
    SettingsFile,
    Theme,
    cache_path,
    settings_path,
)
from selector.view import theme
from selector.view.cull.page import CullPage
from selector.view.desk import Desk
from selector.view.shell.banners import Banners, Remedy
from selector.view.shell.leaving import Leaving
from selector.view.shell.memory import Memory
from selector.view.shell.menus import filled
from selector.view.shell.opening import Opened, open_desk
from selector.view.shell.pages import Pages
from selector.view.shell.reviewing import Reviewing
from selector.view.shell.sending import Sending
from selector.view.shell.warnings import Warnings

TITLE: Final = "motionfleet selector"
TOLD_MS: Final = 8000
FIRST_SIZE: Final = (1360, 860)


class MainWindow(QMainWindow):
    """The selector.

    Attributes:
        desk: of the open folder; None on the start page.
        pages: the start page, and those of the open folder.
        review: the window in which its clips are reviewed.
        sending: the fleet at work on a manifest; it ends with the window.
    """

    def __init__(self, settings: SettingsFile | None = None, *, remembers: bool = True) -> None:
        """``settings`` are the platform's unless others are given; ``remembers``: changed ones
        are kept for the next time.

        With the platform's settings, reduced pictures are kept in the platform's cache.
        """
        super().__init__()
        self.cache_folder = cache_path(os.environ) if settings is None else None
        file = settings or SettingsFile(settings_path(os.environ))
        self.memory = Memory(file, keeps=remembers, parent=self)
        self.desk: Desk | None = None
        self._opened: Opened | None = None
        self._dialog: QDialog | None = None
        self.banners, self.pages = Banners(), Pages(fps=self.settings.target_fps)
        self.review, self.sending = Reviewing(), Sending(self)
        self.sending.ended.connect(self._tell_sent)
        self._leaving = Leaving(self.banners, self.sending, parent=self)
        self._build()
        self.apply_theme(self.settings.theme)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_desktop)
        if self.memory.problem is not None:
            self.banners.put("settings", self.memory.problem, self._dismissal("settings"))

    @property
    def settings(self) -> DeskSettings:
        """What is remembered."""
        return self.memory.settings

    # -- folders ----------------------------------------------------------------------------------

    def open_folder(self, folder: Path, *, overlay: Path | None = None) -> bool:
        """Open a folder of pictures in place of the one that is open; whether that worked.

        Companions go to ``overlay`` where it is given, else where they went the last time.
        """
        root = absolute(folder)
        kept = absolute(overlay) if overlay is not None else self.settings.overlay_of(root)
        placement = Placement(root, kept)
        if not self._leaving.may_close_folder(lambda: self.open_folder(folder, overlay=overlay)):
            return False
        if self.desk is not None and _is_same(self.desk.placement.home, placement.home):
            self.close_folder()  # or its own hold would stand in the way
        try:
            opened = open_desk(
                placement,
                wanted=self.settings.wanted(),
                threshold=self.settings.threshold,
                cache_bytes=self.settings.cache_mb * 1_000_000,
                proxies=self.cache_folder,
            )
        except MotionfleetError as error:
            self.tell(str(error))
            return False
        except OSError as error:
            self.tell(f"{root} cannot be opened: {error.strerror or error}.")
            return False
        self.close_folder()
        self._take(opened)
        self.memory.change(lambda before: before.with_opened(root, overlay=kept))
        return True

    def close_folder(self) -> None:
        """Back to the start page, whatever could not be written."""
        warnings, self._leaving.warnings = self._leaving.warnings, None
        if warnings is not None:
            warnings.close()
            warnings.deleteLater()
        self._close_dialog()
        self.pages.close_folder()
        opened, self._opened, self.desk = self._opened, None, None
        if opened is not None:
            opened.close()
        self.menus.follow(None)
        self._name()

    def leave_folder(self) -> None:
        """Back to the start page, once all that was decided is on the disk."""
        if self._leaving.may_close_folder(self.leave_folder):
            self.close_folder()

    def choose_folder(self) -> None:
        """Ask for a folder, in the platform's own dialog, and open it."""
        at = (
            str(self.desk.placement.root)
            if self.desk is not None
            else next(iter(self.settings.recent), "")
        )
        chosen = QFileDialog.getExistingDirectory(self, "Open a folder of pictures", at)
        if chosen:
            self.open_folder(Path(chosen))

    def choose_overlay(self) -> None:
        """Ask where companions of the open folder are to go, and open it so."""
        if self.desk is None:
            return
        chosen = QFileDialog.getExistingDirectory(self, "Keep companions in")
        if chosen:
            self.open_folder(self.desk.placement.root, overlay=Path(chosen))

    # -- pages and dialogs ------------------------------------------------------------------------

    @property
    def cull(self) -> CullPage | None:
        """The page of tiles, where a folder is open."""
        return self.pages.cull

    def show_page(self, page: str) -> None:
        """Show a page by its name: one of the command line's ``PAGES``.

        Where no folder is open, only the keys can be shown.
        """
        if page == "keys":
            self.show_keys()
        if self.cull is None or self.desk is None:
            return
        if page == "send":
            self.show_send()
        elif page == "edit":
            self.pages.show_edit(self.desk.name)
        elif page == "preview":
            self.pages.show_preview(self.desk.name)
        elif page in ("cull", "compare"):
            self.pages.show_cull()
            self.cull.show_compare(on=page == "compare")

    def show_keys(self) -> None:
        """Show the cheat sheet."""
        from selector.view.cheatsheet import CheatSheet

        self._open_dialog(CheatSheet(parent=self))

    def show_send(self) -> None:
        """Show what would be sent, and send it."""
        if self.desk is not None:
            from selector.view.shell.send import SendDialog

            self._open_dialog(SendDialog(self.desk, self.settings, self.sending, parent=self))

    def show_review(self) -> None:
        """Review the clips that came back to this folder, in a window of its own."""
        if self.desk is not None:
            try:
                self.review.show(self.desk.placement)
            except OSError as error:
                root = self.desk.placement.root
                self.tell(f"{root} cannot be read: {error.strerror or error}.")

    def show_groups(self) -> None:
        """Choose how pictures are put into groups."""
        if self.desk is not None:
            from selector.view.shell.grouping import GroupDialog

            self._open_dialog(GroupDialog(self.desk, parent=self))

    def show_settings(self) -> None:
        """Change what is remembered."""
        from selector.view.shell.preferences import SettingsDialog

        dialog = SettingsDialog(self.settings, parent=self)
        dialog.accepted.connect(self._take_settings)
        self._open_dialog(dialog)

    def shown_surface(self) -> QWidget:
        """What is on top: an open dialog, or the window."""
        return self._dialog if self._dialog is not None and self._dialog.isVisible() else self

    # -- telling ----------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """Say something once, in the status line; the whole of it is in its tool tip."""
        self.statusBar().showMessage(" ".join(text.split()), TOLD_MS)
        self.statusBar().setToolTip(text)

    def tell_bug(self, text: str) -> None:
        """Say that there was a bug, until the operator has read it."""
        self.banners.put("bug", text, self._dismissal("bug"))

    def apply_theme(self, chosen: Theme) -> None:
        """Have every window in that theme."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, chosen)

    def _follow_desktop(self, scheme: Qt.ColorScheme) -> None:
        application = QApplication.instance()
        if self.settings.theme is Theme.SYSTEM and isinstance(application, QApplication):
            theme.paint(application, scheme)

    # -- Qt's -------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """What no page wanted: the cheat sheet."""
        if event.text() == "?":
            self.show_keys()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's
        """Take folders."""
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's
        """Open the folder that was dropped, or the one the dropped picture is in."""
        folder = _dropped(event)
        if folder is not None:
            event.acceptProposedAction()
            self.open_folder(folder)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's
        """Remember where the window was, and end what works behind it."""
        if not self._leaving.may_close_window(self.close):
            event.ignore()
            return
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        self.memory.change(lambda before: before.changed(window_geometry=geometry))
        self.close_folder()
        super().closeEvent(event)

    # -- within -----------------------------------------------------------------------------------

    def _take(self, opened: Opened) -> None:
        self._opened, self.desk = opened, opened.desk
        desk = self.desk
        desk.told.connect(self.tell)
        warnings = self._leaving.warnings = Warnings(opened, self.banners, parent=self)
        warnings.overlay_wanted.connect(self.choose_overlay)
        warnings.again_wanted.connect(self._open_again)
        self.menus.follow(desk.undo_stack)
        self._name()
        self.pages.open_folder(desk)

    def _build(self) -> None:
        self.setAcceptDrops(True)
        self.resize(*FIRST_SIZE)
        if self.settings.window_geometry:
            self.restoreGeometry(
                QByteArray.fromBase64(self.settings.window_geometry.encode("ascii"))
            )
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banners)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(middle)
        self.memory.told.connect(self.tell)
        self.memory.recent_changed.connect(self._list_recent)
        self.memory.missed.connect(self.pages.start.show_missing)
        self.banners.left.connect(self.pages.take_focus)
        self.pages.told.connect(self.tell)
        self.pages.start.open_wanted.connect(self.choose_folder)
        self.pages.start.chosen.connect(self.open_named)
        self.pages.start.forgotten.connect(self._forget)
        self.menus = filled(self)
        self.memory.missed.connect(self.menus.show_missing)
        self._list_recent()
        self._name()

    def _name(self) -> None:
        if self.desk is None:
            self.setWindowTitle(TITLE)
            self.setWindowFilePath("")
        else:
            root = self.desk.placement.root
            self.setWindowTitle(f"{root.name or root} - {TITLE}")

    def _dismissal(self, subject: str) -> Remedy:
        return Remedy("&All right", lambda: self.banners.drop(subject))

    def _open_again(self) -> None:
        if self.desk is not None:
            placement = self.desk.placement
            self.close_folder()
            self.open_folder(placement.root, overlay=placement.overlay)

    def open_named(self, folder: str) -> None:
        """Open a folder that was open before, if it is there now."""
        if os.path.isdir(folder):  # noqa: PTH112 - a disk that is gone may raise
            self.open_folder(Path(folder))
        else:
            self.tell(f"{folder} is not there now.")
            self._list_recent()

    def _tell_sent(self, _well: bool, words: str) -> None:  # noqa: FBT001 - a signal's
        self.tell(f"Sending: {words}")

    def _forget(self, folder: str) -> None:
        self.memory.change(lambda before: before.without(Path(folder)))

    def look_again(self) -> None:
        """Look into the open folder again."""
        if self.desk is not None and self.desk.rescan():
            self.tell("Looked again.")

    def act_on_group(self, name: str) -> None:
        """Do what an action of the cull does, on its page."""
        if self.cull is not None:
            if self.pages.currentWidget() is not self.cull:
                self.pages.show_cull()
            self.cull.act(name)

    def find_by_name(self) -> None:
        """Begin to find a group or picture by its name."""
        if self.cull is not None:
            self.pages.show_cull()
            self.cull.bar.begin_to_find()

    def toggle_full_screen(self) -> None:
        """Take the whole screen, or give it back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _take_settings(self) -> None:
        from selector.view.shell.preferences import SettingsDialog

        if not isinstance(self._dialog, SettingsDialog):
            return
        chosen = self._dialog.chosen
        self.memory.change(lambda before: before.changed(**chosen))
        self.apply_theme(self.settings.theme)
        self.menus.themes[self.settings.theme].setChecked(True)
        self.pages.fps = self.settings.target_fps
        if self.desk is not None:
            self.desk.threshold = self.settings.threshold
            self.desk.propose_for(self.settings.wanted())

    def choose_theme(self, chosen: Theme) -> None:
        """Have that theme from now on."""
        self.apply_theme(chosen)
        self.memory.change(lambda before: before.changed(theme=chosen))

    def _list_recent(self) -> None:
        recent = self.settings.recent
        self.menus.show_recent(recent)
        self.pages.start.show_recent(recent)
        self.memory.look_for_recent()

    def _open_dialog(self, dialog: QDialog) -> None:
        self._close_dialog()
        self._dialog = dialog
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._dialog_gone)
        dialog.show()

    def _close_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.close()  # which tells that it is gone

    def _dialog_gone(self) -> None:
        self._dialog = None


def _dropped(event: QDropEvent) -> Path | None:
    """The folder among what is dragged, or the one a dragged picture lies in."""
    for url in event.mimeData().urls():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and os.path.lexists(path):
            return path if path.is_dir() else path.parent
    return None


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one folder, by whatever names."""
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False
