"""CogVideoX image-to-video, 5 billion parameters: one size, one length."""

from __future__ import annotations

from typing import Final

from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.families import _cogvideox
from fleet.generate.diffusion.family import Defaults, Family, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(720, 480)

FAMILY = Family(
    name="cogvideox-5b-i2v",
    title="CogVideoX 5B I2V",
    pipeline="CogVideoXImageToVideoPipeline",
    hub=_cogvideox.hub(
        "CogVideoX-5b-I2V",
        "a6f0f4858a8395e7429d82493864ce92bf73af11",
        total_bytes=21_600_000_000,
    ),
    # It has learned where each place of a clip of this size and length is, and knows no other.
    grid=FrameGrid(step=4, offset=1, least=49, most=49),
    multiple=16,
    sizes=(_SIZE,),
    defaults=Defaults(size=_SIZE, frames=49, fps=8.0, steps=50, guidance=6.0),
    latents=_cogvideox.LATENTS,
    arguments=_cogvideox.ARGUMENTS,
    text=_cogvideox.TEXT,
    time_to_move=_cogvideox.CLOCKS,
    takes=frozenset({"loras", "step_cache"}),
    plans=reckoned(
        Measures(denoisers=(5.6,), others=_cogvideox.OTHERS, width=3072, places=places(_SIZE, 49))
    ),
    overlap=17,
    tried=Tried.STEERED,
)
