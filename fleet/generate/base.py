"""What a generator is: it makes the frames of one shot from its picture and move.

Backends implement ``Generator``; ``registry.generator(name)`` finds them; every backend passes
the contract suite in ``tests/contracts``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from companions.camera import CameraPath
from companions.generation_params import GenerationParams
from companions.geometry import Size
from companions.masks import Mask
from companions.motion import Move
from companions.picture import Pixels
from companions.timing import FrameGrid
from companions.trajectory import ObjectTrajectory
from companions.video_meta import ConditioningUsed


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the making of one shot is, for people: ``done`` of ``steps`` denoising steps of
    piece ``piece`` (from 1) of ``pieces``."""

    done: int
    steps: int
    piece: int = 1
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One shot, ready to generate.

    Attributes:
        picture: the keyframe, upright sRGB, (height, width, 3) uint8, read-only.
        path: the move with its stops and turns, rectangles already grown to the output's aspect.
        move_fractions: for each frame to make, the fraction (0..1) of the move it shows.
        output: frame size in pixels.
        prompt, negative_prompt: text for models that take it.
        params: the shot's parameters, as validated by ``check``.
        fps: the rate at which the generated frames are meant to be shown.
        objects: regions of the picture that go ways of their own beneath the camera's move.
        masks: of the objects whose region is a mask, by the object's name, as ``read_mask`` gives
            them.
        memory_plan: the one to use of those the shot allows; empty: the generator's own.
        stopped: whether the work was called off; to be asked between steps that take longer than
            a second, so that nothing is computed for nobody.
        tell: called after each step of what takes long.
        used: called once, when it is known, with how the model was held to the move.
    """

    picture: Pixels
    path: CameraPath
    move_fractions: Sequence[float]
    output: Size
    prompt: str
    negative_prompt: str
    params: GenerationParams
    fps: float = 24.0
    objects: Sequence[ObjectTrajectory] = ()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    memory_plan: str = ""
    stopped: Callable[[], bool] = lambda: False
    tell: Callable[[Progress], None] = lambda _: None
    used: Callable[[ConditioningUsed], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a meta says of the generator: name, pinned revision, weight hashes, licence."""

    name: str
    revision: str
    licence: str
    weights_sha256: dict[str, str]


class Generator(Protocol):
    """Makes frames.  Holds its model between shots; one instance serves one worker."""

    @property
    def card(self) -> ModelCard:
        """Who made the frames, for the meta."""
        ...

    @property
    def grid(self) -> FrameGrid:
        """The frame counts this generator can make."""
        ...

    @property
    def memory_bytes(self) -> int:
        """Memory that its loaded model holds, of the GPU where it uses one; known before it is
        loaded; 0 for a generator without a model."""
        ...

    def check_here(self) -> None:
        """Refuse early what this machine cannot run: a package, weights or a consent is missing.

        Asked of the machine that is to generate, never of one that only takes submissions in.

        Raises:
            ExtraMissing, WeightsMissing, WeightsRefused, LicenceNotAccepted.
        """
        ...

    def unload(self) -> None:
        """Let go of its model and of the memory it holds; the next shot loads it again."""
        ...

    def check(self, params: GenerationParams, move: Move) -> None:
        """Refuse parameters, and parts of the move, that this generator cannot honour.

        Cheap, loads nothing, needs neither weights nor a GPU.

        Raises:
            ParameterRefused: names the field and what is possible.
        """
        ...

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        """Yield exactly ``len(request.move_fractions)`` frames, (height, width, 3) uint8 sRGB.

        The same request yields the same bytes on the same kind of machine.  Memory held is
        bounded by the model's own needs, not by the number of frames, where the model allows.
        """
        ...
