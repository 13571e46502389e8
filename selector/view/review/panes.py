"""The two pictures of a review: the clip (or its plan), and the keyframe with the rectangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from companions.camera import CameraPath, turned_corners
from companions.geometry import Rect, Size
from selector.core.tracking import Placed
from selector.view.edit import inks

BACKGROUND: Final = QColor(24, 25, 27)
WORDS: Final = QColor(190, 192, 196)
CLIP: Final = QColor(235, 235, 235)
PLAN: Final = QColor(255, 196, 0)
NOW: Final = QColor(255, 255, 255)
MEASURED: Final = QColor(255, 128, 48)
_SAMPLES: Final = 64
_MARGIN: Final = 6


@dataclass(frozen=True, slots=True)
class Planned:
    """The move of a shot as it was to be rendered, over a picture of ``picture`` pixels."""

    path: CameraPath
    picture: Size


class Pane(QWidget):
    """A picture, fitted in, or words where there is none."""

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(what)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self.image: QImage | None = None
        self.message = ""
        self._scaled: tuple[int, QSize, QPixmap] | None = None

    def show_image(self, image: QImage | None) -> None:
        """Show that image, or nothing."""
        if image is not self.image:
            self.image = image
            self._scaled = None
        self.update()

    def say(self, message: str) -> None:
        """Show words instead of, or over, the picture; empty words show none."""
        if message != self.message:
            self.message = message
            self.update()

    def box(self) -> QRectF:
        """Where the picture lies in the widget."""
        if self.image is None:
            return QRectF(self.rect())
        room = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        share = self.scale(room)
        size = self.image.size().toSizeF() * share
        left = room.center().x() - size.width() / 2.0
        top = room.center().y() - size.height() / 2.0
        return QRectF(left, top, size.width(), size.height())

    def scale(self, room: QRectF) -> float:
        """Widget pixels per image pixel."""
        if self.image is None:
            return 1.0
        return min(room.width() / self.image.width(), room.height() / self.image.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), BACKGROUND)
        if self.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            self.paint_image(painter, self.box(), self.image)
            self.paint_over(painter)
        if self.message:
            self._paint_words(painter)
        painter.end()

    def paint_image(self, painter: QPainter, box: QRectF, image: QImage) -> None:
        """Paint the picture itself."""
        painter.drawImage(box, image)

    def paint_over(self, painter: QPainter) -> None:
        """Paint what lies over the picture."""

    def _paint_words(self, painter: QPainter) -> None:
        room = QRectF(self.rect()).adjusted(28, 16, -28, -16)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        bounds = painter.boundingRect(room, flags, self.message)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 190))
        painter.drawRoundedRect(bounds.adjusted(-12, -8, 12, 8), 5.0, 5.0)
        painter.setPen(WORDS)
        painter.drawText(room, flags, self.message)


class ClipPane(Pane):
    """The clip, or the plan at the same moment; a plate says which."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The clip", parent)
        self.plan: QImage | None = None
        self.plan_frame = -1
        self.clip: QImage | None = None
        self.shows_plan = False
        self.full_size = False

    def show_clip(self, image: QImage | None) -> None:
        """The clip's frame of the moment."""
        self.clip = image
        self._choose()

    def show_plan(self, image: QImage | None, *, frame: int = -1) -> None:
        """The plan's frame of the moment; None while it is being rendered: then the clip stays."""
        self.plan, self.plan_frame = image, frame
        self._choose()

    def toggle(self) -> None:
        """The other of the two."""
        self.shows_plan = not self.shows_plan
        self._choose()

    def toggle_size(self) -> None:
        """One image pixel to a screen pixel, or fitted in."""
        self.full_size = not self.full_size
        self.update()

    def scale(self, room: QRectF) -> float:
        """Widget pixels per image pixel."""
        if self.full_size:
            return 1.0 / self.devicePixelRatioF()
        return super().scale(room)

    def box(self) -> QRectF:
        """Where the picture lies: both of them in the same place, whatever their sizes are."""
        if self.image is None or self.clip is None:
            return super().box()
        shown, self.image = self.image, self.clip
        box = super().box()
        self.image = shown
        return box

    def paint_over(self, painter: QPainter) -> None:
        """Paint which of the two it is."""
        corner = self.box().topLeft() + QPointF(8.0, 8.0)
        corner.setX(max(corner.x(), 8.0))
        corner.setY(max(corner.y(), 8.0))
        words = "CLIP"
        if self.shows_plan:
            words = "PLAN" if self.plan is not None else "PLAN ..."
        inks.tag(painter, corner, words, PLAN if self.shows_plan else CLIP)

    def _choose(self) -> None:
        self.show_image(self.plan if self.shows_plan and self.plan is not None else self.clip)


class KeyframePane(Pane):
    """The picture, with the planned move and where the clip really went."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The keyframe with its motion rectangles", parent)
        self.planned: Planned | None = None
        self.placed: tuple[Placed, ...] = ()
        self.is_measured = False
        self.overlay = True
        self.moment = 0.0
        self._frame = 0

    def show_move(self, planned: Planned | None) -> None:
        """The move that was planned; None where it is not known."""
        self.planned, self.placed, self.is_measured = planned, (), False
        self.update()

    def show_measured(self, placed: Sequence[Placed]) -> None:
        """Where frames of the clip were found."""
        self.placed, self.is_measured = tuple(placed), True
        self.update()

    def show_moment(self, fraction: float, *, frame: int) -> None:
        """How much of the move has passed, 0 to 1, at which frame."""
        self.moment, self._frame = fraction, frame
        self.update()

    def toggle(self) -> None:
        """With or without what is drawn over the picture."""
        self.overlay = not self.overlay
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """Paint the rectangles, the planned path, the window of the moment, the measured path."""
        if not self.overlay or self.planned is None:
            return
        path = self.planned.path
        middles = [self._at(path.window(i / _SAMPLES).centre) for i in range(_SAMPLES + 1)]
        inks.line(painter, middles, inks.PATH, width=1.5)
        last = len(path.stops) - 1
        for number, stop in enumerate(path.stops):
            if 0 < number < last:
                colour = inks.stop_colour(number, last=last)
                quad = self._quad(stop.rect, stop.rotation_deg)
                inks.line(painter, quad, colour, width=1.0, dashed=True, closed=True)
        ends = {number: self._quad(path.stops[number].rect, path.stops[number].rotation_deg)
                for number in (last, 0)}  # fmt: skip
        for number, quad in ends.items():
            inks.line(painter, quad, inks.stop_colour(number, last=last), closed=True)
        now = self._quad(path.window(self.moment), path.rotation_deg(self.moment))
        inks.line(painter, now, NOW, width=1.0, dashed=True, closed=True)
        inks.dot(painter, self._at(path.window(self.moment).centre), NOW)
        self._paint_measured(painter)
        inks.tag(painter, ends[0][0] + QPointF(4.0, 4.0), "START", inks.START)
        inks.tag(
            painter,
            ends[last][1] + QPointF(-4.0, 4.0),
            "END",
            inks.END,
            align=Qt.AlignmentFlag.AlignRight,
        )

    def _paint_measured(self, painter: QPainter) -> None:
        if not self.placed:
            return
        points = [self._at(each.centre) for each in self.placed]
        for a, b in pairwise(points):
            inks.line(painter, [a, b], MEASURED, width=1.5)
        for point in points:
            inks.dot(painter, point, MEASURED, radius=2.5)
        near = min(self.placed, key=lambda each: abs(each.frame - self._frame))
        corners = [self._at(corner) for corner in near.corners]
        painter.save()
        painter.setClipRect(self.box())
        inks.line(painter, corners, MEASURED, width=1.5, closed=True)
        painter.restore()
        inks.tag(painter, corners[3] + QPointF(4.0, -22.0), f"measured at {near.frame}", MEASURED)

    def _at(self, point: tuple[float, float]) -> QPointF:
        box = self.box()
        return QPointF(box.left() + point[0] * box.width(), box.top() + point[1] * box.height())

    def _quad(self, rect: Rect, degrees: float) -> list[QPointF]:
        picture = self.planned.picture if self.planned is not None else Size(1, 1)
        corners = turned_corners(rect, degrees, picture=picture)
        return [self._at((float(x) / picture.width, float(y) / picture.height)) for x, y in corners]
