"""What both generations of CogVideoX share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fleet.generate.diffusion.clocks import Clocks
from fleet.generate.diffusion.family import (
    Axes,
    Given,
    Hub,
    Latents,
    Rhythm,
    Scaling,
    Text,
    TimeToMove,
)

LATENTS: Final = Latents(axes=Axes.TIME_FIRST, scaling=Scaling.FACTOR, rhythm=Rhythm.WIDEST)
TEXT: Final = Text(outputs=("prompt_embeds", "negative_prompt_embeds"), limit=226)

# The authors' 4/9 of 50 steps for CogVideoX-5B, as noise, whatever moves.
_CLOCKS: Final = Clocks(weak=0.960, strong=0.895)
CLOCKS: Final = TimeToMove(camera=_CLOCKS, objects=_CLOCKS)

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

# The text encoder (T5-XXL) and the autoencoder, in billions.
OTHERS: Final = (4.76, 0.22)


def hub(repo: str, revision: str, *, total_bytes: int = 0) -> Hub:
    """A repository of THUDM's, under the model's own licence."""
    return Hub(
        repo=f"THUDM/{repo}",
        revision=revision,
        licence="CogVideoX License",
        licence_page=f"https://huggingface.co/THUDM/{repo}/blob/main/LICENSE",
        to_accept=True,
        total_bytes=total_bytes,
    )
