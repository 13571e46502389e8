"""The embedded generator: renders the move itself, sub-pixel, with no model and no GPU.

The default of every shot: what it makes is the operator's rectangles and nothing else, in a few
milliseconds a frame.  A preset is its rectangles: a flat picture has no depth to travel through,
unless the shot has a depth map: then the camera moves through space, and what that uncovers is
filled in from around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Final

from companions.generation_params import GenerationParams
from companions.motion import Move
from companions.picture import Pixels
from companions.rendition import rendered
from companions.timing import FrameGrid
from fleet.errors import ParameterRefused
from fleet.generate.base import GenerateRequest, ModelCard, Need, Piece
from fleet.generate.referenced import reference_frames

_FOR_ALL: Final = frozenset({"model", "fps", "num_frames", "width", "height", "seed"})
_FOR_DIFFUSION: Final = tuple(
    name
    for name in GenerationParams.model_fields
    if name not in _FOR_ALL and name != "memory_plans"
)


class Camera:
    """Generator that shows the keyframe through the moving window, and nothing else."""

    @property
    def card(self) -> ModelCard:
        """Name ``camera``, revision the version of motionfleet, no weights."""
        return ModelCard(
            name="camera",
            revision=version("motionfleet"),
            licence="Apache-2.0",
            weights_sha256={},
        )

    @property
    def grid(self) -> FrameGrid:
        """Any count, down to a single frame."""
        return FrameGrid(least=1)

    @property
    def memory_bytes(self) -> int:
        """None: it has no model."""
        return 0

    def needs(self, params: GenerationParams, *, move_type: str) -> Sequence[Need]:
        """None: it has no model."""
        del params, move_type
        return ()

    def check_here(self, need: Need) -> None:
        """Nothing can be missing."""

    def how(self, params: GenerationParams, *, memory_plan: str, move_type: str) -> str:
        """In one way on every machine."""
        del params, memory_plan, move_type
        return ""

    def unload(self) -> None:
        """Nothing is held."""

    def check(
        self,
        params: GenerationParams,
        move: Move,
        *,
        prompt: str = "",
        negative_prompt: str = "",
    ) -> None:
        """Refuse what only video models know: ignoring it would be a lie.

        Raises:
            ParameterRefused: names the first field that is set for them: a parameter of
                diffusion, memory plans, or objects that move by themselves.
        """
        del prompt, negative_prompt  # it shows what is there, and invents nothing
        for name in _FOR_DIFFUSION:
            if getattr(params, name) not in {None, ()}:
                raise ParameterRefused(
                    field=f"generation_params.{name}",
                    what=f"camera renders the move itself and takes no {name}; "
                    f"remove it or name another model",
                )
        if params.memory_plans:
            raise ParameterRefused(
                field="generation_params.memory_plans",
                what="camera has no model and no memory plans; remove them or name another model",
            )
        if move.reference is not None:
            raise ParameterRefused(
                field="motion.reference",
                what="camera renders the rectangles and is held to no clip; name a video model",
            )
        if move.objects:
            names = ", ".join(moving.name for moving in move.objects)
            raise ParameterRefused(
                field="motion.objects",
                what=f"camera moves the window over the picture and nothing in it ({names}); "
                f"remove the objects or name another model",
            )

    def pieces(self, params: GenerationParams, frames: int) -> Sequence[Piece]:
        """One: every frame is rendered by itself, and none costs enough to be kept."""
        del params
        return [Piece(0, frames)]

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        """Yield one frame for each fraction; the next is rendered only when asked for.

        Equal requests give equal bytes.  Borders of the picture are repeated where the move
        touches them, never black.
        """
        piece = request.piece or Piece(0, len(request.move_fractions))
        shown = request.move_fractions[piece.begin : piece.end]
        if request.depth is not None:
            through_space = replace(request, move_fractions=shown, piece=None)
            return (frame.pixels for frame in reference_frames(through_space))
        return rendered(request.picture, request.path, shown, output=request.output)
