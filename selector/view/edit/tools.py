"""What the pointer does on the canvas: one tool at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from selector.core.grips import Point


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is, and what is held meanwhile.

    Attributes:
        at: on the canvas.
        point: in the picture, in its pixels; may lie outside.
        free: Shift: any shape.
        from_centre: Ctrl: the middle stays.
        loose: Alt: nothing snaps.
        again: the button was pressed for the second time in a row.
    """

    at: QPointF
    point: Point
    free: bool = False
    from_centre: bool = False
    loose: bool = False
    again: bool = False


class Tool(Protocol):
    """One way to use the pointer."""

    @property
    def hint(self) -> str:
        """What to do next, for people; empty where it needs no words."""

    def press(self, pointer: Pointer) -> None:
        """The button goes down."""

    def drag(self, pointer: Pointer) -> None:
        """The pointer moves with the button down."""

    def release(self, pointer: Pointer) -> None:
        """The button goes up."""

    def hover(self, pointer: Pointer) -> Qt.CursorShape:
        """The pointer moves with no button down; the shape it should have."""

    def finish(self) -> bool:
        """Return was pressed, or the button twice; whether that meant something here."""

    def cancel(self) -> bool:
        """Escape was pressed; whether there was something to give up."""

    def step(self, *, up: bool) -> bool:
        """``[`` or ``]`` was pressed; whether that meant something here."""

    def paint(self, painter: QPainter) -> None:
        """Draw what is under way."""
