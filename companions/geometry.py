"""Motion rectangles: where the camera looks, in fractions of the upright picture.

Origin top left, ``[x1, y1, x2, y2]``.  Fractions stay true when the picture is rescaled; pixels
exist only at the moment of rendering.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

Fraction01 = Annotated[float, Field(ge=0.0, le=1.0)]

PicturePoint = tuple[Fraction01, Fraction01]
"""A point ``[x, y]`` in fractions of the upright picture, origin top left."""

MAX_SIDE_PX = 100_000
"""Longest side of a picture that documents can speak of."""
MIN_EXTENT = 1e-3
"""Smallest width or height of a rectangle: a thousandth of the picture, 6 px of a 24-MP one."""
_ROUNDING = 1e-12


class Rect(RootModel[tuple[Fraction01, Fraction01, Fraction01, Fraction01]]):
    """A rectangle ``[x1, y1, x2, y2]`` in fractions of the upright picture, inside it."""

    model_config = ConfigDict(frozen=True, strict=True)

    @classmethod
    def of(cls, x1: float, y1: float, x2: float, y2: float) -> Self:
        """Build from four fractions, clamped into the picture.

        Clamping is the last step and happens in fractions: clamped pixels exceed 1.0 after the
        division once in some thousands of drags.
        """
        # A list first: CPython keeps up to 2000 tuples that were made of a generator for nothing.
        clamped = tuple([min(1.0, max(0.0, float(v))) for v in (x1, y1, x2, y2)])
        return cls.model_validate(clamped)

    @classmethod
    def around(cls, cx: float, cy: float, width: float, height: float) -> Self:
        """The rectangle of that size around (cx, cy), moved, not shrunk, to lie inside."""
        width, height = min(width, 1.0), min(height, 1.0)
        x1 = min(max(cx - width / 2, 0.0), 1.0 - width)
        y1 = min(max(cy - height / 2, 0.0), 1.0 - height)
        return cls.of(x1, y1, x1 + width, y1 + height)

    @model_validator(mode="after")
    def _has_an_area(self) -> Self:
        # A window on the way between two smallest rectangles may fall short by a rounding.
        if min(self.width, self.height) < MIN_EXTENT - _ROUNDING:
            raise ValueError(
                f"rectangle is empty or inverted: x2 must exceed x1 and y2 exceed y1 by at least "
                f"{MIN_EXTENT}"
            )
        return self

    @property
    def x1(self) -> float:
        """Left edge."""
        return self.root[0]

    @property
    def y1(self) -> float:
        """Top edge."""
        return self.root[1]

    @property
    def x2(self) -> float:
        """Right edge."""
        return self.root[2]

    @property
    def y2(self) -> float:
        """Bottom edge."""
        return self.root[3]

    @property
    def width(self) -> float:
        """Width in fractions of the picture's width."""
        return self.root[2] - self.root[0]

    @property
    def height(self) -> float:
        """Height in fractions of the picture's height."""
        return self.root[3] - self.root[1]

    @property
    def centre(self) -> tuple[float, float]:
        """Centre as (x, y) fractions."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2


@dataclass(frozen=True, slots=True)
class Size:
    """A picture's size in whole pixels."""

    width: int
    height: int

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def fit_aspect(rect: Rect, *, picture: Size, output: Size) -> Rect:
    """``rect`` grown around its centre to the output's aspect and kept inside the picture.

    Growing keeps everything the operator framed in view.  Where the picture itself is too narrow
    for the grown rectangle, the largest window of the output's aspect inside the picture is
    returned instead, as near to the operator's centre as it fits.  A rectangle that already has
    the aspect (to a tenth of a source pixel) is returned as it is.

    Raises:
        ValueError: the aspects are so far apart that the window would be smaller than
            ``MIN_EXTENT`` of the picture.
    """
    width_px, height_px = rect.width * picture.width, rect.height * picture.height
    if abs(width_px - height_px * output.aspect) < 0.1:
        return rect
    if width_px < height_px * output.aspect:
        width_px = height_px * output.aspect
    else:
        height_px = width_px / output.aspect
    shrink = min(1.0, picture.width / width_px, picture.height / height_px)
    cx, cy = rect.centre
    return Rect.around(
        cx, cy, width_px * shrink / picture.width, height_px * shrink / picture.height
    )


def largest_window(*, picture: Size, output: Size) -> tuple[float, float]:
    """Width and height, in fractions, of the largest window of the output's aspect."""
    width = min(1.0, output.aspect * picture.height / picture.width)
    height = min(1.0, picture.width / output.aspect / picture.height)
    return width, height
