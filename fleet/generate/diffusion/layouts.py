"""How pipelines keep their latents, against [batch, channels, time, height, width]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from fleet.generate.diffusion.family import Axes

if TYPE_CHECKING:
    import torch


class Layout(Protocol):
    """How one kind of pipeline keeps its latents."""

    @property
    def time(self) -> int:
        """Which dimension is time, in what the scheduler steps."""
        ...

    def packed(self, latents: torch.Tensor) -> torch.Tensor:
        """As ``prepare_latents`` returns them."""
        ...

    def unpacked(self, latents: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """The opposite, a copy; ``like`` has the shape that is wanted."""
        ...

    def stepped(self, latents: torch.Tensor) -> torch.Tensor:
        """As the scheduler's ``step`` is given them."""
        ...


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


LAYOUTS: Final[Mapping[Axes, Layout]] = {
    Axes.CHANNELS_FIRST: ChannelsFirst(),
    Axes.TIME_FIRST: TimeFirst(),
    Axes.TOKENS: Tokens(),
}
