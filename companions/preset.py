"""Named camera moves with their parameters: what the operator asked for, beside what is rendered.

A preset says how a pair of motion rectangles came about, so that the desk can draw it again with
other parameters.  What is rendered is always the rectangles.  ``dolly_zoom`` and ``orbit`` are
moves through space: their rectangles are the nearest thing a flat picture can show, and a video
model may be told the preset itself.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field, Tag

from companions.base import Closed, told_apart
from companions.geometry import PicturePoint

ZoomRatio = Annotated[float, Field(gt=1.0, le=10.0)]
Share = Annotated[float, Field(gt=0.0, le=1.0)]


def _not_zero(angle_deg: float) -> float:
    if angle_deg == 0.0:
        raise ValueError("an orbit of 0 degrees is no move")
    return angle_deg


class PushIn(Closed):
    """The camera comes nearer."""

    name: Literal["push_in"]
    """Says which preset this is."""
    zoom: ZoomRatio
    """Width of START over width of END; over 1, at most 10."""
    towards: PicturePoint | None = None
    """Where the camera goes, [x, y] in fractions of the upright picture, 0 to 1;
    null: its middle."""


class PullOut(Closed):
    """The camera draws back."""

    name: Literal["pull_out"]
    """Says which preset this is."""
    zoom: ZoomRatio
    """Width of END over width of START; over 1, at most 10."""
    away_from: PicturePoint | None = None
    """What the camera leaves, [x, y] in fractions of the upright picture, 0 to 1;
    null: its middle."""


class Pan(Closed):
    """The camera swings sideways."""

    name: Literal["pan_left", "pan_right"]
    """Says which preset this is, and where the window goes."""
    distance: Share
    """How far the window travels, in widths of the upright picture; over 0, at most 1."""
    window: Share
    """Width of the window, in widths of the upright picture; over 0, at most 1."""


class Tilt(Closed):
    """The camera nods."""

    name: Literal["tilt_up", "tilt_down"]
    """Says which preset this is, and where the window goes."""
    distance: Share
    """How far the window travels, in heights of the upright picture; over 0, at most 1."""
    window: Share
    """Width of the window, in widths of the upright picture; over 0, at most 1."""


class DollyZoom(Closed):
    """The camera moves and zooms against it: the subject keeps its size, the ground does not."""

    name: Literal["dolly_zoom"]
    """Says which preset this is."""
    direction: Literal["in", "out"]
    """Whether the camera comes nearer (and the lens widens) or draws back."""
    strength: ZoomRatio
    """Ratio of the fields of view at both ends; over 1, at most 10."""
    subject: PicturePoint
    """What keeps its size, [x, y] in fractions of the upright picture, 0 to 1."""


class Orbit(Closed):
    """The camera circles its subject."""

    name: Literal["orbit"]
    """Says which preset this is."""
    angle_deg: Annotated[
        float,
        Field(ge=-90.0, le=90.0, json_schema_extra={"not": {"const": 0}}),
        AfterValidator(_not_zero),
    ]
    """How far around, in degrees, -90 to 90 and not 0; positive: the camera goes to its right."""
    axis: Literal["vertical", "horizontal"] = "vertical"
    """What it turns about: ``vertical`` goes round the subject, ``horizontal`` goes over it."""
    subject: PicturePoint
    """What it circles, [x, y] in fractions of the upright picture, 0 to 1."""


Preset = Annotated[
    Annotated[PushIn, Tag("[PushIn]")]
    | Annotated[PullOut, Tag("[PullOut]")]
    | Annotated[Pan, Tag("[Pan]")]
    | Annotated[Tilt, Tag("[Tilt]")]
    | Annotated[DollyZoom, Tag("[DollyZoom]")]
    | Annotated[Orbit, Tag("[Orbit]")],
    told_apart("name", PushIn, PullOut, Pan, Tilt, DollyZoom, Orbit),
]
"""Any of the presets, told apart by ``name``."""

PRESET_NAMES: Final[tuple[str, ...]] = tuple(
    name
    for kind in (PushIn, PullOut, Pan, Tilt, DollyZoom, Orbit)
    for name in get_args(kind.model_fields["name"].annotation)
)
