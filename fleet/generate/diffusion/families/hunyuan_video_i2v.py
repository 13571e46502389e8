"""HunyuanVideo image-to-video, 13 billion parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from companions.geometry import Size
from fleet.generate.diffusion.families import _hunyuan, _wan
from fleet.generate.diffusion.family import Defaults, Family, Given, Text, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(1280, 720)

FAMILY = Family(
    name="hunyuan-video-i2v",
    title="HunyuanVideo I2V 13B",
    pipeline="HunyuanVideoImageToVideoPipeline",
    hub=_hunyuan.hub("HunyuanVideo-I2V", "", model="HunyuanVideo-I2V"),
    grid=_hunyuan.GRID,
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=129, fps=24.0, steps=50, guidance=6.0),
    latents=replace(_hunyuan.LATENTS, first_is_given=True),
    arguments={
        "image": Given.PICTURE,
        "height": Given.HEIGHT,
        "width": Given.WIDTH,
        "num_frames": Given.FRAMES,
        "num_inference_steps": Given.STEPS,
        # Distilled into the model: it is told the scale, and needs no second run.
        "guidance_scale": Given.GUIDANCE,
    },
    # The text encoder reads the picture with the prompt.
    text=Text(outputs=(), limit=256, takes_negative=False),
    # By conversion from Wan's: nobody publishes clocks for it.
    time_to_move=_wan.CLOCKS,
    takes=frozenset({"loras"}),
    plans=reckoned(
        Measures(denoisers=(12.8,), others=(8.3, 0.12, 0.25), width=3072, places=places(_SIZE, 129))
    ),
    overlap=17,
    tried=Tried.STEERED,
    notes=(_hunyuan.ABROAD,),
)
