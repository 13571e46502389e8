"""The tool for motion rectangles: move, resize, turn, draw anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from companions.geometry import Rect
from selector.core import drafting, grips
from selector.core.drafting import Edit
from selector.core.grips import Grip, Point
from selector.core.snapping import Guide, snapped, snapped_point
from selector.view.edit import overlay
from selector.view.edit.editing import Editing
from selector.view.edit.tools import Pointer
from selector.view.edit.viewport import Viewport

SLOP_PX: Final = 3.0
"""A press that moves less is a click."""
SNAP_PX: Final = 8.0
BORDER_PX: Final = 6.0
ANGLE_STEP_DEG: Final = 15.0
ANGLE_SNAP_DEG: Final = 1.5
_DIAGONALS: Final = (
    Qt.CursorShape.SizeHorCursor,
    Qt.CursorShape.SizeFDiagCursor,
    Qt.CursorShape.SizeVerCursor,
    Qt.CursorShape.SizeBDiagCursor,
)


@dataclass(frozen=True, slots=True)
class Hold:
    """What a press took hold of.

    Attributes:
        stop: whose rectangle a drag changes.
        clicked: which stop a mere click chooses; -1 for none.
        grip: None draws a new rectangle.
        rect, degrees: as they were.
        start: where the press was, in picture pixels.
        slack: from there to the grip itself.
    """

    stop: int
    clicked: int
    grip: Grip | None
    rect: Rect
    degrees: float
    start: Pointer
    slack: Point


class FrameTool:
    """Motion rectangles under the pointer."""

    hint = ""

    def __init__(
        self,
        editing: Editing,
        view: Viewport,
        redraw: Callable[[], None],
        object_under: Callable[[Pointer], int],
    ) -> None:
        """``object_under`` gives the number of the object that is drawn there, or -1."""
        self._editing, self._view, self._redraw = editing, view, redraw
        self._object_under = object_under
        self._hold: Hold | None = None
        self._dragging = False
        self.guides: tuple[Guide, ...] = ()

    def press(self, pointer: Pointer) -> None:
        """Take hold of what is under the pointer."""
        if not self._editing.stops:
            return
        self._hold, self._dragging = self._held(pointer), False

    def drag(self, pointer: Pointer) -> None:
        """Show the rectangle as it would be."""
        hold = self._hold
        if hold is None:
            return
        away = pointer.at - hold.start.at
        if not self._dragging and math.hypot(away.x(), away.y()) < SLOP_PX:
            return
        if not self._dragging and hold.stop != self._editing.stop:
            self._editing.choose(hold.stop)
        self._dragging = True
        self.guides = ()
        change = self._change(hold, pointer)
        if change is not None:
            self._editing.attempt(change)
        else:
            self._editing.drop()

    def release(self, pointer: Pointer) -> None:
        """Keep what was dragged; a click chooses the object there, else (or again) a rectangle."""
        hold, self._hold = self._hold, None
        self.guides = ()
        if hold is None:
            return
        if self._dragging:
            self._dragging = False
            self._editing.keep(what=_words(hold, last=self._editing.last))
        elif not hold.start.again:  # a double click chooses what its first half has chosen
            self._choose(hold, pointer)
        self._redraw()

    def _choose(self, hold: Hold, pointer: Pointer) -> None:
        each = self._object_under(pointer)
        if each not in {-1, self._editing.object}:
            self._editing.choose_object(each)
        elif hold.clicked >= 0:
            self._editing.choose(hold.clicked)

    def hover(self, pointer: Pointer) -> Qt.CursorShape:
        """What the pointer looks like over what it would take hold of."""
        if not self._editing.stops:
            return Qt.CursorShape.ArrowCursor
        hold = self._held(pointer)
        if hold.grip is None:
            return Qt.CursorShape.CrossCursor
        return _cursor(hold.grip, hold.degrees)

    def finish(self) -> bool:
        """Nothing is left open here."""
        return False

    def cancel(self) -> bool:
        """Give up a drag."""
        if self._hold is None:
            return False
        self._hold, self._dragging, self.guides = None, False, ()
        self._editing.drop()
        return True

    def step(self, *, up: bool) -> bool:
        """The brackets change the rectangle, not the tool."""
        del up
        return False

    def paint(self, painter: QPainter) -> None:
        """The guides of a drag."""
        overlay.paint_guides(painter, self._view, self.guides)

    def _held(self, pointer: Pointer) -> Hold:
        stops, chosen = self._editing.stops, self._editing.stop

        def hold(stop: int, grip: Grip | None, *, clicked: int | None = None) -> Hold:
            rect, degrees = stops[stop].rect, self._editing.degrees(stop)
            slack = (0.0, 0.0)
            if grip not in {None, Grip.MOVE, Grip.ROTATE}:
                places = grips.grip_points(rect, degrees, picture=self._view.picture, reach_px=1.0)
                there = places[grip]
                slack = there[0] - pointer.point[0], there[1] - pointer.point[1]
            return Hold(
                stop, stop if clicked is None else clicked, grip, rect, degrees, pointer, slack
            )

        own = self._grip(pointer, chosen)
        if own is not None and own is not Grip.MOVE:
            return hold(chosen, own)
        inside = [i for i in range(len(stops)) if self._grip(pointer, i) is Grip.MOVE]
        for i in inside:
            if i != chosen and self._is_on_border(pointer, i):
                return hold(i, Grip.MOVE)
        if not inside:
            return hold(chosen, None, clicked=-1)
        smallest = min(inside, key=lambda i: stops[i].rect.width * stops[i].rect.height)
        if own is Grip.MOVE and self._has_room(stops[chosen].rect):
            return hold(chosen, Grip.MOVE, clicked=smallest)
        return hold(smallest, Grip.MOVE)

    def _grip(self, pointer: Pointer, stop: int) -> Grip | None:
        rect = self._editing.stops[stop].rect
        return grips.grip_at(
            pointer.point,
            rect,
            self._editing.degrees(stop),
            picture=self._view.picture,
            reach_px=overlay.reach(rect, self._view),
        )

    def _is_on_border(self, pointer: Pointer, stop: int) -> bool:
        rect, within = self._editing.stops[stop].rect, self._view.px(BORDER_PX)
        degrees, picture = self._editing.degrees(stop), self._view.picture
        # Inside, but not inside of what is left when a border is taken off.
        short = min(rect.width * picture.width, rect.height * picture.height)
        kept = 1.0 - 2.0 * within / short
        if kept <= 0.0:
            return False
        inner = Rect.around(*rect.centre, rect.width * kept, rect.height * kept)
        return grips.grip_at(pointer.point, inner, degrees, picture=picture, reach_px=0.0) is None

    @staticmethod
    def _has_room(rect: Rect) -> bool:
        return min(rect.width, rect.height) < 0.999

    def _change(self, hold: Hold, pointer: Pointer) -> Edit | None:
        if hold.grip is Grip.ROTATE:
            return self._turned(hold, pointer)
        rect = self._rect(hold, pointer)
        if rect is None:
            return None
        drawn, stop = rect, hold.stop
        return lambda motion: drafting.with_rect(motion, stop, drawn)

    def _turned(self, hold: Hold, pointer: Pointer) -> Edit:
        picture = self._view.picture
        began = grips.angle_to(hold.start.point, hold.rect, picture=picture)
        degrees = hold.degrees + grips.angle_to(pointer.point, hold.rect, picture=picture) - began
        near = round(degrees / ANGLE_STEP_DEG) * ANGLE_STEP_DEG
        if not pointer.loose and abs(degrees - near) <= ANGLE_SNAP_DEG:
            degrees = near
        turned, stop = round(degrees, 2), hold.stop
        return lambda motion: drafting.with_rotation(motion, stop, turned)

    def _rect(self, hold: Hold, pointer: Pointer) -> Rect | None:
        picture = self._view.picture
        output = None if pointer.free else self._editing.output
        if hold.grip is Grip.MOVE:
            by = pointer.point[0] - hold.start.point[0], pointer.point[1] - hold.start.point[1]
            rect = grips.moved(hold.rect, by, picture=picture)
            if pointer.loose or hold.degrees:
                return rect
            found = snapped(
                rect,
                picture=picture,
                others=self._others(hold.stop),
                faces=self._editing.faces,
                reach_px=self._view.px(SNAP_PX),
            )
            self.guides = found.guides
            return found.rect
        to = pointer.point[0] + hold.slack[0], pointer.point[1] + hold.slack[1]
        guides: tuple[Guide, ...] = ()
        if not (pointer.loose or (hold.degrees and hold.grip is not None)):
            to, guides = snapped_point(
                to,
                picture=picture,
                others=self._others(hold.stop),
                faces=self._editing.faces,
                reach_px=self._view.px(SNAP_PX),
            )
        if hold.grip is None:
            drawn = grips.drawn_from(hold.start.point, to, picture=picture, output=output)
        else:
            drawn = grips.resized(
                hold.rect,
                hold.degrees,
                hold.grip,
                to,
                picture=picture,
                output=output,
                from_centre=pointer.from_centre,
            )
        self.guides = tuple(g for g in guides if drawn is not None and _touches(drawn, g))
        return drawn

    def _others(self, stop: int) -> list[Rect]:
        return [each.rect for i, each in enumerate(self._editing.stops) if i != stop]


def stop_words(stop: int, *, last: int) -> str:
    """A stop's name for people."""
    return "START" if stop == 0 else "END" if stop == last else f"keyframe {stop}"


def _words(hold: Hold, *, last: int) -> str:
    verbs = {None: "draw", Grip.MOVE: "move", Grip.ROTATE: "turn"}
    return f"{verbs.get(hold.grip, 'resize')} {stop_words(hold.stop, last=last)}"


def _touches(rect: Rect, guide: Guide) -> bool:
    """Whether a guide still holds after the shape was kept."""
    edges = (rect.x1, rect.x2) if guide.vertical else (rect.y1, rect.y2)
    return min(abs(edge - guide.at) for edge in edges) < 1e-4


def _cursor(grip: Grip, degrees: float) -> Qt.CursorShape:
    if grip is Grip.MOVE:
        return Qt.CursorShape.SizeAllCursor
    if grip is Grip.ROTATE:
        return Qt.CursorShape.PointingHandCursor
    x, y = grips.SIDES[grip]
    angle = math.degrees(math.atan2(y, x)) + degrees
    return _DIAGONALS[round(angle / 45.0) % 4]
