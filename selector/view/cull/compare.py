"""Two to four candidates side by side, enlarged and shifted together."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QHideEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from companions.geometry import Size
from selector.core.cull import Verdict
from selector.media.loader import Tier
from selector.view import touch
from selector.view.cull.arranging import arrange
from selector.view.cull.closeups import Closeups
from selector.view.cull.painting import Tile, paint_tile, picture_room, title_of
from selector.view.cull.scaled import Scaled
from selector.view.desk import Desk

MOST: Final = 4
_STEP: Final = 1.25
_MOST_ZOOM: Final = 32.0
_PAN: Final = 0.15
_NOTCH: Final = 120
_SLOP_PX: Final = 4
"""A press that moves less is a click."""


class Compare(QWidget):
    """Paints up to four candidates of the current group, all with one zoom about one point.

    The point and the zoom are fractions and multiples of each fitted picture, so pictures of
    different sizes show the same part.

    Signals:
        chosen(candidate), toggled(candidate), opened(candidate): as of the tiles.
    """

    chosen = Signal(int)
    toggled = Signal(int)
    opened = Signal(int)

    def __init__(self, desk: Desk, scaled: Scaled, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk, self._scaled = desk, scaled
        self.zoom, self.middle = 1.0, QPointF(0.5, 0.5)
        self.rectangles = self._active = False
        self._grip: QPointF | None = None
        self._moved = False
        self.closeups = Closeups(self)
        self.closeups.ready.connect(self.update)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Compared candidates")
        self.grabGesture(Qt.GestureType.PinchGesture)
        desk.regrouped.connect(self._take_files)
        desk.moved.connect(self._follow)
        desk.listed.connect(self._follow)
        desk.decided.connect(self._repaint)
        desk.looked.connect(self._repaint)
        desk.motion_changed.connect(self._repaint)
        desk.loader.ready.connect(self._take_image)

    @property
    def candidates(self) -> range:
        """Which candidates are compared: the page of up to four with the current one."""
        group = self.desk.current
        if group is None:
            return range(0)
        first = self.desk.candidate // MOST * MOST
        last = min(len(group.pictures), first + MOST)
        if last - first < 2:  # one left over: with its neighbours rather than alone
            first = max(0, last - MOST)
        return range(first, last)

    def set_active(self, *, on: bool) -> None:
        """Begin to compare, with whole pictures; or stop, and let go of what is held for it."""
        self._active = on
        self.zoom, self.middle = 1.0, QPointF(0.5, 0.5)
        self._ask()
        self.update()

    def show_rectangles(self, *, on: bool) -> None:
        """Draw START and END, or not."""
        self.rectangles = on
        self.update()

    def act(self, name: str) -> None:
        """Do what an action of the key table says."""
        shift = _PAN / self.zoom
        if name == "zoom":
            self.zoom_to(1.0 if self.zoom > 1.0 else self.full_zoom())
        elif name in ("nearer", "further"):
            self.zoom_to(self.zoom * (_STEP if name == "nearer" else 1.0 / _STEP))
        else:
            by = {
                "pan_left": QPointF(-shift, 0.0),
                "pan_right": QPointF(shift, 0.0),
                "pan_up": QPointF(0.0, -shift),
                "pan_down": QPointF(0.0, shift),
            }[name]
            self.pan_to(self.middle + by)

    def full_zoom(self) -> float:
        """The zoom at which a pixel of the current picture is a pixel of the screen."""
        for index in (self.desk.candidate, *self.candidates):
            size, room = self._full_size(index), self._room(index)
            if size is not None and room is not None:
                fit = size.scaled(QSizeF(room.size()), Qt.AspectRatioMode.KeepAspectRatio)
                return max(1.0, size.width() / (fit.width() * self.devicePixelRatioF()))
        return 1.0

    def zoom_to(self, zoom: float, *, about: QPointF | None = None) -> None:
        """Enlarge all, keeping the point ``about`` (fractions of a picture) where it is."""
        before, self.zoom = self.zoom, min(max(zoom, 1.0), _MOST_ZOOM)
        if about is not None:
            self.middle = about + (self.middle - about) * (before / self.zoom)
        self.pan_to(self.middle)
        self._ask()

    def pan_to(self, middle: QPointF) -> None:
        """Have that point in the middle of every pane, as far as the pictures reach."""
        edge = 0.5 / self.zoom
        self.middle = QPointF(
            min(max(middle.x(), edge), 1.0 - edge), min(max(middle.y(), edge), 1.0 - edge)
        )
        self.update()

    # -- painting ---------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """Paint every pane."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for index in self.candidates if self.desk.shown else ():
            self._paint_pane(painter, index)
        painter.end()

    def _paint_pane(self, painter: QPainter, index: int) -> None:
        desk, group, box = self.desk, self.desk.current, self.pane(index)
        if group is None:
            return
        name = group.pictures[index]
        problem = desk.problem(name) or desk.loader.problem(desk.picture(name)) or ""
        look, picked, room = desk.look(name), desk.cull.is_picked(name), picture_room(box)
        fit, title = self.zoom == 1.0, title_of(name, among=group.pictures)
        image = None if problem or fit else self._image(index)
        whole = self._scaled.get(desk.picture(name), room.size(), ratio=self.devicePixelRatioF())
        tile = Tile(
            number=index + 1 if index < len("123456789") else 0,
            name=title if fit else f"{title}   {self._percent(index)} %",
            pixmap=whole[0],
            current=index == desk.candidate,
            picked=picked,
            passed_over=desk.cull.verdict(desk.group) is not Verdict.OPEN and not picked,
            problem=problem,
            viability=look.viability if look is not None else None,
            move=desk.drawn(name) if self.rectangles else None,
        )
        if image is None:
            paint_tile(painter, box, tile, self.palette())
            return
        shown = self._shown(QSizeF(image.size()), room)
        paint_tile(painter, box, tile, self.palette(), enlarged=(image, shown))

    def _shown(self, size: QSizeF, room: QRect) -> QRectF:
        """Where the whole picture would lie at this zoom, reaching beyond its pane."""
        fit = size.scaled(QSizeF(room.size()), Qt.AspectRatioMode.KeepAspectRatio) * self.zoom
        middle = QRectF(room).center()
        across = QPointF(self.middle.x() * fit.width(), self.middle.y() * fit.height())
        return QRectF(middle - across, fit)

    def _image(self, index: int) -> QImage | None:
        """The best image there is of that candidate."""
        group = self.desk.current
        if group is None:
            return None
        picture = self.desk.picture(group.pictures[index])
        loader = self.desk.loader
        screen, whole = loader.image(picture, Tier.SCREEN), self.closeups.image(picture)
        if screen is None or screen.isNull():
            return whole or loader.image(picture, Tier.THUMB)
        if whole is None:
            return screen
        # Enlarged a little, the smaller image is the better one: the painter does not average
        # over more than four pixels, so a large one would look rough.
        shown = self._shown(QSizeF(screen.size()), picture_room(self.pane(index)))
        return whole if shown.width() * self.devicePixelRatioF() > screen.width() else screen

    def _percent(self, index: int) -> int:
        size, room = self._full_size(index), self._room(index)
        if size is None or room is None:
            return round(100 * self.zoom)
        fit = size.scaled(QSizeF(room.size()), Qt.AspectRatioMode.KeepAspectRatio)
        return round(100 * self.zoom * fit.width() * self.devicePixelRatioF() / size.width())

    def _full_size(self, index: int) -> QSizeF | None:
        group = self.desk.current
        if group is None or index >= len(group.pictures):
            return None
        size = self.desk.loader.size(self.desk.picture(group.pictures[index]))
        return QSizeF(size.width, size.height) if size is not None else None

    def pane(self, index: int) -> QRect:
        """Where that candidate's pane lies."""
        panes = self.candidates
        size = Size(max(1, self.width()), max(1, self.height()))
        box = arrange(len(panes), room=size).box(index - panes.start)
        return QRect(box.x, box.y, box.width, box.height)

    def _room(self, index: int) -> QRect | None:
        return picture_room(self.pane(index)) if index in self.candidates else None

    # -- mouse ------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's
        """Zoom about the pointer; two fingers on a touch pad shift all pictures."""
        event.accept()
        if (shift := touch.shift_of(event)) is not None:
            self._shift(shift, at=event.position())
        elif steps := event.angleDelta().y() / _NOTCH:
            self._enlarge(_STEP**steps, at=event.position())

    def event(self, event: QEvent) -> bool:
        """A pinch zooms."""
        pinch = touch.pinch_of(event, self)
        if pinch is None:
            return super().event(event)
        factor, about = pinch
        self._enlarge(factor, at=about)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Begin to drag."""
        self._grip, self._moved = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Shift all pictures by what the pointer moved."""
        if self._grip is None:
            return
        by = event.position() - self._grip
        if self._moved or by.manhattanLength() >= _SLOP_PX:
            self._shift(by, at=self._grip)
            self._grip, self._moved = event.position(), True

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """A press that was no drag chooses the candidate."""
        index = self._at(event.position())
        if self._grip is not None and not self._moved and index is not None:
            ctrl = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            (self.toggled if ctrl else self.chosen).emit(index)
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Open a candidate in the editor."""
        index = self._at(event.position())
        if index is not None:
            self.opened.emit(index)

    def _at(self, point: QPointF) -> int | None:
        return next((i for i in self.candidates if QRectF(self.pane(i)).contains(point)), None)

    def point_at(self, point: QPointF) -> QPointF | None:
        """The point of the picture that is shown there, in fractions."""
        shown = self._whole_at(point)
        if shown is None:
            return None
        at = point - shown.topLeft()
        return QPointF(at.x() / shown.width(), at.y() / shown.height())

    def _whole_at(self, point: QPointF) -> QRectF | None:
        """Where the whole picture lies whose pane is there."""
        index = self._at(point)
        image = self._image(index) if index is not None else None
        if index is None or image is None:
            return None
        return self._shown(QSizeF(image.size()), picture_room(self.pane(index)))

    def _shift(self, by: QPointF, *, at: QPointF) -> None:
        """Have the picture that is there follow by so many widget pixels, the others with it."""
        if (shown := self._whole_at(at)) is not None:
            self.pan_to(self.middle - QPointF(by.x() / shown.width(), by.y() / shown.height()))

    def _enlarge(self, factor: float, *, at: QPointF) -> None:
        if (about := self.point_at(at)) is not None:
            self.zoom_to(self.zoom * factor, about=about)

    # -- what arrives -----------------------------------------------------------------------------

    def _ask(self) -> None:
        """Have whole pictures read while more is seen than the screen's images hold."""
        group = self.desk.current
        if not (self._active and self.isVisible()) or group is None or self.zoom <= 1.0:
            self.closeups.want(())
            return
        order = sorted(self.candidates, key=lambda i: i != self.desk.candidate)
        self.closeups.want([self.desk.picture(group.pictures[i]) for i in order])

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's
        """What is not seen needs no memory: the editor has whole pictures of its own."""
        super().hideEvent(event)
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's
        """Read them again."""
        super().showEvent(event)
        self._ask()

    def _take_files(self) -> None:
        self.closeups.want(())  # their files may have changed

    def _follow(self) -> None:
        if self._active:
            self._ask()
            self.update()

    def _repaint(self, _what: object) -> None:
        if self._active:
            self.update()

    def _take_image(self, _picture: Path, _tier: Tier) -> None:
        if self._active:
            self.update()
