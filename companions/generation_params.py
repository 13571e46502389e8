"""How a manifest asks for frames: the model, its size and rate, and what only video models know.

What is null is the model's own choice; a model refuses what it cannot honour, at submit.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from companions.base import Closed, portable
from companions.motion import OutputPixels
from companions.timing import Rate, parse_rate
from companions.wishes import BackendName, Seed


class MemoryPlan(StrEnum):
    """How a model shares out memory: the smaller, the slower."""

    CINEMA = "cinema"
    BALANCED = "balanced"
    FAST = "fast"


class Control(StrEnum):
    """How a video model is made to follow the move."""

    TIME_TO_MOVE = "time_to_move"  #: the move rendered, held to while denoising (two clocks)
    VACE = "vace"  #: the move rendered, given to a model that was trained to continue such clips
    MOTION_BUCKET = "motion_bucket"  #: an amount of motion that fits the move, no direction
    CAMERA_LORA = "camera_lora"  #: small weights trained on one kind of camera move
    NONE = "none"  #: the picture and the prompt alone


class Hold(StrEnum):
    """How strictly a sampler that corrects itself is held to the reference."""

    EXACT = "exact"
    SOFT = "soft"


class Speed(StrEnum):
    """All of a model's steps, or the few that its distilled weights need."""

    FULL = "full"
    DISTILLED = "distilled"


class Long(StrEnum):
    """How a clip that is longer than a model's window is put together."""

    OVERLAP = "overlap"
    SEGMENTS = "segments"


class StepCache(StrEnum):
    """What is not computed again from one denoising step to the next."""

    FIRST_BLOCK = "first_block"
    MAG = "mag"
    TAYLOR = "taylor"


class Expert(StrEnum):
    """One of the two denoisers of a model that shares its steps out between them."""

    HIGH_NOISE = "high_noise"  #: the first steps: where things are, and how they move
    LOW_NOISE = "low_noise"  #: the last steps: what they look like


MOST_GPUS: Final = 16
"""For one shot."""
_LORA_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class LoraUse(Closed):
    """Small weights laid over the model's own."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            pattern=_LORA_NAME,
            json_schema_extra={"pattern": portable(_LORA_NAME)},
        ),
    ]
    """Their name: what ``fleet models`` fetched, or what the fleet's settings call a file."""
    weight: Annotated[float, Field(ge=-4.0, le=4.0)] = 1.0
    """How strongly they count, -4 to 4."""
    expert: Expert | None = None
    """Which of the model's two denoisers they were made for; null: they lie over all it has."""


_CLOCKS: Final[dict[str, JsonValue]] = {
    "allOf": [
        {
            "anyOf": [
                {"properties": {"tweak_index": {"type": "null"},
                                "tstrong_index": {"type": "null"}}},
                {"properties": {"weak_clock": {"type": "null"},
                                "strong_clock": {"type": "null"}}},
            ]
        },
    ]
}  # fmt: skip
"""For the schema: clocks are steps or noise, never both."""


class GenerationParams(Closed):
    """How frames are generated from the picture."""

    model_config = ConfigDict(json_schema_extra=_CLOCKS)

    model: BackendName = "camera"
    """Generator to use; ``camera`` renders the move itself and needs no GPU."""
    fps: Rate = parse_rate(24)
    """The generator's rate in frames per second, 1 to 240; not the clip's."""
    num_frames: Annotated[int, Field(ge=2, le=20_000)] | None = None
    """Frames to generate, 2 to 20000, on the generator's grid; null: as many as the duration
    needs."""
    width: OutputPixels = 1280
    """Clip width in pixels, 64 to 8192, even."""
    height: OutputPixels = 720
    """Clip height in pixels, 64 to 8192, even."""
    seed: Seed = 0
    """Seed of the generator's noise, 0 to 2^63 - 1."""
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Denoising steps, for diffusion models, 1 to 1000; null: the model's own."""
    guidance: Annotated[float, Field(ge=0.0, le=100.0)] | None = None
    """Classifier-free guidance scale, for diffusion models, 0 to 100; null: the model's own."""
    motion_bucket_id: Annotated[int, Field(ge=0, le=255)] | None = None
    """Stable Video Diffusion's amount of motion, 0 to 255; null: the model's own."""
    noise_aug_strength: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Stable Video Diffusion's noise on the conditioning picture, 0 to 1; null: the model's own."""
    tweak_index: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Time-to-Move: step at which denoising starts (the weak clock), 0 to 1000; null: the
    model's own."""
    tstrong_index: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Time-to-Move: step until which the masked region is held to the reference, 0 to 1000;
    null: the model's own."""
    memory_plans: Annotated[tuple[MemoryPlan, ...], Field(max_length=3)] = ()
    """Memory plans the model may use, the first by choice: where one runs out of memory, the next
    is taken, and the meta says so. Up to 3; empty: the model's own and no other."""
    control: Control | None = None
    """How a video model is made to follow the move; null: the model's own way."""
    weak_clock: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Time-to-Move: share of noise (over 0, at most 1) at which denoising starts, whatever the
    schedule; instead of ``tweak_index``. Null: the model's own."""
    strong_clock: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Time-to-Move: share of noise, 0 to 1 and at most the weak clock's, until which the masked
    region is held to the reference; instead of ``tstrong_index``. Null: the model's own."""
    hold: Hold | None = None
    """Time-to-Move: whether a sampler may correct what is held (``soft``, as the method's authors
    run Wan) or not; null: ``exact``."""
    loras: Annotated[tuple[LoraUse, ...], Field(max_length=8)] = ()
    """Small weights laid over the model's own, up to 8."""
    speed: Speed | None = None
    """Whether the model's step-distilled weights are used, where it has any; null: ``full``."""
    step_cache: StepCache | None = None
    """What is not computed again from step to step; faster, and not quite the same frames. Null:
    nothing."""
    long: Long | None = None
    """How a clip longer than the model's window is made: ``overlap`` (each piece continues the one
    before) or ``segments`` (each piece goes from one frame of the reference to another, for models
    that take both ends); null: the model's own way."""
    parallel_segments: Annotated[int, Field(ge=1, le=16)] | None = None
    """How many segments of this shot may be made at once, on so many generation workers, 1 to 16;
    null: 1."""
    gpus_per_shot: Annotated[int, Field(ge=1, le=MOST_GPUS)] | None = None
    """GPUs that make one frame together (context parallelism), 1 to 16; null: 1."""

    @model_validator(mode="after")
    def _clocks_agree(self) -> Self:
        by_step = self.tweak_index is not None or self.tstrong_index is not None
        by_noise = self.weak_clock is not None or self.strong_clock is not None
        if by_step and by_noise:
            raise ValueError("weak_clock: give clocks as noise or as steps (tweak_index), not both")
        weak, strong = self.weak_clock, self.strong_clock
        if weak is not None and strong is not None and strong > weak:
            raise ValueError("strong_clock: at most the weak clock's share of noise")
        return self
