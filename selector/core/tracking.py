"""Where the frames of a clip lie on its picture: the measured path beside the planned one.

For the reviewer's eye.  Frames are found as the fleet's check of the clip finds them
(``companions.registration``); one that cannot be told is left out rather than guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from companions.geometry import Size
from companions.registration import Grey, Registration


@dataclass(frozen=True, slots=True)
class Placed:
    """One frame found on the picture.

    Attributes:
        frame: its number.
        corners: where its corners lie in fractions of the picture, clockwise from the top left;
            they may lie outside 0..1.
    """

    frame: int
    corners: tuple[tuple[float, float], ...]

    @property
    def centre(self) -> tuple[float, float]:
        """Where its middle lies."""
        xs, ys = zip(*self.corners, strict=True)
        return sum(xs) / 4.0, sum(ys) / 4.0


class Tracker:
    """Places frames on one picture, whose features are found once."""

    def __init__(self, picture: Grey) -> None:
        """``picture``: (height, width) uint8, its longest side about
        ``companions.registration.PICTURE_PX``."""
        self._height, self._width = picture.shape
        self._registration = Registration(picture)

    def place(self, frame: Grey, *, number: int) -> Placed | None:
        """Find a frame, (height, width) uint8; None if it cannot be told where it lies."""
        found = self._registration.place(frame)
        if found is None:
            return None
        height, width = frame.shape
        # From pixel centres to the fractions, which count from the picture's corner.
        there = (found.corners(Size(width, height)) + 0.5) / (self._width, self._height)
        return Placed(number, tuple((float(x), float(y)) for x, y in there))
