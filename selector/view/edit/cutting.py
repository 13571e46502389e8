"""Tools that cut an object out of the picture: polygon, lasso, brush.

Each hands the region it made to ``done`` and is ready for the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from companions.geometry import Size
from companions.trajectory import PolygonRegion
from selector.core.regions import BrushStroke, lasso
from selector.view.edit import inks
from selector.view.edit.tools import Pointer
from selector.view.edit.viewport import Viewport

CLOSING_PX: Final = 9.0
"""A click so near to the first corner closes the polygon."""
LEAST_PX: Final = 2.0
"""Points of a stroke are at least so far apart."""
FEWEST_CORNERS: Final = 3
BRUSH: Final = 0.03
"""The brush's radius at first, in picture widths."""
BRUSH_STEP: Final = 1.25
BRUSH_RANGE: Final = (0.002, 0.3)
TINT: Final = 0.43
"""How much of the picture what is painted hides."""
TOO_SMALL: Final = "That encloses too little to be an object; draw around more of it."

Done = Callable[[PolygonRegion], object]
_Shown = tuple[tuple[BrushStroke, ...], QRectF, QSizeF, float]


class PolygonTool:
    """Click corners; Return, a double click or the first corner closes."""

    def __init__(self, view: Viewport, done: Done, tell: Callable[[str], object]) -> None:
        self._view, self._done, self._tell = view, done, tell
        self._corners: list[tuple[float, float]] = []
        self._pointer: QPointF | None = None

    @property
    def hint(self) -> str:
        """What to do next."""
        if len(self._corners) < FEWEST_CORNERS:
            return "Polygon: click the corners of an object"
        return "Polygon: click on; Return or the first corner closes, Escape gives up"

    def press(self, pointer: Pointer) -> None:
        """Put a corner."""
        corners = self._corners
        if len(corners) >= FEWEST_CORNERS:
            away = self._view.at_fraction(*corners[0]) - pointer.at
            if math.hypot(away.x(), away.y()) <= CLOSING_PX:
                self.finish()
                return
        corner = self._view.fraction_under(pointer.at)
        if not corners or corner != corners[-1]:
            corners.append(corner)

    def drag(self, pointer: Pointer) -> None:
        """Nothing is dragged here."""
        self._pointer = pointer.at

    def release(self, pointer: Pointer) -> None:
        """Corners are put by the press."""

    def hover(self, pointer: Pointer) -> Qt.CursorShape:
        """A cross."""
        self._pointer = pointer.at
        return Qt.CursorShape.CrossCursor

    def finish(self) -> bool:
        """Close it."""
        if len(self._corners) < FEWEST_CORNERS:
            return False
        corners, self._corners = tuple(self._corners), []
        try:
            region = PolygonRegion(shape="polygon", points=corners)
        except ValueError:
            self._tell(TOO_SMALL)
        else:
            self._done(region)
        return True

    def cancel(self) -> bool:
        """Give it up."""
        had, self._corners = bool(self._corners), []
        return had

    def step(self, *, up: bool) -> bool:
        """Nothing has a size here."""
        del up
        return False

    def paint(self, painter: QPainter) -> None:
        """The corners so far and the edge that would be next."""
        points = [self._view.at_fraction(*corner) for corner in self._corners]
        if not points:
            return
        shown = [*points, self._pointer] if self._pointer is not None else points
        inks.line(painter, shown, inks.OBJECT)
        for point in points:
            inks.dot(painter, point, inks.OBJECT)
        inks.dot(painter, points[0], QColor(Qt.GlobalColor.white), radius=5.0)


class LassoTool:
    """Drag around an object."""

    hint = "Lasso: drag around an object"

    def __init__(
        self,
        view: Viewport,
        done: Done,
        tell: Callable[[str], object],
        picture: Callable[[], Size | None],
    ) -> None:
        self._view, self._done, self._tell, self._picture = view, done, tell, picture
        self._stroke: list[QPointF] = []

    def press(self, pointer: Pointer) -> None:
        """Begin."""
        self._stroke = [pointer.at]

    def drag(self, pointer: Pointer) -> None:
        """Go on."""
        extend(self._stroke, pointer.at)

    def release(self, pointer: Pointer) -> None:
        """Close it."""
        del pointer
        stroke, self._stroke = self._stroke, []
        picture = self._picture()
        if picture is None or len(stroke) < FEWEST_CORNERS:
            return
        region = lasso([self._view.fraction_under(p) for p in stroke], picture=picture)
        if region is None:
            self._tell(TOO_SMALL)
        else:
            self._done(region)

    def hover(self, pointer: Pointer) -> Qt.CursorShape:
        """A cross."""
        del pointer
        return Qt.CursorShape.CrossCursor

    def finish(self) -> bool:
        """It closes when the button goes up."""
        return False

    def cancel(self) -> bool:
        """Give it up."""
        had, self._stroke = bool(self._stroke), []
        return had

    def step(self, *, up: bool) -> bool:
        """Nothing has a size here."""
        del up
        return False

    def paint(self, painter: QPainter) -> None:
        """The stroke so far."""
        if len(self._stroke) > 1:
            inks.line(painter, self._stroke, inks.OBJECT)


class BrushTool:
    """Paint over an object, Shift or Alt takes away; Return is done."""

    def __init__(self, view: Viewport, done: Callable[[tuple[BrushStroke, ...]], object]) -> None:
        self._view, self._done = view, done
        self._strokes: list[BrushStroke] = []
        self._under_way: list[QPointF] = []
        self._erases = False
        self._pointer: QPointF | None = None
        self._kept: tuple[_Shown, QPixmap] | None = None
        self.radius = BRUSH

    @property
    def hint(self) -> str:
        """What to do next."""
        if not self._strokes:
            return "Brush: paint over an object; [ ] change the brush"
        return "Brush: paint on; Shift takes away, Return is done, Escape gives up"

    def press(self, pointer: Pointer) -> None:
        """Begin a stroke."""
        self._under_way, self._erases = [pointer.at], pointer.free or pointer.loose
        self._pointer = pointer.at

    def drag(self, pointer: Pointer) -> None:
        """Go on."""
        self._pointer = pointer.at
        extend(self._under_way, pointer.at)

    def release(self, pointer: Pointer) -> None:
        """End it."""
        del pointer
        if self._under_way:
            points = tuple(self._fraction(p) for p in self._under_way)
            self._strokes.append(BrushStroke(points, self.radius, erases=self._erases))
            self._under_way = []

    def hover(self, pointer: Pointer) -> Qt.CursorShape:
        """The brush itself is drawn instead."""
        self._pointer = pointer.at
        return Qt.CursorShape.BlankCursor

    def finish(self) -> bool:
        """Make a region of what was painted."""
        strokes, self._strokes, self._kept = tuple(self._strokes), [], None
        if strokes:
            self._done(strokes)
        return bool(strokes)

    def cancel(self) -> bool:
        """Give it up."""
        had = bool(self._strokes or self._under_way)
        self._strokes, self._under_way, self._kept = [], [], None
        return had

    def step(self, *, up: bool) -> bool:
        """A thicker or thinner brush."""
        wanted = self.radius * (BRUSH_STEP if up else 1.0 / BRUSH_STEP)
        self.radius = min(max(wanted, BRUSH_RANGE[0]), BRUSH_RANGE[1])
        return True

    def paint(self, painter: QPainter) -> None:
        """What is painted so far, and the brush."""
        layer = self._finished(painter.device().devicePixelRatioF())
        if self._under_way:
            layer = QPixmap(layer)  # drawing on it makes it one of its own
            self._draw(layer, self._under_way, self.radius, erases=self._erases)
        painter.setOpacity(TINT)
        painter.drawPixmap(0, 0, layer)
        painter.setOpacity(1.0)
        if self._pointer is not None:
            radius = self._px(self.radius)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in ((inks.HALO, 3.0), (QColor(Qt.GlobalColor.white), 1.0)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(self._pointer, radius, radius)

    def _finished(self, ratio: float) -> QPixmap:
        """The strokes that have ended; kept, because the pointer's every move paints them again."""
        view = self._view
        key = (tuple(self._strokes), view.box(), view.area, ratio)
        if self._kept is None or self._kept[0] != key:
            layer = QPixmap((view.area * ratio).toSize())
            layer.setDevicePixelRatio(ratio)
            layer.fill(Qt.GlobalColor.transparent)
            for stroke in self._strokes:
                points = [view.at_fraction(*p) for p in stroke.points]
                self._draw(layer, points, stroke.radius, erases=stroke.erases)
            self._kept = key, layer
        return self._kept[1]

    def _draw(
        self, layer: QPixmap, points: Sequence[QPointF], radius: float, *, erases: bool
    ) -> None:
        pen = QPen(inks.OBJECT, 2.0 * self._px(radius))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter = QPainter(layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        if erases:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
        painter.drawPoint(points[0])  # a polyline of one point is none
        painter.drawPolyline(points)
        painter.end()

    def _px(self, radius: float) -> float:
        """A radius in widget pixels."""
        return radius * self._view.picture.width * self._view.scale

    def _fraction(self, at: QPointF) -> tuple[float, float]:
        x, y = self._view.under(at)
        return x / self._view.picture.width, y / self._view.picture.height


def extend(stroke: list[QPointF], to: QPointF) -> None:
    """A further point of a stroke, if it is far enough from the one before."""
    if not stroke or math.hypot(to.x() - stroke[-1].x(), to.y() - stroke[-1].y()) >= LEAST_PX:
        stroke.append(to)
