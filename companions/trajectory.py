"""Objects that move by themselves: which part of the picture, and the way it goes.

A region is cut out of the upright picture and carried along its points, beneath the camera's
move.  It is at each point at that point's moment; between two points its position is linear, its
scale geometric and its rotation linear in eased time, where ``easing`` maps the time from the
first to the last point.  Before the first point it rests as the first says, after the last as
the last says.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, Tag, model_validator

from companions.base import Closed, NamePart, Sha256, told_apart
from companions.easing import Easing, EasingName
from companions.geometry import Fraction01, PicturePoint
from companions.names import RelativePath

LEAST_AREA = 1e-6
"""Smallest area of a polygon, in areas of the picture: about 24 pixels of a 24-MP one."""

Anywhere = Annotated[float, Field(ge=-1.0, le=2.0)]


class PolygonRegion(Closed):
    """A region drawn as a polygon; it closes by itself."""

    shape: Literal["polygon"]
    """Says how the region is given."""
    points: Annotated[tuple[PicturePoint, ...], Field(min_length=3, max_length=1000)]
    """Its corners in order, 3 to 1000, each [x, y] in fractions of the upright picture, 0 to 1."""

    @model_validator(mode="after")
    def _encloses_something(self) -> Self:
        corners = zip(self.points, self.points[1:] + self.points[:1], strict=True)
        twice = sum(ax * by - bx * ay for (ax, ay), (bx, by) in corners)
        if abs(twice) / 2 < LEAST_AREA:
            raise ValueError(f"polygon encloses less than {LEAST_AREA:g} of the picture")
        return self


class MaskRegion(Closed):
    """A region given as a picture of its own."""

    shape: Literal["mask"]
    """Says how the region is given."""
    path: RelativePath
    """8-bit grey PNG of the picture's aspect, relative to this document's folder; white belongs
    to the region.  Named ``X.mask.png`` or ``X.NAME.mask.png`` it travels with picture X."""
    sha256: Sha256
    """SHA-256 of the mask file's bytes."""


Region = Annotated[
    Annotated[PolygonRegion, Tag("[PolygonRegion]")] | Annotated[MaskRegion, Tag("[MaskRegion]")],
    told_apart("shape", PolygonRegion, MaskRegion),
]


class TrajectoryPoint(Closed):
    """Where a region is at one moment."""

    at: Fraction01
    """When: fraction of the clip's duration, 0 to 1."""
    position: tuple[Anywhere, Anywhere]
    """Where the middle of the region's bounding box is, [x, y] in fractions of the upright
    picture, each -1 to 2: a region may come from outside and leave."""
    scale: Annotated[float, Field(ge=0.01, le=100.0)] = 1.0
    """Its size over its size in the picture, 0.01 to 100."""
    rotation_deg: Annotated[float, Field(ge=-3600.0, le=3600.0)] = 0.0
    """Degrees clockwise about its middle against the picture, -3600 to 3600 (ten turns)."""


class ObjectTrajectory(Closed):
    """One region of the picture and the way it goes."""

    name: NamePart
    """Name of the object, unique within its move."""
    region: Region
    """What moves."""
    points: Annotated[tuple[TrajectoryPoint, ...], Field(min_length=2, max_length=1000)]
    """Its way, 2 to 1000 points in the order of time; later objects lie over earlier ones."""
    easing: Easing = EasingName.LINEAR
    """How the time from the first to the last point is spent: a name, or the four numbers of a CSS
    cubic-bezier, 0 to 1."""

    @model_validator(mode="after")
    def _time_goes_on(self) -> Self:
        for index, (a, b) in enumerate(zip(self.points, self.points[1:], strict=False), start=1):
            if b.at <= a.at:
                raise ValueError(f"points[{index}].at: {b.at:g} does not come after {a.at:g}")
        return self
