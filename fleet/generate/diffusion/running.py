"""One piece of a clip: the pipeline's call, its arguments from the family's declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from companions.generation_params import StepCache
from companions.geometry import Size
from companions.picture import Pixels
from fleet.errors import BackendFailed
from fleet.generate.diffusion.caches import Caching
from fleet.generate.diffusion.family import Family, Given
from fleet.generate.diffusion.layouts import LAYOUTS, ChannelsFirst
from fleet.generate.diffusion.placing import denoisers
from fleet.generate.diffusion.splitting import Share, Split
from fleet.generate.diffusion.steering import Guide, Steered, Step

SECTION_FRAMES: Final = 33
"""Frames that FramePack counts for each of its sections, whatever their fades add."""


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
        cache: what is not computed again from step to step.
        more: further arguments of the call, over those that the family declares.
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
    cache: StepCache | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def run(
    pipeline: Any,
    family: Family,
    piece: Piece,
    *,
    guide: Guide | None,
    stopped: Callable[[], bool],
    tell: Callable[[Step], None],
    share: Share | None = None,
) -> tuple[list[Pixels], Steered]:
    """The frames of ``piece``, and how the run went.

    ``share``: this process's part in it, where several make them together; only the first of them
    has the frames.

    Raises:
        Stopped: it was called off.
        BackendFailed: the model gave no numbers.
        AttentionUnavailable: what computes attention cannot be shared.
    """
    layout = LAYOUTS[family.latents.axes] if family.latents else ChannelsFirst()
    parts = list(denoisers(pipeline, family))
    caching = Caching(parts, cache=piece.cache)
    split: AbstractContextManager[object] = nullcontext()
    if share is not None:
        split = Split(parts, share=share)
    mine = share is None or share.rank == 0

    def stepped(step: Step) -> None:
        caching.after(done=step.index + 1, held=steered.window.end, steps=step.steps)
        tell(step)

    steered = Steered(pipeline, layout=layout, guide=guide, stopped=stopped, tell=stepped)
    with torch.inference_mode(), split, caching, steered:
        made = pipeline(
            **arguments(pipeline, family, piece),
            generator=torch.Generator("cpu").manual_seed(piece.seed),
            output_type="np" if mine else "latent",
        )
    if not mine:
        return [], steered
    frames = made.frames[0]
    if not np.isfinite(frames).all():
        raise BackendFailed(backend=family.name, what="its frames hold NaN or infinity")
    return [_pixels(frame) for frame in frames], steered


def sections(family: Family, frames: int) -> int:
    """How many times a pipeline denoises to make so many frames: more than once where it makes
    them section by section itself."""
    return (frames - 1) // family.grid.step if family.gives(Given.SECTION_FRAMES) else 1


def arguments(pipeline: Any, family: Family, piece: Piece) -> dict[str, Any]:
    """What the pipeline's call is given for ``piece``, but for its noise."""
    given = {
        Given.PICTURE: Image.fromarray(piece.picture),
        Given.LAST_PICTURE: None if piece.last is None else Image.fromarray(piece.last),
        Given.WIDTH: piece.size.width,
        Given.HEIGHT: piece.size.height,
        Given.FRAMES: piece.frames,
        Given.SECTION_FRAMES: SECTION_FRAMES * sections(family, piece.frames),
        Given.STEPS: piece.steps,
        Given.GUIDANCE: piece.guidance,
        Given.FPS: piece.fps,
        Given.WHOLE_FPS: round(piece.fps),
    }
    call: dict[str, Any] = {
        name: given[what] for name, what in family.arguments.items() if what in given
    }
    taken = inspect.signature(pipeline.__call__).parameters
    text = {
        "prompt": piece.prompt,
        "negative_prompt": piece.negative_prompt if family.text.takes_negative else None,
        "max_sequence_length": family.text.limit,
    }
    call |= {name: value for name, value in text.items() if name in taken and value}
    if "prompt" in taken:
        call["prompt"] = piece.prompt
    return {**call, **family.fixed, **piece.more}


def _pixels(frame: Any) -> Pixels:
    return np.asarray(np.rint(np.clip(frame, 0.0, 1.0) * 255.0), dtype=np.uint8)
