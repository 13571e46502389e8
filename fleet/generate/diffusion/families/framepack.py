"""FramePack on HunyuanVideo: long clips in sections, from a first picture to a last one."""

from __future__ import annotations

from typing import Final

from companions.generation_params import Control
from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.families import _hunyuan
from fleet.generate.diffusion.family import Defaults, Family, Given, Hub, Part, Text, Tried
from fleet.generate.diffusion.memory import Measures, places, reckoned

_SIZE: Final = Size(832, 480)


_DENOISER: Final = Hub(
    repo="lllyasviel/FramePackI2V_HY",
    revision="86cef4396041b6002c957852daac4c91aaa47c79",
    licence="Tencent Hunyuan Community License",
    licence_page="https://huggingface.co/tencent/HunyuanVideo/blob/main/LICENSE",
    to_accept=True,
)
_REDUX: Final = Hub(
    repo="lllyasviel/flux_redux_bfl",
    revision="45b801affc54ff2af4e5daf1b282e0921901db87",
    licence="FLUX.1 [dev] Non-Commercial License",
    licence_page="https://huggingface.co/black-forest-labs/FLUX.1-Redux-dev/blob/main/LICENSE.md",
    to_accept=True,
)

FAMILY = Family(
    name="framepack",
    title="FramePack I2V (HunyuanVideo 13B)",
    pipeline="HunyuanVideoFramepackPipeline",
    hub=_hunyuan.hub(
        "HunyuanVideo", "e8c2aaa66fe3742a32c11a6766aecbf07c56e773", model="HunyuanVideo"
    ),
    parts={
        "transformer": Part(
            hub=_DENOISER,
            folder="",
            kind="diffusers.HunyuanVideoFramepackTransformer3DModel",
        ),
        "feature_extractor": Part(
            hub=_REDUX, folder="feature_extractor", kind="transformers.SiglipImageProcessor"
        ),
        "image_encoder": Part(
            hub=_REDUX, folder="image_encoder", kind="transformers.SiglipVisionModel"
        ),
    },
    # A section makes 33 frames and joins the next by fading: 36 more each, and the picture.
    grid=FrameGrid(step=36, offset=1, least=37),
    multiple=16,
    defaults=Defaults(size=_SIZE, frames=1801, fps=30.0, steps=30, guidance=9.0),
    latents=None,
    arguments={
        "image": Given.PICTURE,
        "last_image": Given.LAST_PICTURE,
        "height": Given.HEIGHT,
        "width": Given.WIDTH,
        "num_frames": Given.SECTION_FRAMES,
        "num_inference_steps": Given.STEPS,
        "guidance_scale": Given.GUIDANCE,
    },
    text=Text(
        outputs=("prompt_embeds", "pooled_prompt_embeds", "prompt_attention_mask"),
        limit=256,
        takes_negative=False,
    ),
    controls=(Control.NONE,),
    takes=frozenset({"loras"}),
    plans=reckoned(
        Measures(
            denoisers=(12.9,),
            others=(8.0, 0.12, 0.43, 0.25),
            width=3072,
            # One section and what it is shown of those before it.
            places=places(_SIZE, 49),
        )
    ),
    both_ends=True,
    tried=Tried.RUN,
    notes=(
        _hunyuan.ABROAD,
        (
            "It reaches START and END; its way between them is its own: no Time-to-Move, for want "
            "of latents to take hold of."
        ),
        "Its authors make up to 1800 frames in one go.",
        (
            "Its picture encoder comes from a copy of FLUX.1 Redux [dev], whose licence is for "
            "non-commercial use."
        ),
    ),
)
