"""The tool that draws the way an object goes: freehand, a line, or a circle."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath

from selector.core.ways import WayKind, carried, circle, line
from selector.view.edit import inks, overlay
from selector.view.edit.cutting import extend
from selector.view.edit.tools import Pointer
from selector.view.edit.viewport import Viewport

LEAST_PX: Final = 4.0
"""A shorter way is none."""
_HINTS: Final = {
    WayKind.FREEHAND: "Way: drag the object along; J draws a line, O a circle",
    WayKind.LINE: "Way: drag to where the object goes; H draws freehand, O a circle",
    WayKind.CIRCLE: "Way: press in the middle of its circle; Shift goes the other way round",
}


class WayTool:
    """Draws a way that begins in the middle of a region."""

    def __init__(self, view: Viewport, done: Callable[[list[tuple[float, float]]], object]) -> None:
        self._view, self._done = view, done
        self.kind = WayKind.FREEHAND
        self.begins = (0.5, 0.5)
        self.outline = QPainterPath()
        self.gives_up: Callable[[], object] = lambda: None
        self._stroke: list[QPointF] = []
        self._to: QPointF | None = None
        self._other_way = False

    @property
    def hint(self) -> str:
        """What to do next."""
        return _HINTS[self.kind]

    def lead(self, begins: tuple[float, float], outline: QPainterPath) -> None:
        """Draw the next way from ``begins``, for the region of that ``outline`` (fractions)."""
        self.begins, self.outline = begins, outline
        self._stroke, self._to = [], None

    def press(self, pointer: Pointer) -> None:
        """Begin."""
        self._stroke, self._to = [pointer.at], pointer.at
        self._other_way = pointer.free

    def drag(self, pointer: Pointer) -> None:
        """Go on."""
        extend(self._stroke, pointer.at)
        self._to, self._other_way = pointer.at, pointer.free

    def release(self, pointer: Pointer) -> None:
        """Hand over the way."""
        self._to = pointer.at
        way = self._way()
        self._stroke = []
        points = [self._view.at_fraction(*p) for p in way]
        length = sum(math.hypot(b.x() - a.x(), b.y() - a.y()) for a, b in pairwise(points))
        if length >= LEAST_PX:
            self._done(way)

    def hover(self, pointer: Pointer) -> Qt.CursorShape:
        """A cross."""
        self._to = pointer.at
        return Qt.CursorShape.CrossCursor

    def finish(self) -> bool:
        """The way is done when the button goes up."""
        return False

    def cancel(self) -> bool:
        """Give up the way, and the region that waits for one."""
        self._stroke, self._to = [], None
        self.gives_up()
        return True

    def step(self, *, up: bool) -> bool:
        """Nothing has a size here."""
        del up
        return False

    def paint(self, painter: QPainter) -> None:
        """The region that waits, and its way so far."""
        overlay.paint_region(painter, self._view, self.outline, width=2.0, filled=True)
        begins = self._view.at_fraction(*self.begins)
        inks.dot(painter, begins, inks.OBJECT, radius=5.0)
        if self._to is None or (self.kind is WayKind.FREEHAND and not self._stroke):
            return
        points = [self._view.at_fraction(*p) for p in self._way()]
        if len(points) > 1:
            inks.line(painter, points, inks.OBJECT)
            before = points[max(len(points) - 4, 0)]
            inks.arrow_head(painter, points[-1], towards=points[-1] - before, colour=inks.OBJECT)

    def _way(self) -> list[tuple[float, float]]:
        if self._to is None:
            return []
        to = self._fraction(self._to)
        if self.kind is WayKind.LINE:
            return line(self.begins, to)
        if self.kind is WayKind.CIRCLE:
            turns = -1.0 if self._other_way else 1.0
            return circle(self.begins, to, picture=self._view.picture, turns=turns)
        return carried([self._fraction(p) for p in self._stroke], self.begins)

    def _fraction(self, at: QPointF) -> tuple[float, float]:
        x, y = self._view.under(at)
        return x / self._view.picture.width, y / self._view.picture.height
