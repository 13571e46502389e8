"""Mochi 1: text-to-video; it is shown no picture."""

from __future__ import annotations

from typing import Final

from companions.generation_params import Control
from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.family import Defaults, Family, Given, Hub, Text, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(848, 480)

FAMILY = Family(
    name="mochi-1",
    title="Mochi 1 preview (text-to-video)",
    pipeline="MochiPipeline",
    hub=Hub(
        repo="genmo/mochi-1-preview",
        revision="14be5fcea23095ed330cb214647916a451e38b6e",
        licence="Apache-2.0",
        licence_page="https://huggingface.co/genmo/mochi-1-preview",
        to_accept=False,
    ),
    grid=FrameGrid(step=6, offset=1, least=7),
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=163, fps=30.0, steps=64, guidance=4.5),
    latents=None,
    arguments={
        "height": Given.HEIGHT,
        "width": Given.WIDTH,
        "num_frames": Given.FRAMES,
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
        limit=256,
    ),
    controls=(Control.NONE,),
    takes=frozenset({"loras", "step_cache"}),
    plans=reckoned(
        Measures(
            denoisers=(10.0,), others=(4.76, 0.46), width=3072, places=places(_SIZE, 163, every=6)
        )
    ),
    takes_picture=False,
    tried=Tried.RUN,
    notes=(
        (
            "It makes frames from the prompt alone: shots whose rectangles move are refused, and "
            "of the others it does not look at the picture."
        ),
    ),
)
