"""HunyuanVideo 1.5 image-to-video for 480p, 8.3 billion parameters."""

from __future__ import annotations

from typing import Final

from companions.geometry import Size
from fleet.generate.diffusion.families import _hunyuan, _wan
from fleet.generate.diffusion.family import Defaults, Family, Given, Text, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(848, 480)

FAMILY = Family(
    name="hunyuan-video-1.5-i2v",
    title="HunyuanVideo 1.5 I2V 480p",
    pipeline="HunyuanVideo15ImageToVideoPipeline",
    hub=_hunyuan.hub("HunyuanVideo-1.5-Diffusers-480p_i2v", "", model="HunyuanVideo-1.5"),
    grid=_hunyuan.GRID,
    multiple=16,
    sizes=_hunyuan.sizes(640),
    # The scale is the one its guider is published with; the call takes none.
    defaults=Defaults(size=_SIZE, frames=121, fps=24.0, steps=50, guidance=6.0),
    latents=_hunyuan.LATENTS,
    arguments={
        "image": Given.PICTURE,
        "num_frames": Given.FRAMES,
        "num_inference_steps": Given.STEPS,
    },
    text=Text(
        outputs=(
            "prompt_embeds",
            "prompt_embeds_mask",
            "prompt_embeds_2",
            "prompt_embeds_mask_2",
        ),
        limit=1000,
    ),
    # By conversion from Wan's: nobody publishes clocks for it.
    time_to_move=_wan.CLOCKS,
    plans=reckoned(
        Measures(
            denoisers=(8.3,), others=(7.1, 0.2, 0.43, 1.26), width=2048, places=places(_SIZE, 121)
        )
    ),
    overlap=17,
    tried=Tried.STEERED,
    notes=(
        _hunyuan.ABROAD,
        (
            "It chooses the frame's size by the picture's shape: only the sizes that it then makes "
            "are taken."
        ),
        "The one distilled to few steps is a model of its own: see hunyuan-video-1.5-i2v-fast.",
    ),
)
