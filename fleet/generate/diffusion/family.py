"""What a family of video models is: a declaration that everything else reads.

No torch here: a submission is checked against it on machines that have none.  A new family is one
file in ``families`` that makes one of these; nothing else knows families by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

from companions.generation_params import Control, Long, MemoryPlan
from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.clocks import Clocks


class Given(Enum):
    """What an argument of a pipeline's call is given."""

    PICTURE = "the window at the move's beginning"
    LAST_PICTURE = "the window at its end; nothing, where a piece has no end to reach"
    WIDTH = "frame width in pixels"
    HEIGHT = "frame height in pixels"
    FRAMES = "frames of this piece"
    SECTION_FRAMES = "33 for each section of 36 that this piece has"
    STEPS = "denoising steps"
    GUIDANCE = "guidance scale"
    FPS = "frames per second, as a number"
    WHOLE_FPS = "frames per second, rounded"
    MOTION_BUCKET = "amount of motion, 0 to 255"
    NOISE_AUG = "noise on the picture, 0 to 1"
    REFERENCE = "the move rendered, frame by frame"
    UNKNOWN = "what of it is made up and to be painted, frame by frame"


class Axes(Enum):
    """How a pipeline keeps its latents."""

    CHANNELS_FIRST = "batch, channels, time, height, width"
    TIME_FIRST = "batch, time, channels, height, width"
    TOKENS = "batch, places, channels"


class Scaling(Enum):
    """How latents of an autoencoder become what its model denoises."""

    MOMENTS = "less the mean of each channel, over its deviation"
    FACTOR = "times one factor"
    INVERSE_FACTOR = "over one factor"


class Rhythm(Enum):
    """Which frames a latent frame stands for, and so which of their masks it gets."""

    GROUPS = "the first frame alone, then groups; a group's first frame speaks for it"
    WIDEST = "likewise, and held wherever any frame of the group is"
    EACH = "every frame by itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Where weights are published, and on what terms.

    Attributes:
        repo: id on the Hugging Face hub.
        revision: the commit that is fetched, 40 hexadecimal digits; empty: none is known, and the
            first fetch pins the one that is current then.
        licence: SPDX name, or the licence's own name.
        licence_page: where it can be read.
        to_accept: whether it sets conditions that a person has to accept once.
        total_bytes: of what is fetched, roughly; 0: not known.
    """

    repo: str
    revision: str
    licence: str
    licence_page: str
    to_accept: bool
    total_bytes: int = 0

    @property
    def page(self) -> str:
        """The repository, for people."""
        return f"https://huggingface.co/{self.repo}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component of a pipeline that its authors publish elsewhere.

    Attributes:
        hub: where, and on what terms.
        folder: of that repository; empty: its root.
        kind: the component's class, as ``library.Class``.
    """

    hub: Hub
    folder: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Latents:
    """How a clip becomes what the model denoises.

    Attributes:
        axes: how the pipeline keeps it.
        scaling: how the autoencoder's output is scaled.
        rhythm: which frames a latent frame stands for.
        first_is_given: whether the pipeline itself holds the first latent frame to the picture.
    """

    axes: Axes
    scaling: Scaling
    rhythm: Rhythm
    first_is_given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToMove:
    """The clocks a model does best with, by what moves; from its authors or by conversion.

    Attributes:
        camera: where the camera moves over the whole picture.
        objects: where regions move of themselves.
    """

    camera: Clocks
    objects: Clocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """How the prompt is taken in.

    Attributes:
        outputs: names of the call's arguments that ``encode_prompt`` returns, in its order;
            empty: the pipeline takes no text, or only together with the picture.
        limit: tokens at most.
        takes_negative: whether a negative prompt means anything to it.
    """

    outputs: tuple[str, ...]
    limit: int
    takes_negative: bool = True


class Offload(Enum):
    """Where weights wait while they are not used."""

    NONE = "on the GPU, all of them"
    MODEL = "in the host's memory, one part of the pipeline at a time on the GPU"
    GROUP = "in the host's memory, a few layers at a time on the GPU"


class Stored(Enum):
    """How the denoiser's weights are kept and multiplied."""

    BF16 = "bfloat16"
    FP8_LAYERWISE = "stored as 8-bit floats, computed in bfloat16"
    INT8 = "8-bit integers (torchao)"
    FP8 = "8-bit floats (torchao)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a model shares out memory under one memory plan.

    Attributes:
        gpu_bytes: what it needs of the GPU at the family's own size and window.
        source: where that figure is from: ``published``, ``measured`` or ``reckoned``.
        offload: where weights wait.
        stored: how the denoiser's weights are kept.
        tiled: whether the autoencoder works in tiles.
    """

    gpu_bytes: int
    source: str
    offload: Offload = Offload.NONE
    stored: Stored = Stored.BF16
    tiled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Distilled:
    """Small weights with which a model needs few steps and no guidance.

    Attributes:
        hub: where they are published.
        files: of the repository, by the denoiser they go onto.
        steps: how many it was distilled to.
        guidance: the scale it was distilled to; 1: none.
        scheduler: class name in diffusers.
        settings: of the scheduler, over the pipeline's own.
    """

    hub: Hub
    files: Mapping[str, str]
    steps: int
    guidance: float
    scheduler: str
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the model was trained for, and does best.

    Attributes:
        size: of a frame.
        frames: of its window: the most that is made in one piece.
        fps: of what it was trained on.
        steps, guidance: of its denoising.
    """

    size: Size
    frames: int
    fps: float
    steps: int
    guidance: float


class Tried(Enum):
    """What of a family ran in this project's tests, on small random weights of its structure."""

    STEERED = "Time-to-Move proven"
    RUN = "runs"
    DECLARED = "declared only"


_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})

OPTIONAL: Final = frozenset({"motion_bucket_id", "noise_aug_strength", "loras", "step_cache"})
"""Fields of ``GenerationParams`` that a family honours only where it says so; whether it honours
the others follows from the rest of its declaration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of video models.

    Attributes:
        name: what a manifest calls it.
        title: what people call it.
        pipeline: class name in diffusers.
        hub: where its weights are.
        parts: components that come from elsewhere, by their name in the pipeline.
        grid: frame counts of one piece.
        multiple: width and height are multiples of it.
        sizes: the only frame sizes it makes; empty: all of the multiple's.
        defaults: what it does best.
        latents: how clips become latents; None where nothing can be held (no hook).
        arguments: what each argument of the call is given.
        fixed: further arguments, as they are.
        text: how the prompt is taken in.
        denoisers: attributes of the pipeline that hold its denoisers, in the order they run.
        controls: the ways it follows a move, its own choice first.
        time_to_move: clocks; None where it does not do that.
        takes: of ``OPTIONAL``, the fields that it honours.
        mag_ratios: what a ``mag`` cache has to be told of these weights, measured; empty: nobody
            did.
        plans: how it shares out memory; those it has.
        distilled: its few-step weights.
        camera_loras: small weights for one kind of move, by the move's ``type``.
        both_ends: whether it can be given the last frame too.
        takes_picture: False for text-to-video.
        overlap: frames that one piece of a long clip continues of the piece before.
        heads: of its denoisers' attention, which several GPUs can share; 0: they cannot (diffusers
            does not divide all that its denoisers are given).
        dtype: torch's name of what it was trained and published in.
        in_float32: components that its authors keep in 32 bits.
        tried: what of it ran in this project's tests, on small random weights.
        notes: for people, a sentence each.
    """

    name: str
    title: str
    pipeline: str
    hub: Hub
    parts: Mapping[str, Part] = field(default_factory=lambda: MappingProxyType({}))
    grid: FrameGrid
    multiple: int
    sizes: tuple[Size, ...] = ()
    defaults: Defaults
    latents: Latents | None
    arguments: Mapping[str, Given]
    fixed: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    text: Text
    denoisers: tuple[str, ...] = ("transformer",)
    controls: tuple[Control, ...] = (Control.TIME_TO_MOVE, Control.NONE)
    time_to_move: TimeToMove | None = None
    takes: frozenset[str] = frozenset()
    mag_ratios: tuple[float, ...] = ()
    plans: Mapping[MemoryPlan, Plan]
    distilled: Distilled | None = None
    camera_loras: Mapping[str, Hub] = field(default_factory=lambda: MappingProxyType({}))
    both_ends: bool = False
    takes_picture: bool = True
    overlap: int = 0
    heads: int = 0
    dtype: str = "bfloat16"
    in_float32: tuple[str, ...] = ()
    tried: Tried = Tried.DECLARED
    notes: tuple[str, ...] = ()

    @property
    def longs(self) -> tuple[Long, ...]:
        """How it makes clips longer than its window, its own way first; empty: it does not."""
        ways = ((Long.SEGMENTS, self.both_ends), (Long.OVERLAP, self.overlap > 0))
        return tuple(way for way, can in ways if can)

    @property
    def clip_grid(self) -> FrameGrid:
        """Frame counts of whole clips: beyond the window where pieces can be put together."""
        window = self.defaults.frames
        if not self.longs:
            return replace(self.grid, most=window)
        if self.grid.least != self.grid.most:
            return replace(self.grid, most=None)
        # Pieces of one length only: each adds what it does not share with the one before.
        shared = 1 if self.longs[0] is Long.SEGMENTS else self.overlap
        return FrameGrid(step=window - shared, offset=shared, least=window)

    def gives(self, what: Given) -> bool:
        """Whether its call has an argument for ``what``."""
        return what in self.arguments.values()
