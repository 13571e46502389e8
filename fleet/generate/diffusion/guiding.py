"""What a model is held to: the move rendered, where it is to be held, and by which clocks.

The reference is frame by frame what the desk's preview shows.  Where only the camera moves, all
that the picture shows is held; where regions move of themselves, these are; what neither shows is
the model's to paint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from companions.generation_params import GenerationParams
from companions.masks import Mask
from companions.picture import Pixels
from companions.reference import Reference
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion.clocks import Clocks, Window, window
from fleet.generate.diffusion.family import TimeToMove
from fleet.generate.diffusion.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Conditioned:
    """A shot as frames to be held to.

    Attributes:
        frames: the move rendered, (height, width, 3) uint8.
        held: what of each is held, (height, width) uint8, 255 for all of the pixel.
        invented: what of each the picture does not show, likewise.
    """

    frames: Sequence[Pixels]
    held: Sequence[Mask]
    invented: Sequence[Mask]


def conditioned(request: GenerateRequest) -> Conditioned:
    """The reference of ``request`` and its masks."""
    reference = Reference(
        request.picture,
        request.path,
        request.objects,
        output=request.output,
        at=request.move_fractions,
        masks=request.masks,
    )
    frames = [reference.frame(index) for index in range(reference.count)]
    held = [frame.moved if request.objects else frame.known for frame in frames]
    return Conditioned(
        [frame.pixels for frame in frames], held, [frame.invented for frame in frames]
    )


def clocks_of(params: GenerationParams, own: TimeToMove, *, objects: bool) -> Clocks:
    """The clocks as noise: the manifest's, else the model's own for what moves."""
    best = own.objects if objects else own.camera
    weak = params.weak_clock if params.weak_clock is not None else best.weak
    strong = params.strong_clock if params.strong_clock is not None else best.strong
    return Clocks(weak=weak, strong=min(weak, strong))


def window_of(params: GenerationParams, clocks: Clocks, schedule: Schedule) -> Window:
    """The steps of ``schedule`` at which the clocks strike; given steps are taken as they are."""
    found = window(clocks, schedule.fractions)
    begin = found.begin if params.tweak_index is None else params.tweak_index
    end = found.end if params.tstrong_index is None else params.tstrong_index
    return Window(begin, max(begin, end))
