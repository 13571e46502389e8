"""How one run of a model is made to follow the move, by the way that its shot names.

time_to_move   the reference as a guide that the denoising is held to
vace           the reference and what of it is made up, as arguments of the call
motion_bucket  an amount of motion, as an argument
camera_lora    small weights, laid over the model's own before the run
none           the picture alone
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from PIL import Image

from companions.generation_params import Control, GenerationParams, Hold
from companions.masks import Mask
from companions.picture import Pixels
from companions.video_meta import ConditioningUsed
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion import guiding, latents
from fleet.generate.diffusion.clocks import AtNoise, clocks
from fleet.generate.diffusion.family import Family, Given
from fleet.generate.diffusion.guiding import Conditioned
from fleet.generate.diffusion.motion_bucket import motion_bucket
from fleet.generate.diffusion.steering import Guide, Steered
from fleet.generate.diffusion.steering import Hold as HoldLatents

_GREY: Final = 128
"""What is to be painted is shown to VACE in this, the middle of its range, as in its training."""
_SHOWN_WHOLE: Final = frozenset({Control.TIME_TO_MOVE, Control.VACE})


@dataclass(frozen=True, slots=True)
class Conditioning:
    """How a run is held.

    Attributes:
        control: by which way.
        picture, last: the frames that a model is given as its first and its last.
        frames: how many are made.
        arguments: of the pipeline's call, over those that every run has.
        guide: what denoising is held to; None: nothing.
        exact: whether a scheduler that corrects itself leaves alone what is held.
    """

    control: Control
    picture: Pixels
    last: Pixels
    frames: int
    arguments: Mapping[str, Any]
    guide: Guide | None
    exact: bool

    def used(self, steered: Steered) -> ConditioningUsed:
        """What came of it in a run that has ended, for the meta."""
        schedule, window = steered.schedule, steered.window
        made = ConditioningUsed(
            control=self.control.value,
            steps=steered.steps,
            steps_run=steered.steps - window.begin,
        )
        if self.guide is None or schedule is None:
            return made
        struck = clocks(window, schedule.fractions)
        holds = bool(steered.held)
        return made.model_copy(
            update={
                "weak_clock": struck.weak,
                "strong_clock": struck.strong if holds else None,
                "hold": (Hold.EXACT if self.exact else Hold.SOFT).value if holds else "",
                "held_share": self.guide.held_share if holds else None,
            }
        )


def of(request: GenerateRequest, family: Family, pipeline: Any) -> Conditioning:
    """How ``request``, a shot or one piece of it, holds ``pipeline``, which is of ``family``."""
    params = request.params
    control = params.control or family.controls[0]
    at = request.move_fractions
    looked_at = request
    if control not in _SHOWN_WHOLE and not request.before and not _takes_reference(family):
        looked_at = replace(request, move_fractions=[at[0], at[-1]])
    shot = guiding.conditioned(looked_at)
    return Conditioning(
        control=control,
        picture=shot.frames[0],
        last=shot.frames[-1],
        frames=len(at),
        arguments=_arguments(request, family, shot, control=control),
        guide=_guide(params, family, pipeline, shot, control=control),
        exact=params.hold is not Hold.SOFT,
    )


def _arguments(
    request: GenerateRequest, family: Family, shot: Conditioned, *, control: Control
) -> dict[str, Any]:
    params = request.params
    given: dict[Given, Any] = {}
    if _takes_reference(family):
        frames, made_up = shot.frames, [255 - known for known in shot.known]
        for index in range(len(frames)):
            if index < shot.before:
                made_up[index] = np.zeros_like(made_up[index])
            elif index and control is not Control.VACE:
                # The picture is its only frame; the others are all the model's.
                made_up[index] = np.full_like(made_up[index], 255)
        given[Given.REFERENCE] = [Image.fromarray(each) for each in _greyed(frames, made_up)]
        given[Given.UNKNOWN] = [Image.fromarray(mask).convert("RGB") for mask in made_up]
    if params.motion_bucket_id is not None:
        given[Given.MOTION_BUCKET] = params.motion_bucket_id
    elif control is Control.MOTION_BUCKET:
        given[Given.MOTION_BUCKET] = motion_bucket(request)
    if params.noise_aug_strength is not None:
        given[Given.NOISE_AUG] = params.noise_aug_strength
    return {name: given[what] for name, what in family.arguments.items() if what in given}


def _takes_reference(family: Family) -> bool:
    return Given.REFERENCE in family.arguments.values()


def _greyed(frames: Sequence[Pixels], made_up: Sequence[Mask]) -> Sequence[Pixels]:
    pairs = zip(frames, made_up, strict=True)
    return [np.where(mask[:, :, None] > 127, np.uint8(_GREY), frame) for frame, mask in pairs]


def _guide(
    params: GenerationParams, family: Family, pipeline: Any, shot: Conditioned, *, control: Control
) -> Guide | None:
    own, how = family.time_to_move, family.latents
    if how is None or control is Control.VACE:
        return None
    if control is Control.TIME_TO_MOVE and own is not None:
        start, held = guiding.start_of(params, own, shot), guiding.holds_of(params, own, shot)
    else:
        start, held = AtNoise(1.0), guiding.continued(shot)
    if not held:
        return None
    vae = pipeline.vae
    # A pipeline that sends its parts to the GPU and back knows where they are wanted.
    device = getattr(pipeline, "_execution_device", vae.device)
    clip = latents.clip_tensor(shot.frames, device=device, dtype=vae.dtype)
    reference = latents.encoded(vae, clip, scaling=how.scaling, rhythm=how.rhythm)
    shape = (reference.shape[2], reference.shape[3], reference.shape[4])
    holds = [
        HoldLatents(latents.latent_mask(each.masks, shape=shape, rhythm=how.rhythm), each.until)
        for each in held
    ]
    return Guide(
        reference,
        start,
        holds,
        exact=params.hold is not Hold.SOFT,
        first_is_given=how.first_is_given,
    )
