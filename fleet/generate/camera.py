"""The embedded generator: renders the move itself, sub-pixel, with no model and no GPU.

The default of every shot: what it makes is the operator's rectangles and nothing else, in a few
milliseconds a frame.  A preset is its rectangles: a flat picture has no depth to travel through.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from companions.generation_params import GenerationParams
from companions.motion import Move
from companions.picture import Pixels
from companions.rendition import rendered
from companions.timing import FrameGrid
from fleet.errors import ParameterRefused
from fleet.generate.base import GenerateRequest, ModelCard

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

    def check_here(self) -> None:
        """Nothing can be missing."""

    def unload(self) -> None:
        """Nothing is held."""

    def check(self, params: GenerationParams, move: Move) -> None:
        """Refuse what only video models know: ignoring it would be a lie.

        Raises:
            ParameterRefused: names the first field that is set for them: a parameter of
                diffusion, memory plans, or objects that move by themselves.
        """
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
        if move.objects:
            names = ", ".join(moving.name for moving in move.objects)
            raise ParameterRefused(
                field="motion.objects",
                what=f"camera moves the window over the picture and nothing in it ({names}); "
                f"remove the objects or name another model",
            )

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        """Yield one frame for each fraction; the next is rendered only when asked for.

        Equal requests give equal bytes.  Borders of the picture are repeated where the move
        touches them, never black.
        """
        return rendered(
            request.picture, request.path, request.move_fractions, output=request.output
        )
