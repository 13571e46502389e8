"""The ``X.video_meta.json`` contract: how one shot ended, and everything measured on the way.

Written by the fleet, last of all: it is the commit marker.  A clip without its meta is not
published.  A shot that failed has a meta too, with the reason in words an operator can act on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from companions.base import Closed, Document, Instant, Sha256
from companions.geometry import Rect
from companions.names import META_SUFFIX, RelativePath
from companions.timing import Rate
from companions.video_manifest import Codec, Master, Recipe

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0.0)]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=4000)]


class Verdict(StrEnum):
    """How a shot ended."""

    PASS = "pass"
    FLAGGED = "flagged"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"


class CheckVerdict(StrEnum):
    """What one quality check says."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    UNMEASURED = "unmeasured"


class Reason(Closed):
    """Why a shot is not a plain pass."""

    code: Label
    """A stable word for machines, such as ``picture_truncated`` or ``frozen_ratio``."""
    message: Sentence
    """The same for people, with what to do."""


class Check(Closed):
    """One figure of the quality check."""

    name: Label
    """Name of the measure."""
    value: float | None = None
    """What was measured; null where it could not be."""
    threshold: float | None = None
    """The limit it was held against; null for figures that only inform."""
    verdict: CheckVerdict
    """What follows from it."""
    detail: Annotated[str, Field(max_length=1000)] = ""
    """What, where and why, for people."""


class FramingUsed(Closed):
    """The rectangles as rendered: grown to the clip's aspect around the operator's centres."""

    start_rect: Rect
    """What the first frame shows."""
    end_rect: Rect
    """What the last frame shows."""
    keyframe_rects: tuple[Rect, ...] = ()
    """What the frame shows at each of the move's keyframes, in their order; like the others
    before it is turned by the move's rotation."""
    grown: bool
    """Whether any of them differs from what the operator drew."""


class ModelUsed(Closed):
    """The generator that made the frames."""

    name: Label
    """Name of the model, as in the manifest."""
    revision: Label
    """Pinned revision; the program's version for generators that have no weights."""
    weights_sha256: dict[str, Sha256] = Field(default_factory=dict)
    """Hash of each weight file."""
    licence: Label
    """Licence the model is used under."""
    memory_plan: Annotated[str, Field(max_length=40)] = ""
    """The memory plan that was used, of those the manifest allows; empty: the model's own."""
    conditioning: ConditioningUsed | None = None
    """How the model was held to the move; null: it renders the move itself."""


class ConditioningUsed(Closed):
    """How a video model was held to the move."""

    control: Label
    """``time_to_move``, ``vace``, ``motion_bucket``, ``camera_lora`` or ``none``."""
    steps: Count = 0
    """Denoising steps of the schedule, from 0."""
    steps_run: Count = 0
    """Of these, how many ran in each piece, from 0: those before the weak clock are left out."""
    weak_clock: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Share of noise at which denoising started, 0 to 1; null: at the beginning."""
    strong_clock: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Share of noise until which the masked region was held, 0 to 1; null: it was not."""
    hold: Annotated[str, Field(max_length=40)] = ""
    """``exact`` or ``soft``; empty: nothing was held."""
    held_share: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Share of the latent frames' area that was held, 0 to 1; null: nothing was."""
    pieces: Annotated[int, Field(ge=1)] = 1
    """Pieces the clip was made in, from 1."""
    loras_sha256: dict[str, Sha256] = Field(default_factory=dict)
    """Hash of each LoRA's file, by its name."""
    speed: Annotated[str, Field(max_length=40)] = ""
    """``distilled`` where the model's few-step weights were used; empty: all its steps."""
    shortcuts: tuple[Label, ...] = ()
    """What changes the frames a little and saves time or memory: a step cache, quantised or
    stored-small weights, tiles of the autoencoder."""


class Attempt(Closed):
    """One try at one stage."""

    stage: Label
    """``generate``, ``finish`` or ``publish``."""
    number: Annotated[int, Field(ge=1)]
    """Which try it was, from 1."""
    outcome: Label
    """``succeeded``, or the code of what went wrong."""
    started_at: Instant
    """When it started, in UTC."""
    duration_sec: Seconds
    """How long it took, in seconds from 0."""
    node: str = ""
    """Host name of the node it ran on."""
    gpu: str = ""
    """Name of the GPU, empty where none was used."""
    peak_memory_bytes: Count = 0
    """Largest resident memory of the worker (VRAM where a GPU was used), in bytes from 0."""


class CredentialFacts(Closed):
    """C2PA content credentials, as read back from the signed file."""

    issuer: Label
    """Who the signing certificate was made out to."""
    serial: Label
    """Serial number of the signing certificate."""
    algorithm: Label
    """Signing algorithm, such as ``es256``."""


class ClipFacts(Closed):
    """The published clip, as measured on the encoded file."""

    file: RelativePath
    """File name, beside this meta."""
    sha256: Sha256
    """SHA-256 of the clip's bytes."""
    size_bytes: Count
    """Size of the clip file in bytes, from 0."""
    frames: Count
    """Frames in the clip, counted in the encoded file, from 0."""
    fps: Rate
    """Frames per second, 1 to 240."""
    duration_sec: Seconds
    """Length of the clip in seconds from 0, as the file says."""
    width: Count
    """Width in pixels, from 0."""
    height: Count
    """Height in pixels, from 0."""
    codec: Codec
    """Video codec."""
    encoder: Label
    """The encoder that made it, such as ``libx264`` or ``h264_nvenc``."""
    bit_depth: Literal[8, 10] = 8
    """Bits of a sample in the encoded clip."""
    frames_sha256: Sha256 | None = None
    """SHA-256 over the decoded frames; equal for two files that show the same pictures. Null in
    metas of before it was measured."""
    digital_source_type: Annotated[str, Field(max_length=200)] = ""
    """What IPTC calls the clip's origin (``trainedAlgorithmicMedia``, ``compositeCapture``), as
    written into the file; empty: nothing is."""
    credentials: CredentialFacts | None = None
    """C2PA content credentials in the file; null: none."""


class MasterFacts(Closed):
    """The master beside the clip, as measured on the file."""

    file: RelativePath
    """File name, beside this meta."""
    sha256: Sha256
    """SHA-256 of the file's bytes."""
    size_bytes: Count
    """Size of the file in bytes, from 0."""
    frames: Count
    """Frames in it, counted in the file, from 0."""
    master: Master
    """Which kind it is."""


class FrameFacts(Closed):
    """Frames on the way from generator to clip."""

    generated: Count
    """Frames the generator made, from 0."""
    generator_fps: Rate
    """The generator's rate in frames per second, 1 to 240."""
    interpolator: Label
    """Backend that made the frames between."""
    interpolated: Count
    """Clip frames that are not generated frames, from 0."""
    cuts: tuple[Count, ...] = ()
    """Generated frames, counted from 0, that start a new scene; nothing is interpolated across
    them."""
    duplicates: tuple[Count, ...] = ()
    """Generated frames, counted from 0, that repeat the one before; they were passed over."""
    interpolator_weights_sha256: dict[str, Sha256] = Field(default_factory=dict)
    """Hash of each weight file of the interpolator."""
    upscaler: Annotated[str, Field(max_length=120)] = ""
    """Backend that enlarged the frames; empty: none."""
    upscaler_weights_sha256: dict[str, Sha256] = Field(default_factory=dict)
    """Hash of each weight file of the upscaler."""
    stretch: Annotated[float, Field(gt=0.0)] = 1.0
    """Clip time per generator time, over 0; 1 unless the generator could not make enough
    frames."""


class Cost(Closed):
    """What the shot's stages cost: worker seconds times the configured rate."""

    seconds: Seconds
    """Worker seconds over all attempts, from 0."""
    rate_per_hour: Annotated[float, Field(ge=0.0)]
    """Configured price of a worker hour in ``currency``, from 0."""
    amount: Annotated[float, Field(ge=0.0)]
    """seconds / 3600 * rate_per_hour, in ``currency``, from 0."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", max_length=3)] = "USD"
    """ISO 4217 code."""


class ManifestUsed(Closed):
    """The manifest that asked for the clip."""

    project_id: Label
    """Its project."""
    batch_id: Label
    """Its batch."""
    sha256: Sha256
    """SHA-256 of the manifest file's bytes."""


_WHOLE_VERDICT: Final[dict[str, JsonValue]] = {
    "allOf": [
        {
            "anyOf": [
                {"properties": {"verdict": {"enum": ["failed", "quarantined", "cancelled"]}}},
                {"properties": {"clip": {"type": "object"}}, "required": ["clip"]},
            ]
        },
        {
            "anyOf": [
                {"properties": {"verdict": {"const": "pass"}}},
                {"properties": {"reasons": {"minItems": 1}}, "required": ["reasons"]},
            ]
        },
    ]
}
"""For the schema: a good shot has a clip, and all but a plain pass have a reason."""


class VideoMeta(Document):
    """How one shot ended: verdict, reasons, parameters, figures, cost."""

    model_config = ConfigDict(json_schema_extra=_WHOLE_VERDICT)

    SUFFIX: ClassVar[str] = META_SUFFIX

    kind: Literal["video_meta"] = "video_meta"
    """Says what this document is."""
    shot_id: Label
    """The shot's id in the ledger."""
    shot_fingerprint: Sha256
    """SHA-256 of the recipe in canonical form."""
    manifest: ManifestUsed
    """The manifest that asked for it."""
    image: RelativePath
    """The picture, relative to the manifest's folder."""
    verdict: Verdict
    """How the shot ended."""
    reasons: tuple[Reason, ...] = ()
    """Why, unless it is a plain pass."""
    recipe: Recipe
    """Parameters as used, defaults filled in."""
    framing: FramingUsed | None = None
    """Rectangles as rendered."""
    model: ModelUsed | None = None
    """The generator."""
    frames: FrameFacts | None = None
    """Frame counts."""
    clip: ClipFacts | None = None
    """The clip; null for a shot that ended without one."""
    master: MasterFacts | None = None
    """The master beside the clip; null: none was asked for, or the shot ended without."""
    checks: tuple[Check, ...] = ()
    """Every quality figure with its threshold."""
    attempts: tuple[Attempt, ...] = ()
    """Every try at every stage before publishing."""
    cost: Cost
    """What it cost."""
    software: dict[str, str] = Field(default_factory=dict)
    """Versions of what made it."""
    finished_at: Instant
    """When the shot ended, in UTC."""

    @model_validator(mode="after")
    def _a_good_shot_has_a_clip(self) -> Self:
        if self.verdict in {Verdict.PASS, Verdict.FLAGGED} and self.clip is None:
            raise ValueError(f"clip: verdict {self.verdict.value} needs a clip")
        if self.verdict is not Verdict.PASS and not self.reasons:
            raise ValueError(f"reasons: verdict {self.verdict.value} needs a reason")
        return self
