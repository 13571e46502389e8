"""The two networks of Real-ESRGAN, as layers of torch whose keys are those of the tables.

Each is split where the picture grows: ``trunk`` works at the size of its grid and looks far
around, ``tail`` makes pixels from what the trunk found and looks at almost nothing around.  So
the large half can be made piece by piece, exactly, where memory would not hold it whole.

Pictures are (1, 3, height, width), RGB, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from fleet.upscale.realesrgan.tables import Compact, Dense, Structure

_SLOPE: Final = 0.2
"""Of every leaky rectifier."""
_RESIDUAL: Final = 0.2
"""What a dense block, and a block of three, adds to what it was given."""


class Network(Protocol):
    """What the tiling needs to know of a network."""

    grid: int
    """Pixels of the frame, each way, for one of the trunk's."""
    factor: int
    """Pixels of the result, each way, for one of the frame."""
    reach: int
    """How far around itself the trunk looks, in pixels of its grid."""
    tail_reach: int
    """How far around itself the tail looks, in pixels of the trunk's grid."""

    def folded(self, picture: Tensor) -> Tensor:
        """``picture``, sides whole multiples of ``grid``, on the trunk's grid."""
        ...

    def trunk(self, folded: Tensor) -> Tensor:
        """What is found in it, on the same grid."""
        ...

    def tail(self, found: Tensor, folded: Tensor) -> Tensor:
        """The enlarged picture of a part of what was found, and that part of the folded picture."""
        ...


class DenseBlock(nn.Module):
    """Five convolutions, each given what all before it were given and made."""

    def __init__(self, structure: Dense) -> None:
        super().__init__()
        wide, growth = structure.features, structure.growth
        for step in range(1, 6):
            given, made = wide + (step - 1) * growth, wide if step == 5 else growth
            self.add_module(f"conv{step}", nn.Conv2d(given, made, 3, padding=1))

    def forward(self, found: Tensor) -> Tensor:
        """``found`` and a fifth of what the block makes of it."""
        *inner, last = self.children()
        known = found
        for convolution in inner:
            made = functional.leaky_relu(convolution(known), _SLOPE, inplace=True)
            known = torch.cat((known, made), dim=1)
        return torch.add(found, last(known), alpha=_RESIDUAL)


class Block(nn.Module):
    """Three dense blocks in a row."""

    def __init__(self, structure: Dense) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(structure) for _ in range(3))

    def forward(self, found: Tensor) -> Tensor:
        """``found`` and a fifth of what the three make of it."""
        return torch.add(found, self.rdb3(self.rdb2(self.rdb1(found))), alpha=_RESIDUAL)


class DenseNetwork(nn.Module):
    """RRDBNet: see ``tables.Dense``."""

    # The last of the four convolutions after the growth is 3 pixels of the result from what it
    # needs, those are 3 of twice the grid, and those are 2 of the grid.
    tail_reach = 2

    def __init__(self, structure: Dense) -> None:
        super().__init__()
        wide = structure.features
        self.factor, self.grid = structure.factor, 4 // structure.factor
        self.reach = 15 * structure.blocks + 2
        self.conv_first = nn.Conv2d(structure.channels, wide, 3, padding=1)
        self.body = nn.Sequential(*(Block(structure) for _ in range(structure.blocks)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (
            nn.Conv2d(wide, wide, 3, padding=1) for _ in range(4)
        )
        self.conv_last = nn.Conv2d(wide, 3, 3, padding=1)

    def folded(self, picture: Tensor) -> Tensor:
        """Every ``grid`` x ``grid`` pixels as channels of one."""
        return picture if self.grid == 1 else functional.pixel_unshuffle(picture, self.grid)

    def trunk(self, folded: Tensor) -> Tensor:
        """Features."""
        first: Tensor = self.conv_first(folded)
        return first.add(self.conv_body(self.body(first)))

    def tail(self, found: Tensor, folded: Tensor) -> Tensor:  # noqa: ARG002  the protocol's
        """Twice doubled, each time smoothed; then brought to three channels."""
        for convolution in (self.conv_up1, self.conv_up2):
            found = functional.interpolate(found, scale_factor=2, mode="nearest")
            found = functional.leaky_relu(convolution(found), _SLOPE, inplace=True)
        found = functional.leaky_relu(self.conv_hr(found), _SLOPE, inplace=True)
        made: Tensor = self.conv_last(found)
        return made


class CompactNetwork(nn.Module):
    """SRVGGNetCompact: see ``tables.Compact``."""

    grid = 1
    tail_reach = 0

    def __init__(self, structure: Compact) -> None:
        super().__init__()
        self.factor = structure.factor
        self.reach = structure.convolutions + 2
        self.body = nn.Sequential()
        given = 3
        for _ in range(structure.convolutions + 1):
            self.body.append(nn.Conv2d(given, structure.features, 3, padding=1))
            self.body.append(nn.PReLU(structure.features))
            given = structure.features
        self.body.append(nn.Conv2d(given, 3 * structure.factor**2, 3, padding=1))

    def folded(self, picture: Tensor) -> Tensor:
        """As it is."""
        return picture

    def trunk(self, folded: Tensor) -> Tensor:
        """All pixels of the result, still as channels of one, without the picture itself."""
        made: Tensor = self.body(folded)
        return made

    def tail(self, found: Tensor, folded: Tensor) -> Tensor:
        """Shuffled into place, on top of the picture enlarged by repeating its pixels."""
        base = functional.interpolate(folded, scale_factor=self.factor, mode="nearest")
        return functional.pixel_shuffle(found, self.factor) + base


def network(structure: Structure, state: Mapping[str, Tensor]) -> DenseNetwork | CompactNetwork:
    """The network of ``structure`` with the tensors ``state``, which are its table's, for use
    only: nothing in it can be trained."""
    with torch.device("meta"):  # no memory, and no random numbers, for what is replaced at once
        made = (
            DenseNetwork(structure) if isinstance(structure, Dense) else CompactNetwork(structure)
        )
    made.load_state_dict(state, assign=True)
    return made.eval().requires_grad_(requires_grad=False)
