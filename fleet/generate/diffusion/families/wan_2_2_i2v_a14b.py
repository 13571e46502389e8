"""Wan 2.2 image-to-video, two experts of 14 billion parameters each."""

from __future__ import annotations

from typing import Final

from companions.geometry import Size
from fleet.generate.diffusion.families import _wan
from fleet.generate.diffusion.family import Defaults, Family, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(832, 480)
_LORA: Final = "Wan2.2-I2V-A14B-4steps-lora-rank64-Seko-V1"

FAMILY = Family(
    name="wan-2.2-i2v-a14b",
    title="Wan 2.2 I2V A14B",
    pipeline="WanImageToVideoPipeline",
    hub=_wan.hub(
        "Wan2.2-I2V-A14B-Diffusers",
        "596658fd9ca6b7b71d5057529bbf319ecbc61d74",
        total_bytes=126_000_000_000,
    ),
    grid=_wan.GRID,
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=81, fps=16.0, steps=40, guidance=3.5),
    latents=_wan.LATENTS,
    arguments=_wan.ARGUMENTS,
    text=_wan.TEXT,
    denoisers=("transformer", "transformer_2"),
    time_to_move=_wan.CLOCKS,
    takes=frozenset({"loras", "step_cache"}),
    plans=reckoned(
        Measures(
            denoisers=(14.3, 14.3),
            others=(_wan.TEXT_ENCODER, 0.13),
            width=5120,
            places=places(_SIZE, 81),
        )
    ),
    distilled=_wan.lightx2v(
        "Wan2.2-Lightning",
        "18bccf8884ec0a078eed79785eb4ef13ea16ce1e",
        files={
            "transformer": f"{_LORA}/high_noise_model.safetensors",
            "transformer_2": f"{_LORA}/low_noise_model.safetensors",
        },
    ),
    overlap=17,
    heads=40,
    in_float32=("vae",),
    tried=Tried.STEERED,
    notes=("Sizes up to 1280 x 720 are its authors'; they give 59.7 GB for that on one H100.",),
)
