"""HunyuanVideo 1.5 image-to-video for 480p, distilled to a few steps and no guidance."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleet.generate.diffusion.families import _hunyuan, hunyuan_video_1_5_i2v
from fleet.generate.diffusion.family import Hub, Tried

_FULL: Final = hunyuan_video_1_5_i2v.FAMILY
_HUB: Final[Hub] = _hunyuan.hub(
    "HunyuanVideo-1.5-Diffusers-480p_i2v_step_distilled",
    "854c04a4c8a53d990b418c7478f0802c0fc8c726",
    model="HunyuanVideo-1.5",
)

FAMILY = replace(
    _FULL,
    name="hunyuan-video-1.5-i2v-fast",
    title="HunyuanVideo 1.5 I2V 480p, step-distilled",
    hub=replace(_HUB, total_bytes=34_600_000_000),
    defaults=replace(_FULL.defaults, steps=12, guidance=1.0),
    text=replace(_FULL.text, takes_negative=False),
    tried=Tried.DECLARED,
    notes=(
        _hunyuan.ABROAD,
        "Its authors advise 8 or 12 steps, and say that 4 do with a little loss.",
        "Of its structure the tests have hunyuan-video-1.5-i2v's; its mean flow was not tried.",
    ),
)
