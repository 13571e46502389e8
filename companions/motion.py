"""The ``X.motion.json`` contract: where the camera starts and ends on one picture.

Written by the selector, read by the selector and by manifest building, edited by neither once a
shot is submitted.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from companions.base import Closed, Document, Instant, Sha256
from companions.easing import Easing, EasingName
from companions.geometry import Fraction01, Rect
from companions.names import MOTION_SUFFIX

MAX_DURATION_S = 60.0

Pixels = Annotated[int, Field(ge=1, le=100_000)]
OutputPixels = Annotated[int, Field(ge=64, le=8192, multiple_of=2)]


class MotionType(StrEnum):
    """What kind of move it is, in the operator's words; the rectangles decide, not this label."""

    STATIC = "static"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"
    CUSTOM = "custom"


class Move(Closed):
    """One camera move: two motion rectangles, how long, and how the time is spent."""

    type: MotionType = MotionType.CUSTOM
    """The kind of move, for people; derived from the rectangles."""
    start_rect: Rect
    """What the first frame shows: [x1, y1, x2, y2] in fractions of the EXIF-upright picture."""
    end_rect: Rect
    """What the last frame shows, likewise."""
    duration_sec: Annotated[float, Field(gt=0.0, le=MAX_DURATION_S)]
    """Length of the finished clip in seconds, over 0 and at most 60."""
    easing: Easing = EasingName.EASE_IN_OUT
    """How the move spends its time: a name, or the four numbers of a CSS cubic-bezier in 0..1."""


class PictureIdentity(Closed):
    """Which picture a companion belongs to, also after a rename."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    """File name of the picture when the companion was written."""
    width: Pixels
    """Width in pixels, after EXIF rotation."""
    height: Pixels
    """Height in pixels, after EXIF rotation."""
    sha256: Sha256
    """SHA-256 of the picture file's bytes."""


class OutputSize(Closed):
    """Size of the finished clip in pixels; even, because video codecs need it."""

    width: OutputPixels
    """Width in pixels."""
    height: OutputPixels
    """Height in pixels."""


class SafetyVerdict(StrEnum):
    """Whether the move is comfortable to watch and the picture sharp enough for it."""

    PASS = "pass"
    WARN = "warn"
    BLOCK = "block"


class SafetyFinding(Closed):
    """One safety limit and what the move measures against it."""

    limit: Annotated[str, Field(min_length=1, max_length=60)]
    """Name of the limit, such as ``peak_speed``."""
    value: float
    """What the move measures."""
    threshold: float
    """What the profile allows."""
    verdict: SafetyVerdict
    """What follows from it."""


class Safety(Closed):
    """The safety check of a move, as it was when written."""

    profile: Annotated[str, Field(min_length=1, max_length=60)]
    """Name of the profile whose limits were applied."""
    verdict: SafetyVerdict
    """The worst of the findings."""
    findings: tuple[SafetyFinding, ...] = ()
    """Every limit that warns or blocks."""


class Viability(Closed):
    """How promising the picture is for animating, by measures of the picture alone."""

    score: Fraction01
    """0 (do not) to 1 (promising)."""
    flags: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = ()
    """What lowers the score: ``soft``, ``clipped``, ``text``, ``few_pixels``, ``noisy``, ..."""


class MotionOrigin(StrEnum):
    """Who chose the rectangles."""

    PROPOSED = "proposed"
    EDITED = "edited"


class Provenance(Closed):
    """Which tool wrote the companion, when, and whether a person had a hand in it."""

    tool: Annotated[str, Field(min_length=1, max_length=60)]
    """Program that wrote it."""
    version: Annotated[str, Field(min_length=1, max_length=60)]
    """Version of that program."""
    origin: MotionOrigin
    """``proposed`` by the program or ``edited`` by a person; a proposal never replaces an edit."""
    at: Instant
    """When, in UTC."""
    why: tuple[Annotated[str, Field(min_length=1, max_length=300)], ...] = ()
    """Reasons for a proposal, for people."""


class MotionCompanion(Document, Move):
    """One camera move over one picture, as the operator sees and edits it."""

    SUFFIX: ClassVar[str] = MOTION_SUFFIX

    kind: Literal["motion"] = "motion"
    """Says what this document is."""
    image: PictureIdentity
    """The picture the rectangles were drawn on."""
    output: OutputSize
    """Size of the finished clip."""
    safety: Safety | None = None
    """Result of the safety check, if it was made."""
    viability: Viability | None = None
    """Result of the viability check, if it was made."""
    provenance: Provenance
    """Who wrote this, and when."""

    def move(self) -> Move:
        """The bare move, as a manifest's shot carries it."""
        return Move.model_validate({name: getattr(self, name) for name in Move.model_fields})
