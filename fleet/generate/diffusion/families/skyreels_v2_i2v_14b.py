"""SkyReels-V2 image-to-video, 14 billion parameters on Wan 2.1's structure."""

from __future__ import annotations

from typing import Final

from companions.geometry import Size
from fleet.generate.diffusion.families import _wan
from fleet.generate.diffusion.family import Defaults, Family, Hub, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(960, 544)

FAMILY = Family(
    name="skyreels-v2-i2v-14b",
    title="SkyReels-V2 I2V 14B 540p",
    pipeline="SkyReelsV2ImageToVideoPipeline",
    hub=Hub(
        repo="Skywork/SkyReels-V2-I2V-14B-540P-Diffusers",
        revision="",
        licence="Skywork Community License",
        licence_page="https://huggingface.co/Skywork/SkyReels-V2-I2V-14B-540P-Diffusers",
        to_accept=True,
    ),
    grid=_wan.GRID,
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=97, fps=24.0, steps=50, guidance=5.0),
    latents=_wan.LATENTS,
    arguments=_wan.ARGUMENTS,
    text=_wan.TEXT,
    time_to_move=_wan.CLOCKS,
    takes=frozenset({"loras"}),
    plans=reckoned(
        Measures(
            denoisers=(16.4,),
            others=(_wan.TEXT_ENCODER, _wan.IMAGE_ENCODER, 0.13),
            width=5120,
            places=places(_SIZE, 97),
        )
    ),
    overlap=17,
    in_float32=("vae", "image_encoder"),
    tried=Tried.STEERED,
    notes=(
        (
            "Its diffusion-forcing sister (SkyReels-V2-DF), which continues clips by itself, is "
            "not declared: its pipeline denoises frames at different steps, which no hook here "
            "follows."
        ),
    ),
)
