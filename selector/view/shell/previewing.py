"""The page that plays one move, large."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from companions.motion import MotionOrigin
from companions.timing import Rate
from selector.view import keys
from selector.view.action import Mode
from selector.view.desk import Desk
from selector.view.preview.panel import PreviewPanel


class PreviewPage(QWidget):
    """Plays the motion of a picture, drawn or proposed.

    Signals:
        closed: the operator is done here.
    """

    closed = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk, self.name = desk, ""
        self.panel, self.words = PreviewPanel(), QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        self.words.setContentsMargins(12, 2, 12, 2)
        column.addWidget(self.words)
        column.addWidget(self.panel, 1)
        self.setFocusProxy(self.panel)
        self._is_waiting = False
        self.panel.player.frame.connect(self._take)
        self.panel.player.failed.connect(self._take)

    def open(self, name: str, *, fps: Rate) -> bool:
        """Play that picture's move, at ``fps`` where it wishes for no rate; whether it has one."""
        motion = self.desk.drawn(name)
        if motion is None:
            return False
        self.name, self._is_waiting = name, True
        wished = motion.wishes.target_fps if motion.wishes is not None else None
        what = "drawn" if motion.provenance.origin is MotionOrigin.EDITED else "proposed"
        kind = motion.type.value.replace("_", " ")
        self.words.setText(f"{name}   {kind}, {motion.duration_sec:g} s, {what}   (Escape: back)")
        self.panel.show_move(
            self.desk.picture(name),
            motion.move(),
            output=self.desk.output(name),
            fps=wished or fps,
            folder=self.desk.placement.stand_in(self.desk.picture(name)).parent,
        )
        self.panel.play()
        return True

    def shut_down(self) -> None:
        """End its threads; it cannot be used afterwards."""
        self.panel.shut_down()

    def is_waiting(self) -> bool:
        """Whether the first frame, or why there is none, is still to come."""
        return self._is_waiting

    def stop(self) -> None:
        """Play no more."""
        self.panel.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Escape or Enter goes back; the panel has had its own keys before."""
        action = keys.pressed(event, Mode.PREVIEW)
        if action is not None and action.name == "leave":
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _take(self, *_what: object) -> None:
        self._is_waiting = False
