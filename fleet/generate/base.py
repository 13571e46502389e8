"""What a generator is: it makes the frames of one shot from its picture and move.

Backends implement ``Generator``; ``registry.generator(name)`` finds them; every backend passes
the contract suite in ``tests/contracts``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from companions.camera import CameraPath
from companions.depth_map import Depth
from companions.generation_params import GenerationParams
from companions.geometry import Size
from companions.masks import Mask
from companions.motion import Move
from companions.picture import Pixels
from companions.preset import Preset
from companions.timing import FrameGrid
from companions.trajectory import ObjectTrajectory
from companions.video_meta import ConditioningUsed
from fleet.jobs.progress import Progress

if TYPE_CHECKING:
    # It loads OpenCV, which a listing of generators must not wait for.
    from companions.reference import ReferenceFrame


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames ``begin`` to ``end`` (not included) of a shot, made in one go.

    Attributes:
        begin, end: in frames of the shot; ``end - begin`` is a count the model can make.
        shared: how many of the first are the last of the piece before; 0 for the first piece.
        continues: whether it is made from those frames of the piece before, and so after it;
            else it needs no other piece.
    """

    begin: int
    end: int
    shared: int = 0
    continues: bool = False

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.end - self.begin


class GivenReference(Protocol):
    """A reference that came with the shot as clips, instead of being rendered."""

    def frames(self, at: Sequence[float], *, output: Size) -> Iterator[ReferenceFrame]:
        """Its frame at each of those fractions (0..1) of its time, of the size ``output``.

        ``moved`` is what is held to, ``invented`` the rest.

        Raises:
            PictureRefused: it cannot be read, or is too large.
        """
        ...


@dataclass(frozen=True, slots=True)
class Need:
    """Weights that a shot takes.

    Attributes:
        field: the parameter that asks for them.
        name: what ``fleet models`` calls them; for a LoRA, what settings do.
        lora: whether settings name them, as a LoRA.
    """

    field: str
    name: str
    lora: bool = False


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
        depth: how far away what the picture shows is; None: it is flat.
        preset: what the move is, for one through space; read only together with ``depth``.
        given: the reference, where it is not to be rendered; then nothing else of the move counts.
        memory_plan: the one to use of those the shot allows; empty: the generator's own.
        stopped: whether the work was called off; to be asked between steps that take longer than
            a second, so that nothing is computed for nobody.
        tell: called after each step of what takes long.
        used: called once, when it is known, with how the model was held to the move; where a
            shot is made in pieces, once for each.
        move_type: what kind of move it is, as the manifest calls it.
        piece: make only these frames of the shot, one of ``Generator.pieces``; None: all.
        before: for a piece that continues another, the last ``piece.shared`` frames of that one.
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
    depth: Depth | None = None
    preset: Preset | None = None
    given: GivenReference | None = None
    memory_plan: str = ""
    stopped: Callable[[], bool] = lambda: False
    tell: Callable[[Progress], None] = lambda _: None
    used: Callable[[ConditioningUsed], None] = lambda _: None
    move_type: str = ""
    piece: Piece | None = None
    before: Sequence[Pixels] = ()


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

    def needs(self, params: GenerationParams, *, move_type: str) -> Sequence[Need]:
        """All weights that such a shot takes, of a move of that type.  Cheap, looks at nothing."""
        ...

    def check_here(self, need: Need) -> None:
        """Refuse early what this machine cannot run: a package, the weights, or the consent to
        use them is missing.

        Asked of the machine that is to generate, never of one that only takes submissions in.

        Raises:
            ExtraMissing, WeightsMissing, LoraMissing, WeightsRefused, LicenceNotAccepted.
        """
        ...

    def how(self, params: GenerationParams, *, memory_plan: str, move_type: str) -> str:
        """How this machine would run it, where that changes the frames: the memory plan, the small
        weights that such a shot lays over the model.  Equal words, equal frames.  Loads nothing.

        Raises:
            LoraMissing, WeightsMissing, WeightsRefused: of small weights.
        """
        ...

    def unload(self) -> None:
        """Let go of its model and of the memory it holds; the next shot loads it again."""
        ...

    def check(
        self,
        params: GenerationParams,
        move: Move,
        *,
        prompt: str = "",
        negative_prompt: str = "",
    ) -> None:
        """Refuse parameters, parts of the move and words that this generator cannot honour.

        A prompt comes from the picture's caption by itself, so one that is taken no notice of is
        no lie; a negative prompt is written by somebody who counts on it.

        Cheap, loads nothing, needs neither weights nor a GPU.

        Raises:
            ParameterRefused: names the field and what is possible.
        """
        ...

    def pieces(self, params: GenerationParams, frames: int) -> Sequence[Piece]:
        """How it makes a shot of ``frames`` frames, a count on its grid: in one go, or in pieces
        that can each be asked for by itself.  Cheap, loads nothing.

        Each begins before or where the one before it ends, and the last ends at ``frames``.  The
        frames that two share are the later one's.
        """
        ...

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        """Yield exactly ``len(request.move_fractions)`` frames, (height, width, 3) uint8 sRGB;
        where ``request.piece`` is given, that piece's frames and no others.

        The same request yields the same bytes on the same kind of machine.  Memory held is
        bounded by the model's own needs, not by the number of frames, where the model allows.
        """
        ...
