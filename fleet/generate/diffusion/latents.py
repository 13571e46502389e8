"""From frames and masks to latents: how each autoencoder shrinks a clip in space and time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from companions.masks import Mask
from companions.picture import Pixels
from fleet.generate.diffusion.family import Rhythm, Scaling


def clip_tensor(frames: Iterable[Pixels]) -> torch.Tensor:
    """Frames as models take them: [1, 3, time, height, width], -1..1, float32."""
    stacked = np.stack([np.asarray(frame) for frame in frames])
    clip = torch.from_numpy(stacked).permute(3, 0, 1, 2).unsqueeze(0)
    return clip.float().div_(127.5).sub_(1.0)


@torch.inference_mode()
def encoded(vae: Any, clip: torch.Tensor, *, scaling: Scaling, rhythm: Rhythm) -> torch.Tensor:
    """The latents of ``clip``, as the model denoises them, [1, channels, time, height, width].

    The middle of the encoder's distribution, never a sample of it: equal clips, equal latents.
    """
    clip = clip.to(device=vae.device, dtype=vae.dtype)
    if rhythm is Rhythm.EACH:
        made = vae.encode(clip[0].transpose(0, 1)).latent_dist.mode()
        latents = made.transpose(0, 1).unsqueeze(0)
    else:
        latents = vae.encode(clip).latent_dist.mode()
    latents = latents.float()
    if scaling is Scaling.MOMENTS:
        mean = _by_channel(_moment(vae, "latents_mean"), latents)
        deviation = _by_channel(_moment(vae, "latents_std"), latents)
        scaled: torch.Tensor = (latents - mean) / deviation
        return scaled
    factor = float(vae.config.scaling_factor)
    scaled = latents / factor if scaling is Scaling.INVERSE_FACTOR else latents * factor
    return scaled


def latent_mask(
    masks: Iterable[Mask], *, shape: tuple[int, int, int], rhythm: Rhythm
) -> torch.Tensor:
    """Where the reference is held, 0 or 1, [1, 1, time, height, width], after the authors' code.

    Args:
        masks: one for each frame, (height, width) uint8, 255 for all of the pixel.
        shape: of the latents: time, height, width.
        rhythm: how they stand for frames.
    """
    held = torch.from_numpy(np.stack([np.asarray(mask) for mask in masks])).float() / 255.0
    time, height, width = shape
    small = torch.nn.functional.interpolate(
        held.unsqueeze(0), size=(height, width), mode="nearest"
    )[0]
    frames = small.shape[0]
    if rhythm is Rhythm.EACH:
        chosen = small
    else:
        step = (frames - 1) // max(1, time - 1) if time > 1 else 1
        firsts = [0, *range(1, frames, step)][:time]
        if rhythm is Rhythm.GROUPS:
            chosen = small[firsts]
        else:
            ends = [*firsts[1:], frames]
            chosen = torch.stack(
                [small[a:b].amax(dim=0) for a, b in zip(firsts, ends, strict=True)]
            )
    return (chosen > 0.5).float().view(1, 1, time, height, width)


def _moment(vae: Any, name: str) -> npt.NDArray[np.float64] | torch.Tensor:
    # Some keep it as a buffer, some in their configuration.
    held = getattr(vae, name, None)
    return held if held is not None else np.asarray(vae.config[name], dtype=np.float64)


def _by_channel(values: Any, like: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(values).view(1, -1, 1, 1, 1).to(like)
