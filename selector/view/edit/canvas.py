"""The canvas: the picture with all that is drawn over it, under the pointer.

It keeps no motion and decides nothing about one; it shows the view and hands the pointer to the
tool in use.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from companions.geometry import Size
from selector.view import touch
from selector.view.edit import inks, overlay
from selector.view.edit.editing import Editing
from selector.view.edit.framing import FrameTool
from selector.view.edit.tools import Pointer, Tool
from selector.view.edit.viewport import Viewport

WHEEL_FACTOR: Final = 1.0015
"""Per eighth of a degree of the wheel: 20 % a notch."""
GROUND: Final = QColor(32, 32, 34)
"""Neutral and dark in both themes: a bright surround makes pictures look darker than they are."""


class Canvas(QWidget):
    """The picture under edit.

    Signals:
        tabbed(by): Tab (1) or Shift+Tab (-1) was pressed.
        zoomed: the picture is shown larger or smaller, or is seen again.
    """

    tabbed = Signal(int)
    zoomed = Signal()

    def __init__(self, editing: Editing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editing, self.view = editing, Viewport()
        self.frames = FrameTool(editing, self.view, self.update, self._object_under)
        self.tool: Tool = self.frames
        self.shows_thirds = False
        self.shows_faces = True
        self.hand = False
        self.masks: dict[str, QPainterPath] = {}
        self._image: QImage | None = None
        self._words = ""
        self._scaled: tuple[int, QSize, QPixmap] | None = None
        self._kept: tuple[tuple[int, QRectF, QSize, float], QPixmap] | None = None
        self._panned_from: QPointF | None = None
        self.has_panned = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Picture with motion rectangles")
        self.grabGesture(Qt.GestureType.PinchGesture)

    # -- what is shown ----------------------------------------------------------------------------

    def set_image(self, image: QImage | None, picture: Size | None, *, words: str = "") -> None:
        """Show ``image``, which is ``picture`` at any size; ``words`` while it is not there."""
        self._image, self._words = image, words
        if picture is not None:
            self.view.show(picture)
        self.update()

    @property
    def image_width(self) -> int:
        """Pixels across of the image that is shown; 0 while there is none."""
        return self._image.width() if self._image is not None else 0

    def use(self, tool: Tool) -> None:
        """Use another tool."""
        if tool is not self.tool:
            self.tool.cancel()
            self.tool = tool
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.update()

    def toggle_zoom(self) -> None:
        """100 % about the pointer, or the whole picture."""
        if not self.view.fitted:
            self.view.fit()
        else:
            here = QPointF(self.mapFromGlobal(self.cursor().pos()))
            inside = QRectF(self.rect()).contains(here)
            about = here if inside else QRectF(self.rect()).center()
            self.view.zoom_to(1.0 / self.devicePixelRatioF(), about=about)
        self._tell_zoom()

    def zoom(self, factor: float) -> None:
        """Nearer or further, about the middle of the canvas."""
        self.view.zoom(factor, about=QRectF(self.rect()).center())
        self._tell_zoom()

    def _tell_zoom(self) -> None:
        self.update()
        self.zoomed.emit()

    def toggle_thirds(self) -> None:
        """Lines at the thirds of the chosen stop's frame, or none."""
        self.shows_thirds = not self.shows_thirds
        self.update()

    def toggle_faces(self) -> None:
        """Outline faces, or not."""
        self.shows_faces = not self.shows_faces
        self.update()

    def focusNextPrevChild(self, _next: bool) -> bool:  # noqa: N802, FBT001 - Qt's
        """Tab goes through stops here; I and the mouse go to the inspector."""
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Tab is taken here, since widgets further out would move the focus by it."""
        if event.key() in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}:
            back = event.key() == Qt.Key.Key_Backtab or bool(
                event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            )
            self.tabbed.emit(-1 if back else 1)
        else:
            super().keyPressEvent(event)

    # -- the pointer ------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Begin a drag, of the view or with the tool."""
        left = event.button() is Qt.MouseButton.LeftButton
        if event.button() is Qt.MouseButton.MiddleButton or (self.hand and left):
            self._panned_from = event.position()
            self.has_panned = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left and self.editing.obstacle is None:
            self.tool.press(self._pointer(event))
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Go on with it."""
        if self._panned_from is not None:
            self.view.pan(event.position() - self._panned_from)
            self._panned_from = event.position()
        elif self.editing.obstacle is not None:
            return
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self.tool.drag(self._pointer(event))
        else:
            shape = self.tool.hover(self._pointer(event))
            self.setCursor(Qt.CursorShape.OpenHandCursor if self.hand else shape)
            if self.tool is self.frames:
                return
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """End it."""
        if self._panned_from is not None:
            self._panned_from = None
            self.unsetCursor()
        elif event.button() is Qt.MouseButton.LeftButton and self.editing.obstacle is None:
            self.tool.release(self._pointer(event))
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Finish what is being drawn."""
        if event.button() is Qt.MouseButton.LeftButton and not self.tool.finish():
            self.mousePressEvent(event)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's
        """Zoom about the pointer; two fingers on a touch pad shift the picture."""
        event.accept()
        shift = touch.shift_of(event)
        turned = event.angleDelta().y() or event.angleDelta().x()  # Alt turns the wheel sideways
        if shift is not None and not shift.isNull():
            self.view.pan(shift)
            self.update()
        elif shift is None and turned:
            self.view.zoom(WHEEL_FACTOR**turned, about=event.position())
            self._tell_zoom()

    def event(self, event: QEvent) -> bool:
        """A pinch zooms."""
        pinch = touch.pinch_of(event, self)
        if pinch is None:
            return super().event(event)
        factor, about = pinch
        self.view.zoom(factor, about=about)
        self._tell_zoom()
        return True

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's
        """Whoever gets the keys now also gets the letting go of Space."""
        super().focusOutEvent(event)
        if self.hand:
            self.hand = False
            self.unsetCursor()

    def _object_under(self, pointer: Pointer) -> int:
        return overlay.object_under(self.view, self.editing, self.masks, pointer.point)

    def _pointer(self, event: QMouseEvent) -> Pointer:
        held = event.modifiers()
        return Pointer(
            at=event.position(),
            point=self.view.under(event.position()),
            free=bool(held & Qt.KeyboardModifier.ShiftModifier),
            from_centre=bool(held & Qt.KeyboardModifier.ControlModifier),
            loose=bool(held & Qt.KeyboardModifier.AltModifier),
            again=event.type() == QEvent.Type.MouseButtonDblClick,
        )

    # -- painting ---------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's
        """Keep what is fitted fitted."""
        self.view.resize(QSizeF(event.size()))
        self.zoomed.emit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's
        """It is seen again."""
        super().showEvent(event)
        self.zoomed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """Draw everything."""
        del event
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._ground())
        obstacle = self.editing.obstacle
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if obstacle is not None:
            self._paint_words(painter, obstacle)
            return
        if self._image is None:
            self._paint_words(painter, self._words)
        overlay.paint_edge(painter, self.view.box())
        overlay.paint_dim(painter, self.view, self.editing)
        if self.shows_faces:
            overlay.paint_faces(painter, self.view, self.editing.faces)
        if self.shows_thirds:
            overlay.paint_thirds(painter, self.view, self.editing)
        overlay.paint_path(painter, self.view, self.editing)
        overlay.paint_objects(painter, self.view, self.editing, self.masks)
        overlay.paint_playhead(painter, self.view, self.editing)
        overlay.paint_stops(painter, self.view, self.editing, grips=self.tool is self.frames)
        self.tool.paint(painter)
        if self.tool.hint:
            at = QPointF(self.width() / 2.0, 10.0)
            inks.tag(painter, at, self.tool.hint, inks.OBJECT, align=Qt.AlignmentFlag.AlignHCenter)

    def _ground(self) -> QPixmap:
        """The picture on the bare canvas; kept, because a drag paints it again and again."""
        key = (
            self._image.cacheKey() if self._image is not None else 0,
            self.view.box(),
            self.size(),
            self.devicePixelRatioF(),
        )
        if self._kept is None or self._kept[0] != key:
            ground = QPixmap(self.size() * self.devicePixelRatioF())
            ground.setDevicePixelRatio(self.devicePixelRatioF())
            ground.fill(GROUND)
            if self._image is not None:
                painter = QPainter(ground)
                self._paint_image(painter, self._image)
                painter.end()
            self._kept = key, ground
        return self._kept[1]

    def _paint_image(self, painter: QPainter, image: QImage) -> None:
        box = self.view.box()
        ratio = self.devicePixelRatioF()
        size = QSize(round(box.width() * ratio), round(box.height() * ratio))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if size.width() >= image.width():
            painter.drawImage(box, image)
            return
        if self._scaled is None or self._scaled[:2] != (image.cacheKey(), size):
            # Averaged once per size: the painter's own scaling leaves out pixels below one half.
            small = image.scaled(
                size, Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )  # fmt: skip
            self._scaled = image.cacheKey(), size, QPixmap.fromImage(small)
        painter.drawPixmap(box, self._scaled[2], QRectF(self._scaled[2].rect()))

    def _paint_words(self, painter: QPainter, words: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 160))
        room = QRectF(self.rect()).adjusted(60.0, 60.0, -60.0, -60.0)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        around = painter.boundingRect(room, flags, words).adjusted(-16.0, -12.0, 16.0, 12.0)
        painter.drawRoundedRect(around, 6.0, 6.0)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(room, flags, words)
