"""CogVideoX 1.5 image-to-video, 5 billion parameters: larger, longer, 16 frames a second."""

from __future__ import annotations

from typing import Final

from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.families import _cogvideox
from fleet.generate.diffusion.family import Defaults, Family, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(1360, 768)

FAMILY = Family(
    name="cogvideox-1.5-5b-i2v",
    title="CogVideoX 1.5 5B I2V",
    pipeline="CogVideoXImageToVideoPipeline",
    hub=_cogvideox.hub("CogVideoX1.5-5B-I2V", "46c90528707aebbe69066390b4fe7e7d24c9c2a4"),
    grid=FrameGrid(step=16, offset=1, least=17),
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=81, fps=16.0, steps=50, guidance=6.0),
    latents=_cogvideox.LATENTS,
    arguments=_cogvideox.ARGUMENTS,
    text=_cogvideox.TEXT,
    time_to_move=_cogvideox.CLOCKS,
    takes=frozenset({"loras", "step_cache"}),
    plans=reckoned(
        Measures(
            # Two latent frames are one place here.
            denoisers=(5.6,),
            others=_cogvideox.OTHERS,
            width=3072,
            places=places(_SIZE, 81, every=8),
        )
    ),
    overlap=17,
    tried=Tried.STEERED,
    notes=("Its authors' sizes have one side of 768 pixels and the other of 768 to 1360.",),
)
