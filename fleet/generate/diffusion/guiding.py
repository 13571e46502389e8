"""What a model is held to: the move rendered, where it is to be held, and by which clocks.

The reference is frame by frame what the desk's preview shows.  Where only the camera moves, all
that the picture shows is held, by the camera's clocks.  Where regions move of themselves before a
still camera, these are held and nothing else: what is around them is the model's to bring to life.
Where both move, objects lie over the camera's frame and every cell has the clock of what it shows.
What the picture does not show is nobody's, and the model's to paint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from companions.generation_params import GenerationParams
from companions.masks import Mask
from companions.picture import Pixels
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion.clocks import END, AtNoise, AtStep, Moment
from fleet.generate.diffusion.family import TimeToMove
from fleet.generate.referenced import reference_frames


@dataclass(frozen=True, slots=True)
class Held:
    """What of each frame is held, and until when; (height, width) uint8, 255 for all of it."""

    masks: Sequence[Mask]
    until: Moment


@dataclass(frozen=True, slots=True)
class Conditioned:
    """A shot, or a piece of one, as frames to be held to.

    Attributes:
        frames: the move rendered, (height, width, 3) uint8; the first ``before`` of them are the
            last of the piece that this one continues.
        moved: where objects are, of each frame; empty where none moves.
        known: what the picture shows, of each frame.
        before: how many frames are another piece's.
        camera_moves: whether the window does.
    """

    frames: Sequence[Pixels]
    moved: Sequence[Mask]
    known: Sequence[Mask]
    before: int
    camera_moves: bool


def conditioned(request: GenerateRequest) -> Conditioned:
    """The reference of ``request`` and its masks."""
    made = list(reference_frames(request))
    before = list(request.before)
    return Conditioned(
        frames=[*before, *(frame.pixels for frame in made[len(before) :])],
        moved=[frame.moved for frame in made] if request.objects or request.given else [],
        known=[frame.known for frame in made],
        before=len(before),
        # A reference that was given comes with a mask that says all there is to hold.
        camera_moves=request.given is None and _moves(request),
    )


def start_of(params: GenerationParams, own: TimeToMove, shot: Conditioned) -> Moment:
    """The weak clock: the manifest's, else the model's own for what moves.

    Where camera and objects move, the one with more noise.  Cells that are held past it are put
    back whatever it is; it decides for the others, which need the noise to be painted anew.
    """
    if params.tweak_index is not None:
        return AtStep(params.tweak_index)
    if params.weak_clock is not None:
        return AtNoise(params.weak_clock)
    if not shot.moved:
        return AtNoise(own.camera.weak)
    if not shot.camera_moves:
        return AtNoise(own.objects.weak)
    return AtNoise(max(own.camera.weak, own.objects.weak))


def holds_of(params: GenerationParams, own: TimeToMove, shot: Conditioned) -> Sequence[Held]:
    """What is held, by the strong clocks: the manifest's one, else the model's own for each.

    What another piece made is held to the end.
    """
    given: Moment | None = None
    if params.tstrong_index is not None:
        given = AtStep(params.tstrong_index)
    elif params.strong_clock is not None:
        given = AtNoise(params.strong_clock)
    holds = []
    if shot.moved:
        holds.append(Held(shot.moved, given or AtNoise(own.objects.strong)))
    if shot.camera_moves or not shot.moved:
        holds.append(Held(shot.known, given or AtNoise(own.camera.strong)))
    return [*holds, *continued(shot)]


def continued(shot: Conditioned) -> Sequence[Held]:
    """What another piece made, which is held to the end whatever the rest is held to."""
    if not shot.before:
        return []
    masks = [np.full_like(mask, 255 * (i < shot.before)) for i, mask in enumerate(shot.known)]
    return [Held(masks, END)]


def _moves(request: GenerateRequest) -> bool:
    path, at = request.path, request.move_fractions
    first = (path.window(at[0]), path.rotation_deg(at[0]))
    return any((path.window(u), path.rotation_deg(u)) != first for u in at)
