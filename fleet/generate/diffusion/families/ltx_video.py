"""LTX-Video, 2 billion parameters: small, fast, a coarse autoencoder."""

from __future__ import annotations

from typing import Final

from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.families import _wan
from fleet.generate.diffusion.family import (
    Axes,
    Defaults,
    Family,
    Given,
    Hub,
    Latents,
    Rhythm,
    Scaling,
    Text,
    Tried,
)
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(704, 512)

FAMILY = Family(
    name="ltx-video",
    title="LTX-Video 2B",
    pipeline="LTXImageToVideoPipeline",
    hub=Hub(
        repo="Lightricks/LTX-Video",
        revision="8984fa25007f376c1a299016d0957a37a2f797bb",
        licence="LTX-Video Open Weights License",
        licence_page="https://huggingface.co/Lightricks/LTX-Video",
        to_accept=True,
    ),
    grid=FrameGrid(step=8, offset=1, least=9),
    multiple=32,
    defaults=Defaults(size=_SIZE, frames=161, fps=25.0, steps=50, guidance=3.0),
    latents=Latents(
        axes=Axes.TOKENS, scaling=Scaling.MOMENTS, rhythm=Rhythm.GROUPS, first_is_given=True
    ),
    arguments={
        "image": Given.PICTURE,
        "height": Given.HEIGHT,
        "width": Given.WIDTH,
        "num_frames": Given.FRAMES,
        "frame_rate": Given.FPS,
        "num_inference_steps": Given.STEPS,
        "guidance_scale": Given.GUIDANCE,
    },
    text=Text(
        outputs=(
            "prompt_embeds",
            "prompt_attention_mask",
            "negative_prompt_embeds",
            "negative_prompt_attention_mask",
        ),
        limit=128,
    ),
    # By conversion from Wan's: nobody publishes clocks for it.
    time_to_move=_wan.CLOCKS,
    takes=frozenset({"loras", "step_cache"}),
    plans=reckoned(
        Measures(
            denoisers=(1.9,),
            others=(4.76, 0.9),
            width=2048,
            places=places(_SIZE, 161, pixels=32, every=8),
        )
    ),
    overlap=25,
    tried=Tried.STEERED,
)
