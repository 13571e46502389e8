"""Few steps: a model's step-distilled weights, and the schedule they were distilled on.

The schedule is half of it.  Distilled weights know the noise levels of a few steps and no others;
the same number of steps from another scheduler, or from the right one with another shift, passes
through levels that they never saw, and the clip is ruined without a word.  So the scheduler comes
from the declaration with the weights, and goes with them.
"""

from __future__ import annotations

import copy
from typing import Any

from companions.generation_params import GenerationParams, Speed
from fleet.generate.diffusion.family import Defaults, Distilled, Family


def chosen(family: Family, params: GenerationParams) -> Distilled | None:
    """The family's few-step weights, where the shot asks for them."""
    return family.distilled if params.speed is Speed.DISTILLED else None


def guidance_of(family: Family, params: GenerationParams) -> float:
    """The guidance scale: the manifest's, the one it was distilled to, or its own."""
    if params.guidance is not None:
        return params.guidance
    few: Distilled | Defaults | None = chosen(family, params)
    return few.guidance if few is not None else family.defaults.guidance


def scheduler_for(own: Any, few: Distilled | None) -> Any:
    """A scheduler for one run: ``own``, which never ran, without the state of earlier runs; or that
    of ``few``."""
    if few is None:
        return copy.deepcopy(own)  # a tenth of the time of making it anew from its settings
    import diffusers

    settings = dict(few.settings)
    return getattr(diffusers, few.scheduler).from_config(own.config, **settings)
