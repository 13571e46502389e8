"""What a family cannot honour is refused when a manifest comes in, and not after an hour.  Pure."""

from __future__ import annotations

from companions.generation_params import GenerationParams
from companions.motion import Move
from fleet.errors import ParameterRefused
from fleet.generate.diffusion.family import Family


def check(family: Family, params: GenerationParams, move: Move) -> None:
    """Refuse what ``family`` cannot do.

    Raises:
        ParameterRefused: names the field and what is possible.
    """
    del move
    for name in ("width", "height"):
        value = getattr(params, name)
        if value % family.multiple:
            near = max(1, round(value / family.multiple)) * family.multiple
            raise ParameterRefused(
                field=f"generation_params.{name}",
                what=f"{family.name} makes frames in steps of {family.multiple} pixels, and "
                f"{value} is none; the nearest is {near}",
            )
