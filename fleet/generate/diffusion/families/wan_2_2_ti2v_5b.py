"""Wan 2.2 text-and-image-to-video, 5 billion parameters, a coarser autoencoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from companions.geometry import Size
from fleet.generate.diffusion.families import _wan
from fleet.generate.diffusion.family import Defaults, Family, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(1280, 704)

FAMILY = Family(
    name="wan-2.2-ti2v-5b",
    title="Wan 2.2 TI2V 5B",
    pipeline="WanImageToVideoPipeline",
    hub=_wan.hub("Wan2.2-TI2V-5B-Diffusers", "b8fff7315c768468a5333511427288870b2e9635"),
    grid=_wan.GRID,
    multiple=32,
    defaults=Defaults(size=_SIZE, frames=121, fps=24.0, steps=50, guidance=5.0),
    latents=replace(_wan.LATENTS, first_is_given=True),
    arguments=_wan.ARGUMENTS,
    text=_wan.TEXT,
    time_to_move=_wan.CLOCKS,
    takes=frozenset({"loras", "step_cache"}),
    plans=reckoned(
        Measures(
            denoisers=(5.0,),
            others=(_wan.TEXT_ENCODER, 0.7),
            width=3072,
            places=places(_SIZE, 121, pixels=32),
        )
    ),
    overlap=17,
    heads=24,
    in_float32=("vae",),
    tried=Tried.STEERED,
    notes=(
        "FastWan's three steps need a whole model of their own and another sampler: not declared.",
    ),
)
