"""What the families on Wan's denoiser share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from companions.timing import FrameGrid
from fleet.generate.diffusion.clocks import Clocks
from fleet.generate.diffusion.family import (
    Axes,
    Distilled,
    Given,
    Hub,
    Latents,
    Rhythm,
    Scaling,
    Text,
    TimeToMove,
)

GRID: Final = FrameGrid(step=4, offset=1, least=5)
LATENTS: Final = Latents(axes=Axes.CHANNELS_FIRST, scaling=Scaling.MOMENTS, rhythm=Rhythm.GROUPS)
TEXT: Final = Text(outputs=("prompt_embeds", "negative_prompt_embeds"), limit=512)

# The authors' 2/5 and 3/7 of 50 steps at a shift of 5 for Wan 2.2 A14B, as noise.
CLOCKS: Final = TimeToMove(
    camera=Clocks(weak=0.992, strong=0.978), objects=Clocks(weak=0.987, strong=0.968)
)

ARGUMENTS: Final[Mapping[str, Given]] = MappingProxyType(
    {
        "image": Given.PICTURE,
        "height": Given.HEIGHT,
        "width": Given.WIDTH,
        "num_frames": Given.FRAMES,
        "num_inference_steps": Given.STEPS,
        "guidance_scale": Given.GUIDANCE,
    }
)

# The text encoder (UMT5-XXL) and, in Wan 2.1, the picture's (CLIP ViT-H), in billions.
TEXT_ENCODER: Final = 5.7
IMAGE_ENCODER: Final = 0.63

# What its authors publish it under; SkyReels has other terms.
LICENCE: Final = "Apache-2.0"

FOUR_STEPS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "prediction_type": "flow_prediction",
        "use_flow_sigmas": True,
        "flow_shift": 5.0,
        "solver_order": 1,
        "disable_corrector": [0, 1, 2, 3],
    }
)
"""Euler in the Wan pipeline makes another grid than the one distilled on; UniPC of the first order
without its corrector is Euler on the right one."""


def hub(repo: str, revision: str, *, total_bytes: int = 0) -> Hub:
    """A repository of Wan-AI's; its page is where the licence can be read."""
    return Hub(
        repo=f"Wan-AI/{repo}",
        revision=revision,
        licence=LICENCE,
        licence_page=f"https://huggingface.co/Wan-AI/{repo}",
        to_accept=False,
        total_bytes=total_bytes,
    )


def lightx2v(repo: str, revision: str, *, files: Mapping[str, str]) -> Distilled:
    """Weights of the LightX2V project that need four steps and no guidance."""
    return Distilled(
        hub=Hub(
            repo=f"lightx2v/{repo}",
            revision=revision,
            licence=LICENCE,
            licence_page=f"https://huggingface.co/lightx2v/{repo}",
            to_accept=False,
        ),
        files=files,
        steps=4,
        guidance=1.0,
        scheduler="UniPCMultistepScheduler",
        settings=FOUR_STEPS,
    )


def lightx2v_2_1() -> Distilled:
    """For Wan 2.1's image-to-video models of both sizes: the authors derive their model for 720p
    from that for 480p."""
    return lightx2v(
        "Wan2.1-I2V-14B-480P-StepDistill-CfgDistill-Lightx2v",
        "fef288b326f4fed6d2983b9800c35363da31fcfe",
        files={
            "transformer": "loras/Wan21_I2V_14B_lightx2v_cfg_step_distill_lora_rank64.safetensors"
        },
    )
