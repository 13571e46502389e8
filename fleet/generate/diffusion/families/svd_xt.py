"""Stable Video Diffusion XT: a picture and an amount of motion, no text."""

from __future__ import annotations

from typing import Final

from companions.generation_params import Control
from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.clocks import Clocks
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
    TimeToMove,
    Tried,
)
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(1024, 576)
# The authors of Time-to-Move run it from 16 to 21 of 50 steps, whatever moves.
_CLOCKS: Final = Clocks(weak=0.987, strong=0.969)

FAMILY = Family(
    name="svd-xt",
    title="Stable Video Diffusion XT",
    pipeline="StableVideoDiffusionPipeline",
    hub=Hub(
        repo="stabilityai/stable-video-diffusion-img2vid-xt",
        revision="9e43909513c6714f1bc78bcb44d96e733cd242aa",
        licence="Stability AI Community License",
        licence_page="https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt"
        "/blob/main/LICENSE.md",
        to_accept=True,
    ),
    grid=FrameGrid(least=2),
    # Eight pixels a latent, halved three times on the way through the denoiser.
    multiple=64,
    defaults=Defaults(size=_SIZE, frames=25, fps=7.0, steps=25, guidance=3.0),
    latents=Latents(axes=Axes.TIME_FIRST, scaling=Scaling.FACTOR, rhythm=Rhythm.EACH),
    arguments={
        "image": Given.PICTURE,
        "height": Given.HEIGHT,
        "width": Given.WIDTH,
        "num_frames": Given.FRAMES,
        "num_inference_steps": Given.STEPS,
        # Of the last frame; the first has 1, those between lie between.
        "max_guidance_scale": Given.GUIDANCE,
        # The pipeline itself takes off the one by which the model was trained.
        "fps": Given.WHOLE_FPS,
        "motion_bucket_id": Given.MOTION_BUCKET,
        "noise_aug_strength": Given.NOISE_AUG,
    },
    fixed={"decode_chunk_size": 8},
    text=Text(outputs=(), limit=0, takes_negative=False),
    denoisers=("unet",),
    controls=(Control.TIME_TO_MOVE, Control.MOTION_BUCKET, Control.NONE),
    time_to_move=TimeToMove(camera=_CLOCKS, objects=_CLOCKS),
    takes=frozenset({"motion_bucket_id", "noise_aug_strength"}),
    plans=reckoned(
        Measures(
            denoisers=(1.5,),
            others=(0.63,),
            width=320,
            places=places(_SIZE, 25, pixels=8, every=1),
        )
    ),
    overlap=8,
    dtype="float16",
    tried=Tried.STEERED,
    notes=(
        "Trained on clips of 25 frames; other counts run, and nobody says how well.",
        "It takes no text: a prompt of the manifest is for other models.",
    ),
)
