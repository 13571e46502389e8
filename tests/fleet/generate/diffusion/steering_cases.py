"""Every pipeline that can be steered, with every kind of scheduler it takes: how it is called, and
what of its denoiser's input is the clip."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from fleet.generate.diffusion.family import Axes, Scaling
from fleet.generate.diffusion.latents import scaled
from fleet.generate.diffusion.layouts import LAYOUTS
from fleet.generate.diffusion.steering import Guide, Steered, Step
from tests.fleet.generate.diffusion import tiny

STEPS: Final = 8


@dataclass(frozen=True)
class Case:
    """One pipeline with one scheduler.

    Attributes:
        shape: of its clip: channels, latent frames, height, width.
        per_step: how often a denoiser is called for one step.
        beside: whether the denoiser sees more channels after the clip's own.
        asked: of its call, besides the picture.
        scheduler: class name in diffusers, and settings over its own; empty: its own.
    """

    name: str
    build: Callable[[], Any]
    shape: tuple[int, int, int, int]
    axes: Axes = Axes.CHANNELS_FIRST
    first_is_given: bool = False
    per_step: int = 2
    asked: dict[str, Any] = field(default_factory=dict)
    scheduler: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def pipeline(self) -> Any:
        import diffusers

        made = self.build()
        if self.scheduler:
            kind = getattr(diffusers, self.scheduler)
            made.scheduler = kind.from_config(made.scheduler.config, **self.settings)
        made.set_progress_bar_config(disable=True)
        return made

    def clip_of(self, named: dict[str, Any], args: Sequence[Any]) -> torch.Tensor:
        """Of what the denoiser is given, the clip: [1, channels, time, height, width]."""
        seen: torch.Tensor = named["hidden_states"] if "hidden_states" in named else args[0]
        channels, *places = self.shape
        if self.axes is Axes.TOKENS:
            return seen[:1].transpose(1, 2).reshape(1, channels, *places).clone()
        if self.axes is Axes.TIME_FIRST:
            seen = seen.transpose(1, 2)
        # Two latent frames may be one patch: those before the clip's own are led in.
        return seen[:1, :channels, -places[0] :].clone()

    def result_of(self, made: torch.Tensor, vae: Any) -> torch.Tensor:
        """The latents that a run gives, as they were denoised."""
        if self.axes is Axes.TIME_FIRST:
            return made.transpose(1, 2)
        if self.axes is not Axes.TOKENS:
            return made
        if made.dim() == 3:
            return made.transpose(1, 2).reshape(1, *self.shape)
        return scaled(vae, made, scaling=Scaling.MOMENTS)


@dataclass
class Ran:
    """What one run saw and made: the denoiser's inputs, step by step, its calls, and the result."""

    inputs: list[torch.Tensor]
    calls: int
    result: torch.Tensor
    steered: Steered | None
    told: list[int]


def picture() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def run(
    case: Case,
    pipeline: Any,
    *,
    guide: Guide | None = None,
    steered: bool = True,
    steps: int = STEPS,
    after: Callable[[Step], None] = lambda _: None,
    asked: dict[str, Any] | None = None,
) -> Ran:
    """One run to its latents, with one fixed seed."""
    denoisers = [
        part
        for name in ("transformer", "transformer_2", "unet")
        if (part := getattr(pipeline, name, None)) is not None
    ]
    inputs: list[torch.Tensor] = []
    hooks = [
        part.register_forward_pre_hook(
            lambda _, args, named: inputs.append(case.clip_of(named, args)), with_kwargs=True
        )
        for part in denoisers
    ]
    told: list[int] = []

    def tell(step: Step) -> None:
        told.append(step.index)
        after(step)

    held = Steered(pipeline, layout=LAYOUTS[case.axes], guide=guide, tell=tell) if steered else None
    try:
        with torch.inference_mode(), held or nullcontext():
            made = pipeline(
                image=picture(), num_inference_steps=steps, output_type="latent",
                generator=torch.Generator().manual_seed(0),
                **{**case.asked, **(asked or {})},
            )  # fmt: skip
    finally:
        for hook in hooks:
            hook.remove()
    result = case.result_of(made.frames, pipeline.vae)
    return Ran(inputs[:: case.per_step], len(inputs), result, held, told)


@dataclass
class Truth:
    """What the scheduler itself says of the same run when nothing holds it: its noise, and how a
    clip looks before each of its steps."""

    scheduler: Any
    noise: torch.Tensor
    scale: float

    @classmethod
    def of(cls, case: Case, pipeline: Any, *, steps: int = STEPS) -> Truth:
        free = run(case, pipeline, steered=False, steps=steps)
        scheduler = copy.deepcopy(pipeline.scheduler)
        # Forget where the run got to: steps are then looked up by their time.
        scheduler._step_index = scheduler._begin_index = None
        return cls(scheduler, free.inputs[0], 1.0)

    def clip_before(self, step: int, clip: torch.Tensor) -> torch.Tensor:
        """``clip`` with noise as the denoiser is to see it before ``step``."""
        time = self.scheduler.timesteps[step : step + 1]
        name = type(self.scheduler).__name__
        if name == "FlowMatchEulerDiscreteScheduler":
            return torch.as_tensor(self.scheduler.scale_noise(clip, time, self.noise))
        if name == "EulerDiscreteScheduler":
            # What the denoiser sees first is the noise, scaled as inputs are: by one over the root
            # of sigma squared plus one, and the noise itself was scaled by that root.
            sigma = float(self.scheduler.sigmas[step])
            root: float = (sigma**2 + 1.0) ** 0.5
            return (clip + sigma * self.noise) / root
        return torch.as_tensor(self.scheduler.add_noise(clip, self.noise, time))


_TEXT: Final = {"prompt": "a calm sea", "height": 64, "width": 64, "num_frames": 9}
_SHORT: Final = {**_TEXT, "max_sequence_length": 8}
_EULER: Final = {
    "scheduler": "FlowMatchEulerDiscreteScheduler",
    "settings": {"shift": 5.0, "use_dynamic_shifting": False},
}
_DPM: Final = {
    "scheduler": "DPMSolverMultistepScheduler",
    "settings": {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": 5.0},
}
_FEW: Final = {
    "scheduler": "UniPCMultistepScheduler",
    "settings": {"solver_order": 1, "disable_corrector": list(range(STEPS))},
}
_THIRD: Final = {"scheduler": "UniPCMultistepScheduler", "settings": {"solver_order": 3}}


def _wan(name: str, **more: Any) -> Case:
    settings: dict[str, Any] = {"shape": (16, 3, 8, 8), "asked": dict(_SHORT), **more}
    return Case(name, tiny.TINY[name.partition("/")[0]], **settings)


CASES: Final[Sequence[Case]] = (
    _wan("wan-2.2-i2v-a14b"),
    _wan("wan-2.2-i2v-a14b/third order", **_THIRD),
    _wan("wan-2.2-i2v-a14b/few steps", **_FEW),
    _wan("wan-2.2-i2v-a14b/euler", **_EULER),
    _wan("wan-2.2-i2v-a14b/dpm", **_DPM),
    _wan("wan-2.1-i2v-14b-480p"),
    _wan("wan-2.1-flf2v-14b", asked={**_SHORT, "last_image": picture()}),
    _wan("wan-2.2-ti2v-5b", shape=(48, 3, 4, 4), first_is_given=True),
    _wan("skyreels-v2-i2v-14b"),
    Case(
        "hunyuan-video-i2v/replaced", partial(tiny.hunyuan, replaced=True), (4, 3, 8, 8),
        first_is_given=True, per_step=1, asked=dict(_TEXT),
    ),
    Case(
        "hunyuan-video-i2v/beside", partial(tiny.hunyuan, replaced=False), (4, 3, 8, 8),
        per_step=1, asked=dict(_TEXT),
    ),
    Case(
        "hunyuan-video-1.5-i2v", tiny.TINY["hunyuan-video-1.5-i2v"], (4, 3, 4, 4),
        asked={
            # Embedded already: its own prompts are a thousand places long.
            **{f"{which}prompt_embeds": torch.zeros(1, 8, 16) for which in ("", "negative_")},
            **{f"{which}prompt_embeds_mask": torch.ones(1, 8) for which in ("", "negative_")},
            **{f"{which}prompt_embeds_2": torch.zeros(1, 4, 32) for which in ("", "negative_")},
            **{f"{which}prompt_embeds_mask_2": torch.ones(1, 4) for which in ("", "negative_")},
            "num_frames": 9,
        },
    ),
    *(
        Case(
            f"cogvideox-5b-i2v/{kind}", partial(tiny.cogvideox, scheduler=kind),
            (4, 3, 8, 8), axes=Axes.TIME_FIRST, per_step=1, asked=dict(_TEXT),
        )
        for kind in ("CogVideoXDDIMScheduler", "CogVideoXDPMScheduler")
    ),
    *(
        Case(
            f"cogvideox-1.5-5b-i2v/{kind}",
            partial(tiny.cogvideox, newer=True, scheduler=kind),
            (4, 3, 8, 8), axes=Axes.TIME_FIRST, per_step=1, asked=dict(_TEXT),
        )
        for kind in ("CogVideoXDDIMScheduler", "CogVideoXDPMScheduler")
    ),
    Case(
        "svd-xt", tiny.TINY["svd-xt"], (4, 5, 8, 8), axes=Axes.TIME_FIRST, per_step=1,
        asked={"height": 64, "width": 64, "num_frames": 5},
    ),
    Case(
        "ltx-video", tiny.TINY["ltx-video"], (8, 2, 2, 4), axes=Axes.TOKENS, per_step=1,
        first_is_given=True, asked={**_TEXT, "width": 128},
    ),
    Case(
        "ltx-2", tiny.TINY["ltx-2"], (4, 2, 2, 4), axes=Axes.TOKENS, per_step=3,
        first_is_given=True, asked={**_SHORT, "width": 128, "image_crf": 0},
    ),
)  # fmt: skip
