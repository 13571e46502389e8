"""The ``X.motion.json`` contract: where the camera starts and ends on one picture.

Written by the selector, read by the selector and by manifest building, edited by neither once a
shot is submitted.

A move has two motion rectangles and may pass through others on its way.  At the fraction u of its
duration its eased time is e(u).  The camera is at START at 0, at END at 1 and at each keyframe at
its own moment; between two of these stops it goes as ``camera`` says, by the share of the *eased*
time between them that has passed.  So a move starts and ends as softly as its easing says and does
not stop on its way, unless two stops are equal: then it holds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from companions.attached import DepthMap, ReferenceClip
from companions.base import Closed, Document, Instant, Sha256
from companions.easing import Easing, EasingName
from companions.geometry import MAX_SIDE_PX, Fraction01, Rect
from companions.names import MOTION_SUFFIX, FileName
from companions.preset import PRESET_NAMES, Preset
from companions.trajectory import ObjectTrajectory
from companions.wishes import Wishes, said_or_none

MAX_DURATION_S = 60.0
MAX_KEYFRAMES = 64
MAX_OBJECTS = 32

Pixels = Annotated[int, Field(ge=1, le=MAX_SIDE_PX)]
OutputPixels = Annotated[int, Field(ge=64, le=8192, multiple_of=2)]


Degrees = Annotated[float, Field(ge=-180.0, le=180.0)]


class MotionType(StrEnum):
    """What kind of move it is, in the operator's words; the rectangles decide, not this label."""

    STATIC = "static"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"
    PUSH_IN = "push_in"
    PULL_OUT = "pull_out"
    DOLLY_ZOOM = "dolly_zoom"
    ORBIT = "orbit"
    CUSTOM = "custom"


class Rotation(Closed):
    """How far the window is turned at both ends of a move."""

    start_deg: Degrees = 0.0
    """At START: degrees clockwise about the window's middle, -180 to 180; 0 is upright."""
    end_deg: Degrees = 0.0
    """At END, likewise: -180 to 180."""


class MotionKeyframe(Closed):
    """A stop on the way from START to END."""

    at: Annotated[float, Field(gt=0.0, lt=1.0)]
    """When the camera is there: fraction of the clip's duration, over 0 and under 1."""
    rect: Rect
    """What the frame shows then: [x1, y1, x2, y2] in fractions of the EXIF-upright picture."""
    rotation_deg: Degrees | None = None
    """How far the window is turned then: degrees clockwise about its middle, -180 to 180; null:
    on the way, over eased time, between the stops before and after that say."""


_NO_PRESET: Final[JsonValue] = {"properties": {"preset": {"type": "null"}}}
_TYPE_AS_PRESET: Final[list[JsonValue]] = [
    {
        "properties": {
            "preset": {"properties": {"name": {"const": name}}, "required": ["name"]},
            "type": {"const": name},
        },
        "required": ["preset", "type"],
    }
    for name in PRESET_NAMES
]


class Move(Closed):
    """One camera move: two motion rectangles, how long, and how the time is spent."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_NO_PRESET, *_TYPE_AS_PRESET]})

    type: MotionType = MotionType.CUSTOM
    """The kind of move, for people: derived from the rectangles, or the preset's name."""
    start_rect: Rect
    """What the first frame shows: [x1, y1, x2, y2] in fractions of the EXIF-upright picture."""
    end_rect: Rect
    """What the last frame shows, likewise."""
    duration_sec: Annotated[float, Field(gt=0.0, le=MAX_DURATION_S)]
    """Length of the finished clip in seconds, over 0 and at most 60."""
    easing: Easing = EasingName.EASE_IN_OUT
    """How the move spends its time: a name, or the four numbers of a CSS cubic-bezier, 0 to 1."""
    keyframes: Annotated[tuple[MotionKeyframe, ...], Field(max_length=MAX_KEYFRAMES)] = ()
    """Stops between START and END in the order of time, at most 64."""
    rotation: Rotation | None = None
    """How the window is turned; null: upright at both ends."""
    preset: Preset | None = None
    """The preset the rectangles were drawn by, with its parameters; null: drawn freely."""
    objects: Annotated[tuple[ObjectTrajectory, ...], Field(max_length=MAX_OBJECTS)] = ()
    """Parts of the picture that move by themselves, at most 32, the lowest first."""
    depth: DepthMap | None = None
    """How far away what the picture shows is: the camera then moves through space, and what is
    nearer moves more; null: over the flat picture."""
    reference: ReferenceClip | None = None
    """Clips that a video model is held to instead of the rectangles and objects; null: these."""

    @model_serializer(mode="wrap")
    def _as_before_files(self, written: SerializerFunctionWrapHandler) -> dict[str, object]:
        # These came to the contract after files were published: what names none is written, byte
        # for byte, as it always was.
        values: dict[str, object] = written(self)
        for name in ("depth", "reference"):
            if values.get(name) is None:
                values.pop(name, None)
        return values

    @model_validator(mode="after")
    def _is_one_move(self) -> Self:
        for index, stop in enumerate(self.keyframes[1:], start=1):
            if stop.at <= self.keyframes[index - 1].at:
                raise ValueError(
                    f"keyframes[{index}].at: {stop.at:g} does not come after "
                    f"{self.keyframes[index - 1].at:g}"
                )
        if self.preset is not None and self.type.value != self.preset.name:
            raise ValueError(f"type: is {self.type.value}, but the preset is {self.preset.name}")
        names = [moving.name for moving in self.objects]
        if len(set(names)) < len(names):
            raise ValueError("objects: two have one name")
        if self.reference is not None and (self.objects or self.depth is not None):
            raise ValueError(
                "reference: a given clip leaves nothing to render; remove objects and depth, or it"
            )
        return self


class PictureIdentity(Closed):
    """Which picture a companion belongs to, also after a rename."""

    name: FileName
    """File name of the picture when the companion was written."""
    width: Pixels
    """Width in pixels, after EXIF rotation; 1 to 100000."""
    height: Pixels
    """Height in pixels, after EXIF rotation; 1 to 100000."""
    sha256: Sha256
    """SHA-256 of the picture file's bytes."""


class OutputSize(Closed):
    """Size of the finished clip in pixels; even, because video codecs need it."""

    width: OutputPixels
    """Width in pixels, 64 to 8192, even."""
    height: OutputPixels
    """Height in pixels, 64 to 8192, even."""


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
    """What the move measures, in the limit's unit."""
    threshold: float
    """What the profile allows, in the same unit."""
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
    wishes: Annotated[Wishes | None, AfterValidator(said_or_none)] = None
    """What the shot asks for besides its move; null or empty: nothing of its own."""
    provenance: Provenance
    """Who wrote this, and when."""

    @model_serializer(mode="wrap")
    def _as_before_files(self, written: SerializerFunctionWrapHandler) -> dict[str, object]:
        # They came to the contract after files were published: a motion without any is written,
        # byte for byte, as it always was.
        values: dict[str, object] = written(self)
        for name in ("depth", "reference"):
            if values.get(name) is None:
                values.pop(name, None)
        if said_or_none(self.wishes) is None:
            values.pop("wishes", None)
        return values

    def move(self) -> Move:
        """The bare move, as a manifest's shot carries it: parts it does not have are not named."""
        values = {name: getattr(self, name) for name in Move.model_fields}
        optional = {"keyframes", "rotation", "preset", "objects", "depth", "reference"}
        return Move.model_validate(
            {name: value for name, value in values.items() if value or name not in optional}
        )
