"""IFNet: block by block, from coarse to fine, the flow at an instant between two frames.

Both versions are one network that follows its ``Structure``; the names of its parts are those in
the authors' checkpoints.  Frames are (n, 3, height, width) in 0..1, flows are in pixels.

The convolutions may run in half precision; flow, warping and mixing stay in float32, because a
place on a 1920 pixel wide frame is known to a whole pixel only in sixteen bits.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor, nn

from fleet.interpolate.rife.structure import FLOW, MASK, RESIDUALS, Structure

_SLOPE: Final = 0.2
_HEAD_WIDTH: Final = 16


def _activation() -> nn.LeakyReLU:
    return nn.LeakyReLU(_SLOPE)


class _Residual(nn.Module):
    """A convolution whose result, weighed by channel, is added to what went in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.beta = nn.Parameter(torch.ones(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.conv(x) * self.beta + x, _SLOPE)


class _Block(nn.Module):
    """What is still wrong with the flow, seen ``scale`` times coarser than the frame."""

    def __init__(self, *, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(
            nn.Sequential(nn.Conv2d(inputs, width // 2, 3, stride=2, padding=1), _activation()),
            nn.Sequential(nn.Conv2d(width // 2, width, 3, stride=2, padding=1), _activation()),
        )
        self.convblock = nn.Sequential(*(_Residual(width) for _ in range(RESIDUALS)))
        self.lastconv = nn.Sequential(
            nn.ConvTranspose2d(width, 4 * outputs, 4, stride=2, padding=1), nn.PixelShuffle(2)
        )

    def forward(self, x: Tensor, flow: Tensor | None, *, scale: float) -> tuple[Tensor, Tensor]:
        """The step of the flow, in pixels of the frame, and all other channels, in float32."""
        size = (x.shape[2], x.shape[3])
        x = _resized(x, factor=1.0 / scale)
        if flow is not None:
            x = torch.cat([x, _resized(flow, factor=1.0 / scale) / scale], dim=1)
        dtype = next(self.parameters()).dtype
        x = x.to(dtype=dtype, memory_format=torch.channels_last)
        told = self.lastconv(self.convblock(self.conv0(x))).to(torch.float32)
        told = F.interpolate(told, size=size, mode="bilinear", align_corners=False)
        return told[:, :FLOW] * scale, told[:, FLOW:]


class _Head(nn.Module):
    """What the blocks are told of a frame besides its colours; computed once for a frame."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.cnn0 = nn.Conv2d(3, _HEAD_WIDTH, 3, stride=2, padding=1)
        self.cnn1 = nn.Conv2d(_HEAD_WIDTH, _HEAD_WIDTH, 3, padding=1)
        self.cnn2 = nn.Conv2d(_HEAD_WIDTH, _HEAD_WIDTH, 3, padding=1)
        self.cnn3 = nn.ConvTranspose2d(_HEAD_WIDTH, features, 4, stride=2, padding=1)

    def forward(self, frame: Tensor) -> Tensor:
        x = frame.to(dtype=self.cnn0.weight.dtype, memory_format=torch.channels_last)
        for layer in (self.cnn0, self.cnn1, self.cnn2):
            x = F.leaky_relu(layer(x), _SLOPE)
        features: Tensor = self.cnn3(x)
        return features.to(torch.float32)


class IFNet(nn.Module):
    """The network of one ``Structure``."""

    def __init__(self, structure: Structure) -> None:
        super().__init__()
        self.structure = structure
        self._blocks: list[_Block] = []
        sizes = zip(structure.inputs, structure.widths, strict=True)
        for index, (inputs, width) in enumerate(sizes):
            block = _Block(inputs=inputs, width=width, outputs=structure.outputs)
            self.add_module(f"block{index}", block)
            self._blocks.append(block)
        if structure.features:
            self.encode = _Head(structure.features)

    def features(self, frame: Tensor) -> Tensor:
        """What the head tells of ``frame``; no channels for a version that has none."""
        if not self.structure.features:
            return frame[:, :0]
        told: Tensor = self.encode(frame)
        return told

    def forward(
        self,
        before: Tensor,
        after: Tensor,
        told_before: Tensor,
        told_after: Tensor,
        instants: Tensor,
        *,
        coarser: float = 1.0,
    ) -> Tensor:
        """One frame for each of the n ``instants`` between ``before`` and ``after``.

        Args:
            before: (1, 3, height, width), sides a multiple of ``structure.multiple * coarser``.
            after: likewise.
            told_before: ``features(before)``.
            told_after: likewise.
            instants: (n,), each 0 < t < 1.
            coarser: by how much all blocks look coarser than they were trained to, for frames
                so large that things move further than the network sees; 1, 2 or 4.

        Returns:
            (n, 3, height, width), float32, in 0..1 but for rounding.
        """
        count = instants.shape[0]
        before, after, told_before, told_after = (
            x.expand(count, -1, -1, -1) for x in (before, after, told_before, told_after)
        )
        instant = instants.view(-1, 1, 1, 1).expand(-1, 1, *before.shape[2:])
        first, *later = self._blocks
        scale, *finer = (coarser * scale for scale in self.structure.scales)
        x = torch.cat([before, after, told_before, told_after, instant], dim=1)
        flow, rest = first(x, None, scale=scale)
        for block, scale in zip(later, finer, strict=True):
            known = [
                _warped(before, flow[:, :2]),
                _warped(after, flow[:, 2:]),
                _warped(told_before, flow[:, :2]),
                _warped(told_after, flow[:, 2:]),
                instant,
                rest[:, : MASK + self.structure.carried],  # without what nothing reads
            ]
            step, new = block(torch.cat(known, dim=1), flow, scale=scale)
            flow = flow + step
            rest = rest + new if self.structure.adds_masks else new
        share = torch.sigmoid(rest[:, :MASK])
        return _warped(before, flow[:, :2]) * share + _warped(after, flow[:, 2:]) * (1.0 - share)


def _resized(x: Tensor, *, factor: float) -> Tensor:
    if factor == 1.0:
        return x
    size = (round(x.shape[2] * factor), round(x.shape[3] * factor))
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def _warped(x: Tensor, flow: Tensor) -> Tensor:
    """``x`` seen at every pixel's place plus ``flow``; beyond the border, its edge."""
    if x.shape[1] == 0:
        return x
    height, width = x.shape[2:]
    across = torch.arange(width, device=x.device, dtype=torch.float32)
    down = torch.arange(height, device=x.device, dtype=torch.float32)
    place_x = (across + flow[:, 0]) * (2.0 / (width - 1)) - 1.0
    place_y = (down[:, None] + flow[:, 1]) * (2.0 / (height - 1)) - 1.0
    # Held inside here, and not by padding_mode="border", which Apple's MPS lacks before
    # torch 2.13 (pytorch issue 125098).
    place = torch.stack([place_x, place_y], dim=-1).clamp_(-1.0, 1.0)
    return F.grid_sample(x, place, mode="bilinear", padding_mode="zeros", align_corners=True)
