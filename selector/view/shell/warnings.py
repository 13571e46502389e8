"""What is wrong with the open folder, as banners: each stays until it is mended."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from selector.view import theme
from selector.view.shell.banners import Banners, Remedy
from selector.view.shell.opening import Opened
from selector.view.shell.watch import Watch


class Warnings(QObject):
    """Watches over one open folder.

    Signals:
        overlay_wanted: a folder for its companions is to be chosen.
        again_wanted: it is to be opened again.
    """

    overlay_wanted = Signal()
    again_wanted = Signal()
    SUBJECTS = ("look only", "unsaved", "conflict", "vanished", "darkroom", "leaving")

    def __init__(self, opened: Opened, banners: Banners, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.desk, self._banners = opened.desk, banners
        placement = self.desk.placement
        self._watch = Watch(dict.fromkeys((placement.root, placement.home)), parent=self)
        self._watch.changed.connect(self._take_presence)
        self.desk.saved.connect(self._show_unsaved)
        self.desk.motion_changed.connect(self._show_conflicts)
        self.desk.darkroom.stopped.connect(self._tell_blind)
        self._tell_look_only(opened)

    def close(self) -> None:
        """Warn no more, and take back what was said."""
        self._watch.close()
        for subject in self.SUBJECTS:
            self._banners.drop(subject)

    def would_lose(self) -> str:
        """What closing the folder now would lose, in words; empty if nothing."""
        if self.desk.unsaved:
            return f"{self._count()} not on the disk, and would be lost: {self.desk.why_unsaved}"
        if self.desk.conflicts:
            names = ", ".join(self.desk.conflicts)
            return f"What you drew of {names} is not written, and would be lost."
        return ""

    def ask_to_leave(self, again: Remedy, regardless: Remedy) -> None:
        """Say that something would be lost, and what can be done."""
        self._banners.drop("leaving")  # that one may have been about another way of leaving
        self._banners.put("leaving", self.would_lose(), again, regardless, colour=theme.REJECTED)

    def _tell_look_only(self, opened: Opened) -> None:
        again = Remedy("Try &again", self.again_wanted.emit)
        if opened.is_taken:
            self._banners.put(
                "look only", "Another window works on this folder, so this one only looks.", again
            )
        elif opened.is_unwritable:
            self._banners.put(
                "look only",
                f"{self.desk.placement.home} cannot be written, so nothing can be decided here "
                "until there is a folder for its companions.",
                Remedy("&Choose a folder…", self.overlay_wanted.emit),
                again,
            )

    def _show_unsaved(self) -> None:
        if not self.would_lose():
            self._banners.drop("leaving")
        if not self.desk.unsaved:
            self._banners.drop("unsaved")
            return
        self._banners.put(
            "unsaved",
            f"{self._count()} not on the disk yet: {self.desk.why_unsaved} Nothing is lost while "
            "this window is open; it tries again every few seconds.",
            Remedy("Try &now", self.desk.save_again),
        )

    def _count(self) -> str:
        return f"{self.desk.unsaved:,} change{'s are' if self.desk.unsaved > 1 else ' is'}"

    def _show_conflicts(self, _name: str) -> None:
        name = next(iter(self.desk.conflicts), None)
        if name is None:
            self._banners.drop("conflict")
            if not self.would_lose():
                self._banners.drop("leaving")
            return
        self._banners.put(
            "conflict",
            f"The motion of {name} was changed by another program while you drew. It is as that "
            "program left it.",
            Remedy("&Keep theirs", self._take_theirs),
            Remedy("&Write mine", self._take_mine),
        )

    def _take_theirs(self) -> None:
        for name in list(self.desk.conflicts)[:1]:
            self.desk.take_theirs(name)
            self._show_conflicts(name)

    def _take_mine(self) -> None:
        for name in list(self.desk.conflicts)[:1]:
            self.desk.take_mine(name)
            self._show_conflicts(name)

    def _take_presence(self, missing: frozenset[Path]) -> None:
        placement = self.desk.placement
        if not missing:
            self._banners.drop("vanished")
            self.desk.rescan()
            self.desk.save_again()
        elif placement.home in missing:
            self._banners.put(
                "vanished",
                f"{placement.home} is not there any more. What you decide is kept in "
                "this window and written as soon as the folder is back.",
                colour=theme.REJECTED,
            )
        else:
            self._banners.put(
                "vanished",
                f"{placement.root} is not there any more: its pictures cannot be seen until it is "
                f"back. What you decide is written to {placement.home}.",
                colour=theme.REJECTED,
            )

    def _tell_blind(self, why: str) -> None:
        self._banners.put("darkroom", f"No moves are proposed in this window: {why}")
