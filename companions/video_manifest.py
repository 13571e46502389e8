"""The ``.video_manifest.json`` contract: which shots to make and how, one document per submission.

Written by the selector, read by the fleet.  A manifest of one picture and a batch manifest are
the same document.  A shot's own values win over ``defaults``, field by field.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self, TypeVar

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    SerializationInfo,
    ValidationError,
    field_serializer,
    model_validator,
)

from companions.base import IDENTITY, Closed, Document, Instant, NamePart, Sha256
from companions.generation_params import GenerationParams
from companions.motion import Move
from companions.names import FFV1_SUFFIX, MANIFEST_SUFFIX, PRORES_SUFFIX, RelativePath
from companions.timing import Rate, clip_frames, parse_rate
from companions.wishes import BackendName, PromptText

MAX_SHOTS = 100_000
DEFAULT_INTERPOLATOR: Final = "flow-refine"
"""What makes the frames between where a manifest names nothing."""


class InterpolationParams(Closed):
    """How generated frames become the clip's frames."""

    backend: BackendName | None = None
    """Interpolator to use: ``flow-refine``, ``flow``, ``blend``, ``rife`` by one of its names
    (weights by path or fetched), or ``none`` (hold the nearest earlier frame); null: the fleet's
    own choice, ``flow-refine``."""
    target_fps: Rate = parse_rate(24)
    """The clip's rate in frames per second, 1 to 240."""

    @property
    def interpolator(self) -> str:
        """The interpolator by name, the fleet's own where none is named."""
        return DEFAULT_INTERPOLATOR if self.backend is None else self.backend

    @field_serializer("backend")
    def _in_an_identity(self, backend: str | None, info: SerializationInfo) -> str | None:
        # "Unnamed" was spelled "flow" before there was a choice.  It keeps that spelling in a
        # shot's identity: a better default must not have every shot made, and paid for, again.
        return "flow" if backend is None and info.context is IDENTITY else backend


class UpscalingParams(Closed):
    """How the clip's frames are enlarged, after interpolation and before they are encoded."""

    backend: BackendName = "lanczos"
    """Upscaler to use: ``lanczos``, or ``realesrgan`` by one of its names (weights by path or
    fetched)."""
    factor: Literal[2, 4] = 2
    """Clip size over generated size, each way."""


class Codec(StrEnum):
    """Video codecs a clip can be delivered in."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class Master(StrEnum):
    """Files of the same frames for further work, kept beside the clip."""

    PRORES = "prores"
    FFV1 = "ffv1"

    @property
    def suffix(self) -> str:
        """What follows the picture's stem in its name."""
        return PRORES_SUFFIX if self is Master.PRORES else FFV1_SUFFIX


class Poster(StrEnum):
    """Which of its frames a clip shows before it plays."""

    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"


_MOST_CRF: Final = 51
_RATE_CONTROL: Final[dict[str, JsonValue]] = {
    "allOf": [
        {
            "anyOf": [
                {"properties": {"crf": {"type": "null"}}},
                {"properties": {"bitrate_kbps": {"type": "null"}}},
            ]
        },
        {
            "anyOf": [
                {"properties": {"crf": {"maximum": _MOST_CRF}}},
                {"properties": {"codec": {"const": "av1"}}, "required": ["codec"]},
            ]
        },
    ]
}
"""For the schema: one rate control or none, and the range of ``crf`` by codec."""


class EncodeParams(Closed):
    """How the clip is encoded."""

    model_config = ConfigDict(json_schema_extra=_RATE_CONTROL)

    codec: Codec = Codec.H264
    """Video codec."""
    crf: Annotated[int, Field(ge=0, le=63)] | None = None
    """Constant quality, lower is better: 0 to 51, for AV1 to 63; null: as the codec and
    ``bitrate_kbps`` say."""
    bitrate_kbps: Annotated[int, Field(ge=50, le=500_000)] | None = None
    """Target bit rate in kbit/s, 50 to 500000, instead of ``crf``."""
    container: Literal["mp4"] = "mp4"
    """File format."""
    bit_depth: Literal[8, 10] | None = None
    """Bits of a sample in the encoded clip; null: 8."""
    poster: Poster | None = None
    """The frame that the clip carries as its cover picture; null: none."""
    master: Master | None = None
    """A file of the same frames for further work, beside the clip: ``prores`` (422 HQ, ``.mov``)
    or ``ffv1`` (lossless RGB, ``.mkv``); null: none."""
    with_prompt: Literal[True] | None = None
    """Whether the prompt is written into the clip, where everyone who has it can read it; null:
    it is not."""

    @model_validator(mode="after")
    def _one_rate_control(self) -> Self:
        if self.crf is not None and self.bitrate_kbps is not None:
            raise ValueError("crf: give crf or bitrate_kbps, not both")
        if self.codec is not Codec.AV1 and self.crf is not None and self.crf > _MOST_CRF:
            raise ValueError(f"crf: of {self.codec.value} lies in 0..{_MOST_CRF}")
        return self


class QcThresholds(Closed):
    """Limits of the quality check; what is not given comes from the profile."""

    adherence_pass: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Largest corner error, over the rectangle's diagonal, that passes; over 0, at most 1."""
    adherence_fail: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Corner error above which the clip fails, likewise; over 0, at most 1."""
    black_ratio: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Largest share of black frames that passes, 0 to 1."""
    frozen_ratio: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Largest share of frames equal to the one before, where the move moves, that passes;
    0 to 1."""
    flashes_per_second: Annotated[int, Field(ge=0, le=60)] | None = None
    """Largest number of flashes within any second that passes, 0 to 60."""


class QcParams(Closed):
    """How the clip is checked."""

    profile: Literal["standard"] = "standard"
    """Named set of limits."""
    thresholds: QcThresholds = QcThresholds()
    """Limits that differ from the profile's."""


class Recipe(Closed):
    """All that decides what a clip looks like; its fingerprint is the shot's identity."""

    image_sha256: Sha256
    """The picture, by the hash of its bytes."""
    prompt: PromptText = ""
    """What the clip should show, up to 20000 characters."""
    negative_prompt: PromptText = ""
    """What it should not show, up to 20000 characters."""
    motion: Move
    """The camera move."""
    generation_params: GenerationParams = GenerationParams()
    """How frames are generated."""
    interpolation: InterpolationParams = InterpolationParams()
    """How they become the clip's frames."""
    upscaling: UpscalingParams | None = None
    """How the clip's frames are enlarged; null: they are not."""
    encode: EncodeParams = EncodeParams()
    """How the clip is encoded."""
    qc: QcParams = QcParams()
    """How the clip is checked."""


class ShotDefaults(Closed):
    """Values for every shot that does not give its own."""

    prompt: PromptText | None = None
    """Prompt of shots that have none, up to 20000 characters."""
    negative_prompt: PromptText | None = None
    """Negative prompt of shots that have none, up to 20000 characters."""
    generation_params: GenerationParams = GenerationParams()
    """How frames are generated."""
    interpolation: InterpolationParams = InterpolationParams()
    """How they become the clip's frames."""
    upscaling: UpscalingParams | None = None
    """How the clips' frames are enlarged; null: they are not."""
    encode: EncodeParams = EncodeParams()
    """How clips are encoded."""
    qc: QcParams = QcParams()
    """How clips are checked."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Higher is sooner; -100 to 100."""


class Shot(Closed):
    """One picture plus the move chosen for it."""

    image_path: RelativePath
    """The picture, relative to the manifest's folder."""
    sha256: Sha256
    """SHA-256 of the picture file's bytes when the manifest was written."""
    prompt: PromptText | None = None
    """What the clip should show, up to 20000 characters."""
    negative_prompt: PromptText | None = None
    """What it should not show, up to 20000 characters."""
    motion: Move
    """The camera move."""
    generation_params: GenerationParams = GenerationParams()
    """How frames are generated; fields not given come from the manifest's defaults."""
    interpolation: InterpolationParams = InterpolationParams()
    """How they become the clip's frames; likewise."""
    upscaling: UpscalingParams | None = None
    """How the clip's frames are enlarged; likewise."""
    encode: EncodeParams = EncodeParams()
    """How the clip is encoded; likewise."""
    qc: QcParams = QcParams()
    """How the clip is checked; likewise."""
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None
    """Higher is sooner; -100 to 100."""
    x: dict[str, JsonValue] = Field(default_factory=dict)
    """Your own keys for this shot."""


class VideoManifest(Document):
    """The list of shots that one submission covers, and the values they share."""

    SUFFIX: ClassVar[str] = MANIFEST_SUFFIX
    SPARSE: ClassVar[bool] = True

    kind: Literal["video_manifest"] = "video_manifest"
    """Says what this document is."""
    project_id: NamePart
    """The project the shots belong to."""
    batch_id: NamePart
    """This batch within the project."""
    created_at: Instant
    """When the manifest was written, in UTC."""
    defaults: ShotDefaults = ShotDefaults()
    """Values for every shot that does not give its own."""
    shots: Annotated[tuple[Shot, ...], Field(min_length=1, max_length=MAX_SHOTS)]
    """The shots, 1 to 100000, in the order they should be made."""

    @model_validator(mode="after")
    def _every_clip_has_a_frame(self) -> Self:
        for index, shot in enumerate(self.shots):
            try:
                target = self.recipe(shot).interpolation.target_fps
            except ValidationError as error:
                # Rate control is the one rule that a whole block can break where its halves do not.
                what = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
                message = f"shots[{index}].encode.{what} (together with the defaults)"
                raise ValueError(message) from None
            if clip_frames(duration_s=shot.motion.duration_sec, target_fps=target) < 1:
                raise ValueError(
                    f"shots[{index}].motion.duration_sec: {shot.motion.duration_sec} s at "
                    f"{float(target):g} fps is not one frame"
                )
        return self

    def recipe(self, shot: Shot) -> Recipe:
        """What decides ``shot``'s clip, with the manifest's defaults filled in."""
        d = self.defaults
        prompt, negative = shot.prompt, shot.negative_prompt
        return Recipe(
            image_sha256=shot.sha256,
            prompt=prompt if prompt is not None else (d.prompt or ""),
            negative_prompt=negative if negative is not None else (d.negative_prompt or ""),
            motion=shot.motion,
            generation_params=_over(d.generation_params, shot.generation_params),
            interpolation=_over(d.interpolation, shot.interpolation),
            upscaling=_over_none(d.upscaling, shot.upscaling),
            encode=_over(_without_rate_control(d.encode, shot.encode), shot.encode),
            qc=_over(d.qc, shot.qc),
        )

    def priority(self, shot: Shot) -> int:
        """``shot``'s priority, or the default's."""
        return shot.priority if shot.priority is not None else self.defaults.priority


def _without_rate_control(base: EncodeParams, own: EncodeParams) -> EncodeParams:
    """``base`` less its crf and bitrate where the shot states either: one replaces the other."""
    rate_control = {"crf", "bitrate_kbps"}
    if not rate_control & own.model_fields_set:
        return base
    kept = base.model_fields_set - rate_control
    return EncodeParams.model_validate({name: getattr(base, name) for name in kept})


_M = TypeVar("_M", bound=Closed)


def _over(base: _M, own: _M) -> _M:
    """``base`` with every field that ``own`` states explicitly, nested blocks likewise."""
    if not own.model_fields_set:
        return base
    values: dict[str, object] = {name: getattr(base, name) for name in base.model_fields_set}
    for name in own.model_fields_set:
        value = getattr(own, name)
        if isinstance(value, Closed):
            value = _over(getattr(base, name), value)
        values[name] = value
    return type(base).model_validate(values)


def _over_none(base: _M | None, own: _M | None) -> _M | None:
    """As ``_over``, for a block that may be absent from either."""
    if base is None or own is None:
        return own if base is None else base
    return _over(base, own)
