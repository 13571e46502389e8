"""Wan 2.2 image-to-video, two experts of 14 billion parameters each."""

from __future__ import annotations

from companions.generation_params import Control, MemoryPlan
from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.clocks import Clocks
from fleet.generate.diffusion.family import (
    Axes,
    Defaults,
    Distilled,
    Family,
    Given,
    Hub,
    Latents,
    Offload,
    Plan,
    Rhythm,
    Scaling,
    Stored,
    Text,
    TimeToMove,
)

FAMILY = Family(
    name="wan-2.2-i2v-a14b",
    title="Wan 2.2 I2V A14B",
    pipeline="WanImageToVideoPipeline",
    hub=Hub(
        repo="Wan-AI/Wan2.2-I2V-A14B-Diffusers",
        revision="596658fd9ca6b7b71d5057529bbf319ecbc61d74",
        licence="Apache-2.0",
        licence_page="https://huggingface.co/Wan-AI/Wan2.2-I2V-A14B",
        to_accept=False,
    ),
    grid=FrameGrid(step=4, offset=1, least=5),
    multiple=16,
    defaults=Defaults(size=Size(832, 480), frames=81, fps=16.0, steps=40, guidance=3.5),
    latents=Latents(
        axes=Axes.CHANNELS_FIRST, scaling=Scaling.MOMENTS, rhythm=Rhythm.GROUPS
    ),
    arguments={
        "image": Given.PICTURE,
        "height": Given.HEIGHT,
        "width": Given.WIDTH,
        "num_frames": Given.FRAMES,
        "num_inference_steps": Given.STEPS,
        "guidance_scale": Given.GUIDANCE,
    },
    text=Text(outputs=("prompt_embeds", "negative_prompt_embeds"), limit=512),
    denoisers=("transformer", "transformer_2"),
    controls=(Control.TIME_TO_MOVE, Control.NONE),
    # The authors' 2/5 and 3/7 of 50 steps at a shift of 5, as noise.
    time_to_move=TimeToMove(
        camera=Clocks(weak=0.992, strong=0.978), objects=Clocks(weak=0.987, strong=0.968)
    ),
    takes=frozenset({"speed", "step_cache", "long", "gpus_per_shot"}),
    plans={
        MemoryPlan.CINEMA: Plan(gpu_bytes=72 * 1024**3, source="reckoned"),
        MemoryPlan.BALANCED: Plan(
            gpu_bytes=38 * 1024**3, source="reckoned", offload=Offload.MODEL, tiled=True
        ),
        MemoryPlan.FAST: Plan(
            gpu_bytes=22 * 1024**3, source="reckoned", offload=Offload.MODEL,
            stored=Stored.FP8_LAYERWISE, tiled=True,
        ),
    },
    distilled=Distilled(
        hub=Hub(
            repo="lightx2v/Wan2.2-Lightning",
            revision="18bccf8884ec0a078eed79785eb4ef13ea16ce1e",
            licence="Apache-2.0",
            licence_page="https://huggingface.co/lightx2v/Wan2.2-Lightning",
            to_accept=False,
        ),
        files={
            "transformer": "Wan2.2-I2V-A14B-4steps-lora-rank64-Seko-V1/"
            "high_noise_model.safetensors",
            "transformer_2": "Wan2.2-I2V-A14B-4steps-lora-rank64-Seko-V1/"
            "low_noise_model.safetensors",
        },
        steps=4,
        guidance=1.0,
        # Euler in the Wan pipeline makes another grid than the one distilled on; UniPC of the
        # first order without its corrector is Euler on the right one.
        scheduler="UniPCMultistepScheduler",
        settings={
            "prediction_type": "flow_prediction",
            "use_flow_sigmas": True,
            "flow_shift": 5.0,
            "solver_order": 1,
            "disable_corrector": [0, 1, 2, 3],
        },
    ),
    overlap=17,
)  # fmt: skip
