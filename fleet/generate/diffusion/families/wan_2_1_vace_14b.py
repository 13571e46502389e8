"""Wan 2.1 VACE, 14 billion parameters: continues what is known of a clip, and paints the rest."""

from __future__ import annotations

from typing import Final

from companions.generation_params import Control
from companions.geometry import Size
from fleet.generate.diffusion.families import _wan
from fleet.generate.diffusion.family import Defaults, Family, Given, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(832, 480)

FAMILY = Family(
    name="wan-2.1-vace-14b",
    title="Wan 2.1 VACE 14B",
    pipeline="WanVACEPipeline",
    hub=_wan.hub("Wan2.1-VACE-14B-diffusers", "db79b90c60bbb45ceec9e41b9d5a4df934538ac4"),
    grid=_wan.GRID,
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=81, fps=16.0, steps=50, guidance=5.0),
    latents=_wan.LATENTS,
    arguments={
        **{name: given for name, given in _wan.ARGUMENTS.items() if given is not Given.PICTURE},
        "video": Given.REFERENCE,
        "mask": Given.UNKNOWN,
    },
    text=_wan.TEXT,
    controls=(Control.VACE,),
    takes=frozenset({"loras"}),
    plans=reckoned(
        Measures(
            denoisers=(17.3,),
            others=(_wan.TEXT_ENCODER, 0.13),
            width=5120,
            places=places(_SIZE, 81),
        )
    ),
    in_float32=("vae",),
    tried=Tried.RUN,
    notes=("The move rendered is all that it is given; the picture is its first frame.",),
)
