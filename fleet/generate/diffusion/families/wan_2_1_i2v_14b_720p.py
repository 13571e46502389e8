"""Wan 2.1 image-to-video, 14 billion parameters, for 720p."""

from __future__ import annotations

from typing import Final

from companions.geometry import Size
from fleet.generate.diffusion.families import _wan
from fleet.generate.diffusion.family import Defaults, Family, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(1280, 720)

FAMILY = Family(
    name="wan-2.1-i2v-14b-720p",
    title="Wan 2.1 I2V 14B 720p",
    pipeline="WanImageToVideoPipeline",
    hub=_wan.hub("Wan2.1-I2V-14B-720P-Diffusers", ""),
    grid=_wan.GRID,
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=81, fps=16.0, steps=50, guidance=5.0),
    latents=_wan.LATENTS,
    arguments=_wan.ARGUMENTS,
    text=_wan.TEXT,
    time_to_move=_wan.CLOCKS,
    takes=frozenset({"loras", "step_cache"}),
    plans=reckoned(
        Measures(
            denoisers=(16.4,),
            others=(_wan.TEXT_ENCODER, _wan.IMAGE_ENCODER, 0.13),
            width=5120,
            places=places(_SIZE, 81),
        )
    ),
    distilled=_wan.lightx2v_2_1(),
    overlap=17,
    heads=40,
    in_float32=("vae", "image_encoder"),
    tried=Tried.STEERED,
)
