"""The window's menus, made from the table of keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QUndoStack
from PySide6.QtWidgets import QMainWindow, QMenu

from selector.core.settings import Theme
from selector.view import keys
from selector.view.action import DIGITS, SHIFTED_DIGITS

if TYPE_CHECKING:
    from selector.view.shell.window import MainWindow

THEMES = {Theme.SYSTEM: "As the &desktop", Theme.DARK: "&Dark", Theme.LIGHT: "&Light"}


class Menus:
    """The menu bar.

    Attributes:
        of_a_folder: actions that need an open folder.
    """

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        bar = window.menuBar()
        self.file, self.edit = bar.addMenu("&File"), bar.addMenu("&Edit")
        self.group = bar.addMenu("&Group")
        self.view, self.help = bar.addMenu("&View"), bar.addMenu("&Help")
        self.recent = QMenu("Open &recent", window)
        self.of_a_folder: list[QAction] = []
        self.themes: dict[Theme, QAction] = {}
        self._history: list[QAction] = []

    def add(
        self, menu: QMenu, name: str, words: str, act: Callable[[], object], *, folder: bool = False
    ) -> QAction:
        """Add the action that the key table calls ``name``.

        ``folder``: it needs an open folder.
        """
        action = QAction(words, self._window)
        known = keys.window_action(name)
        if any("+" in key or key.startswith("F") for key in known.keys):
            action.setShortcuts(
                [QKeySequence(key) for key in known.keys if "+" in key or key.startswith("F")]
            )
        action.setStatusTip(known.words)
        action.setObjectName(name)
        action.triggered.connect(act)
        menu.addAction(action)
        if folder:
            action.setEnabled(False)
            self.of_a_folder.append(action)
        return action

    def add_cull(self, act: Callable[[str], object]) -> None:
        """Add what can be done to the current group; its plain keys are shown, and the page's."""
        part = ""
        for known in keys.CULL:
            if known.keys in (DIGITS, SHIFTED_DIGITS):
                continue  # a menu of numbers says less than the numbers on the tiles
            if part and known.part != part:
                self.group.addSeparator()
            part = known.part
            # After the tab it is for show only: a shortcut would take letters from text fields.
            action = QAction(
                f"{known.words[0].upper()}{known.words[1:]}\t{known.shown}", self._window
            )
            action.setObjectName(known.name)
            action.setEnabled(False)
            action.setData(known.name)
            self.group.addAction(action)
            self.of_a_folder.append(action)
        self.group.triggered.connect(lambda action: act(action.data()))

    def add_themes(self, choose: Callable[[Theme], object], now: Theme) -> None:
        """Add the choice of theme."""
        menu, group = self.view.addMenu("&Theme"), QActionGroup(self._window)
        for theme, words in THEMES.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(theme is now)
            action.setData(theme)
            group.addAction(action)
            self.themes[theme] = action
        group.triggered.connect(lambda action: choose(Theme(action.data())))

    def show_recent(self, folders: Sequence[str]) -> None:
        """List folders that were open lately."""
        self.recent.clear()
        for folder in folders:
            action = self.recent.addAction(folder.replace("&", "&&"))
            action.setData(folder)
        self.recent.setEnabled(bool(folders))

    def show_missing(self, folders: Collection[str]) -> None:
        """Those of the listed folders that are not there now cannot be chosen."""
        for action in self.recent.actions():
            action.setEnabled(action.data() not in folders)

    def follow(self, stack: QUndoStack | None) -> None:
        """Undo and redo on that history; on none where no folder is open."""
        for action in self._history:
            self.edit.removeAction(action)
            action.deleteLater()
        self._history = []
        for action in self.of_a_folder:
            action.setEnabled(stack is not None)
        if stack is None:
            return
        first = next(iter(self.edit.actions()), None)
        for name, made in (
            ("undo", stack.createUndoAction(self._window, "&Undo")),
            ("redo", stack.createRedoAction(self._window, "&Redo")),
        ):
            made.setShortcuts([QKeySequence(key) for key in keys.window_action(name).keys])
            made.setObjectName(name)
            if first is None:
                self.edit.addAction(made)
            else:
                self.edit.insertAction(first, made)
            self._history.append(made)


def filled(window: MainWindow) -> Menus:
    """The menu bar of ``window``, with all that it can do."""
    menus = Menus(window)
    menus.add(menus.file, "open", "&Open…", window.choose_folder)
    menus.file.addMenu(menus.recent)
    menus.recent.triggered.connect(lambda action: window.open_named(action.data()))
    menus.file.addSeparator()
    menus.add(menus.file, "groups", "&Groups…", window.show_groups, folder=True)
    menus.add(menus.file, "send", "&Send…", window.show_send, folder=True)
    menus.add(menus.file, "review", "Re&view clips…", window.show_review, folder=True)
    menus.add(menus.file, "rescan", "&Look again", window.look_again, folder=True)
    menus.add(menus.file, "close", "&Close folder", window.leave_folder, folder=True)
    menus.file.addSeparator()
    quit_ = menus.add(menus.file, "quit", "&Quit", window.close)
    quit_.setMenuRole(quit_.MenuRole.QuitRole)
    menus.add(menus.edit, "find", "&Find", window.find_by_name, folder=True)
    menus.add_cull(window.act_on_group)
    menus.edit.addSeparator()
    settings = menus.add(menus.edit, "settings", "Se&ttings…", window.show_settings)
    settings.setMenuRole(settings.MenuRole.PreferencesRole)
    menus.add_themes(window.choose_theme, window.settings.theme)
    menus.add(menus.view, "full_screen", "&Full screen", window.toggle_full_screen)
    menus.add(menus.help, "keys", "&Keys", window.show_keys)
    return menus
