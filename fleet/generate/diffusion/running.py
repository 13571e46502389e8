"""One piece of a clip: the pipeline's call, its arguments from the family's declaration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from companions.geometry import Size
from companions.picture import Pixels
from fleet.generate.diffusion.family import Family, Given
from fleet.generate.diffusion.layouts import LAYOUTS, ChannelsFirst
from fleet.generate.diffusion.steering import Guide, Steered, Step


@dataclass(frozen=True, slots=True)
class Piece:
    """What one run of a pipeline is to make.

    Attributes:
        picture: its first frame.
        last: its last frame, for models that take it; None: wherever the model goes.
        frames: how many.
        size: of each.
        steps, guidance: of the denoising.
        seed: of its noise.
        fps: the rate at which the frames are meant to be shown.
        prompt, negative_prompt: text.
    """

    picture: Pixels
    last: Pixels | None
    frames: int
    size: Size
    steps: int
    guidance: float
    seed: int
    fps: float
    prompt: str
    negative_prompt: str


def run(
    pipeline: Any,
    family: Family,
    piece: Piece,
    *,
    guide: Guide | None,
    stopped: Callable[[], bool],
    tell: Callable[[Step], None],
) -> tuple[list[Pixels], Steered]:
    """The frames of ``piece``, and how the run went.

    Raises:
        Stopped: it was called off.
    """
    layout = LAYOUTS[family.latents.axes] if family.latents else ChannelsFirst()
    given = {
        Given.PICTURE: Image.fromarray(piece.picture),
        Given.LAST_PICTURE: None if piece.last is None else Image.fromarray(piece.last),
        Given.WIDTH: piece.size.width,
        Given.HEIGHT: piece.size.height,
        Given.FRAMES: piece.frames,
        Given.STEPS: piece.steps,
        Given.GUIDANCE: piece.guidance,
        Given.FPS: piece.fps,
        Given.WHOLE_FPS: round(piece.fps),
    }
    arguments = {name: given[what] for name, what in family.arguments.items()}
    with (
        torch.inference_mode(),
        Steered(pipeline, layout=layout, guide=guide, stopped=stopped, tell=tell) as steered,
    ):
        made = pipeline(
            **arguments,
            **family.fixed,
            prompt=piece.prompt,
            negative_prompt=piece.negative_prompt,
            generator=torch.Generator("cpu").manual_seed(piece.seed),
            output_type="np",
        )
    return [_pixels(frame) for frame in made.frames[0]], steered


def _pixels(frame: Any) -> Pixels:
    return np.asarray(np.rint(np.clip(frame, 0.0, 1.0) * 255.0), dtype=np.uint8)
