"""LTX-2, 19 billion parameters: makes sound with the frames, and has weights for camera moves."""

from __future__ import annotations

from typing import Final

from companions.generation_params import Control
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

_SIZE: Final = Size(768, 512)
_LICENCE_PAGE: Final = "https://huggingface.co/Lightricks/LTX-2/blob/main/LICENSE"


def _hub(repo: str, revision: str = "") -> Hub:
    return Hub(
        repo=f"Lightricks/{repo}",
        revision=revision,
        licence="LTX-2 Community License",
        licence_page=_LICENCE_PAGE,
        to_accept=True,
    )


def _camera(move: str) -> Hub:
    """Each repository holds one file, named like it in small letters."""
    return _hub(f"LTX-2-19b-LoRA-Camera-Control-{move}")


FAMILY = Family(
    name="ltx-2",
    title="LTX-2 19B",
    pipeline="LTX2ImageToVideoPipeline",
    hub=_hub("LTX-2", "47da56e2ad66ce4125a9922b4a8826bf407f9d0a"),
    grid=FrameGrid(step=8, offset=1, least=9),
    multiple=32,
    defaults=Defaults(size=_SIZE, frames=121, fps=24.0, steps=30, guidance=3.0),
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
    # The block that its guidance leaves out; diffusers' own choice is for LTX-2.3.
    # The picture as it is: by itself the pipeline squeezes it first, with a package of its own.
    fixed={"spatio_temporal_guidance_blocks": [29], "image_crf": 0},
    text=Text(
        outputs=(
            "prompt_embeds",
            "prompt_attention_mask",
            "negative_prompt_embeds",
            "negative_prompt_attention_mask",
        ),
        limit=1024,
    ),
    controls=(Control.TIME_TO_MOVE, Control.CAMERA_LORA, Control.NONE),
    # By conversion from Wan's: nobody publishes clocks for it.
    time_to_move=_wan.CLOCKS,
    takes=frozenset({"loras"}),
    plans=reckoned(
        Measures(
            denoisers=(18.9,),
            others=(12.2, 1.2),
            width=4096,
            places=places(_SIZE, 121, pixels=32, every=8),
        )
    ),
    overlap=25,
    camera_loras={
        "static": _camera("Static"),
        "zoom_in": _camera("Dolly-In"),
        "push_in": _camera("Dolly-In"),
        "zoom_out": _camera("Dolly-Out"),
        "pull_out": _camera("Dolly-Out"),
        "pan_left": _camera("Dolly-Left"),
        "pan_right": _camera("Dolly-Right"),
        "tilt_up": _camera("Jib-Up"),
        "tilt_down": _camera("Jib-Down"),
    },
    tried=Tried.STEERED,
    notes=(
        "The sound that it makes is dropped: clips of this fleet are silent.",
        (
            "Its camera weights carry the camera along (dolly, jib) where the operator's words say "
            "zoom, pan and tilt: the nearest there is, and it does not follow the rectangles."
        ),
    ),
)
