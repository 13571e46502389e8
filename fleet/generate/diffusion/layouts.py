"""How pipelines keep their latents, and how pictures become them: one class for each way."""

from __future__ import annotations

from typing import Any, Final

import torch


class ChannelsFirst:
    """[batch, channels, time, height, width], as Wan, SkyReels and HunyuanVideo."""

    time: Final = 2

    def packed(self, latents: torch.Tensor) -> torch.Tensor:
        """As they are."""
        return latents

    def unpacked(self, latents: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """As they are."""
        del like
        return latents.clone()

    def stepped(self, latents: torch.Tensor) -> torch.Tensor:
        """As they are."""
        return latents


class TimeFirst:
    """[batch, time, channels, height, width], as CogVideoX and Stable Video Diffusion."""

    time: Final = 1

    def packed(self, latents: torch.Tensor) -> torch.Tensor:
        """Time before channels."""
        return latents.transpose(1, 2)

    def unpacked(self, latents: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """Channels before time."""
        del like
        return latents.transpose(1, 2).clone()

    def stepped(self, latents: torch.Tensor) -> torch.Tensor:
        """Time before channels."""
        return latents.transpose(1, 2)


class Tokens:
    """[batch, time * height * width, channels] until it is stepped, as LTX: patches of one."""

    time: Final = 2

    def packed(self, latents: torch.Tensor) -> torch.Tensor:
        """Places become one dimension, channels the last."""
        return latents.flatten(2).transpose(1, 2)

    def unpacked(self, latents: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """The opposite."""
        batch = latents.shape[0]
        return latents.transpose(1, 2).reshape(batch, -1, *like.shape[2:]).clone()

    def stepped(self, latents: torch.Tensor) -> torch.Tensor:
        """As they are."""
        return latents


def moments(values: Any, *, like: torch.Tensor) -> torch.Tensor:
    """A mean or deviation of latents' channels, [1, channels, 1, 1, 1]."""
    return torch.as_tensor(values).view(1, -1, 1, 1, 1).to(like)
