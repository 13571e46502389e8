"""Candidates of the current group as tiles: one large, a few side by side, many in a grid."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from companions.geometry import Size
from companions.motion import Move
from selector.core.cull import Verdict
from selector.media.loader import Tier
from selector.view.cull.arranging import GAP, Arrangement, arrange
from selector.view.cull.painting import (
    Tile,
    paint_placeholder,
    paint_tile,
    picture_room,
    title_of,
)
from selector.view.cull.scaled import Scaled
from selector.view.desk import Desk

_KEYS = 9


class Tiles(QAbstractScrollArea):
    """Paints the current group of a desk.

    Every paint is of the group that is current then: a picture whose image is not there yet shows
    its name, or its own thumb, and never what stood there before.

    Attributes:
        is_complete: whether the last paint showed every picture sharp, or why there is none.

    Signals:
        chosen(candidate): that tile was clicked.
        toggled(candidate): that tile was clicked with Ctrl.
        opened(candidate): that tile was double clicked.
        painted(group, complete): what was painted, and whether every tile in sight showed its
            picture sharp (or why there is none).
    """

    chosen = Signal(int)
    toggled = Signal(int)
    opened = Signal(int)
    painted = Signal(int, bool)

    def __init__(self, desk: Desk, scaled: Scaled, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk, self._scaled = desk, scaled
        self.rectangles = self.is_complete = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAccessibleName("Candidates")
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        desk.moved.connect(self.follow)
        desk.listed.connect(self.follow)
        desk.decided.connect(self._repaint)
        desk.motion_changed.connect(self._take_name)
        desk.looked.connect(self._take_name)
        desk.regrouped.connect(self._take_files)
        desk.loader.ready.connect(self._take_image)
        desk.loader.failed.connect(self._take_image)
        self.follow()

    @property
    def arrangement(self) -> Arrangement:
        """How the tiles lie now."""
        return arrange(len(self._names), room=_size(self.viewport()))

    @property
    def _names(self) -> tuple[str, ...]:
        group = self.desk.current
        return group.pictures if group is not None and self.desk.shown else ()

    def show_rectangles(self, *, on: bool) -> None:
        """Draw START and END on every tile, or not."""
        self.rectangles = on
        self.viewport().update()

    def follow(self) -> None:
        """Have the current candidate in sight, and paint."""
        arranged = self.arrangement
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, arranged.height - room))
        bar.setPageStep(room)
        bar.setSingleStep(arranged.cell.height // 4)
        box = arranged.box(self.desk.candidate)
        if box.y - GAP < bar.value():
            bar.setValue(box.y - GAP)
        elif box.y + box.height + GAP > bar.value() + room:
            bar.setValue(box.y + box.height + GAP - room)
        self.viewport().update()

    def tile(self, index: int, room: QRect) -> tuple[Tile, bool]:
        """What is to be painted for that candidate, and whether nothing better will come."""
        desk, name = self.desk, self._names[index]
        picture = desk.picture(name)
        pixmap, sharp = self._scaled.get(
            picture, picture_room(room).size(), ratio=self.devicePixelRatioF()
        )
        problem = desk.problem(name) or desk.loader.problem(picture) or ""
        look, picked = desk.look(name), desk.cull.is_picked(name)
        decided = desk.cull.verdict(desk.group) is not Verdict.OPEN
        tile = Tile(
            number=index + 1 if index < _KEYS else 0,
            name=title_of(name, among=self._names),
            pixmap=pixmap,
            current=index == desk.candidate,
            picked=picked,
            passed_over=decided and not picked,
            problem=problem,
            viability=look.viability if look is not None else None,
            move=self._move(name),
        )
        return tile, sharp or bool(problem)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """Paint the tiles in sight."""
        names, arranged = self._names, self.arrangement
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        top, complete = self.verticalScrollBar().value(), True
        for index in arranged.between(top, top + self.viewport().height()) if names else ():
            box = arranged.box(index)
            room = QRect(box.x, box.y - top, box.width, box.height)
            tile, sharp = self.tile(index, room)
            complete &= sharp
            paint_tile(painter, room, tile, self.palette())
        if not names:
            paint_placeholder(painter, self.viewport().rect(), self._why_empty(), self.palette())
        painter.end()
        self.is_complete = complete
        self.painted.emit(self.desk.group, complete)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's
        """Arrange anew."""
        super().resizeEvent(event)
        self.follow()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Choose a tile."""
        index = self._at(event.position().toPoint())
        if index is None:
            event.ignore()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.toggled.emit(index)
        else:
            self.chosen.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Open a tile in the editor."""
        index = self._at(event.position().toPoint())
        if index is not None:
            self.opened.emit(index)

    def _at(self, point: QPoint) -> int | None:
        if not self._names:
            return None
        return self.arrangement.at(point.x(), point.y() + self.verticalScrollBar().value())

    def _move(self, name: str) -> Move | None:
        return self.desk.drawn(name) if self.rectangles else None

    def _why_empty(self) -> str:
        if not self.desk.cull.groups:
            return "There are no pictures in this folder."
        return "No group fits this filter now. Choose another one above."

    def _repaint(self, group: int) -> None:
        if group == self.desk.group:
            self.viewport().update()

    def _take_name(self, name: str) -> None:
        if self.desk.cull.group_of(name) == self.desk.group:
            self.viewport().update()

    def _take_image(self, picture: Path, _what: Tier | str) -> None:
        self._take_name(self.desk.placement.name_of(picture))

    def _take_files(self) -> None:
        self._scaled.forget()


def _size(widget: QWidget) -> Size:
    return Size(max(1, widget.width()), max(1, widget.height()))
