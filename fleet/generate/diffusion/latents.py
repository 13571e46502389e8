"""From frames and masks to latents: how each autoencoder shrinks a clip in space and time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch

from companions.masks import Mask
from companions.picture import Pixels
from fleet.generate.diffusion.family import Rhythm, Scaling

_AT_ONCE: Final = 4
"""Frames that an autoencoder without a sense of time encodes together."""


def clip_tensor(
    frames: Sequence[Pixels],
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """Frames as models take them: [1, 3, time, height, width], -1..1.

    Filled frame by frame: no more than one is held in float32 besides.
    """
    height, width = frames[0].shape[:2]
    clip = torch.empty((1, 3, len(frames), height, width), device=device, dtype=dtype)
    for index, frame in enumerate(frames):
        # A copy: pixels may be read-only, and torch does not know of that.
        pixels = torch.from_numpy(np.array(frame)).permute(2, 0, 1)
        clip[0, :, index] = pixels.float().div_(255.0).mul_(2.0).sub_(1.0).to(clip)
    return clip


@torch.inference_mode()
def encoded(vae: Any, clip: torch.Tensor, *, scaling: Scaling, rhythm: Rhythm) -> torch.Tensor:
    """The latents of ``clip``, as the model denoises them, float32.

    The middle of the encoder's distribution, never a sample of it: equal clips, equal latents.

    Returns:
        [1, channels, time, height, width], where ``clip`` is.
    """
    if rhythm is Rhythm.EACH:
        frames = clip[0].transpose(0, 1)
        few = (frames[i : i + _AT_ONCE] for i in range(0, len(frames), _AT_ONCE))
        parts = [vae.encode(some).latent_dist.mode() for some in few]
        latents = torch.cat(parts).transpose(0, 1).unsqueeze(0)
    else:
        latents = vae.encode(clip).latent_dist.mode()
    return scaled(vae, latents.float(), scaling=scaling)


def scaled(vae: Any, latents: torch.Tensor, *, scaling: Scaling) -> torch.Tensor:
    """What an encoder gave, [1, channels, ...], as its model denoises it."""
    if scaling is Scaling.MOMENTS:
        mean = _by_channel(_moment(vae, "latents_mean"), latents)
        deviation = _by_channel(_moment(vae, "latents_std"), latents)
        return (latents - mean) / deviation
    factor = float(vae.config.scaling_factor)
    return latents / factor if scaling is Scaling.INVERSE_FACTOR else latents * factor


def latent_mask(
    masks: Sequence[Mask], *, shape: tuple[int, int, int], rhythm: Rhythm
) -> torch.Tensor:
    """Where the reference is held, 0 or 1, [1, 1, time, height, width], after the authors' code:
    a latent pixel has the mask of its first pixel, and is held if more than half of that is.

    Args:
        masks: one for each frame, (height, width) uint8, 255 for all of the pixel.
        shape: of the latents: time, height, width.
        rhythm: how they stand for frames.
    """
    time, height, width = shape
    # Each is made small by itself: a long clip's masks are never in memory as numbers.
    small = torch.stack(
        [
            torch.nn.functional.interpolate(
                torch.from_numpy(np.array(mask))[None, None], size=(height, width), mode="nearest"
            )[0, 0]
            for mask in masks
        ]
    )
    first = first_frames(len(masks), latents=time, rhythm=rhythm)
    if rhythm is Rhythm.WIDEST:
        ends = pairwise([*first, len(masks)])
        chosen = torch.stack([small[begin:end].amax(dim=0) for begin, end in ends])
    else:
        chosen = small[first]
    return (chosen > 127).float().view(1, 1, time, height, width)


def first_frames(frames: int, *, latents: int, rhythm: Rhythm) -> list[int]:
    """The first frame that each of ``latents`` latent frames stands for; each stands for all up
    to the next one's."""
    if rhythm is Rhythm.EACH:
        return list(range(latents))
    group = (frames - 1) // (latents - 1) if latents > 1 else 1
    return [0, *range(1, 1 + group * (latents - 1), group)]


def _moment(vae: Any, name: str) -> Any:
    # Some keep it as a buffer, some in their configuration.
    held = getattr(vae, name, None)
    return held if held is not None else vae.config[name]


def _by_channel(values: Any, like: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32).view(1, -1, 1, 1, 1).to(like)
