"""The network as torch trains it; ``fleet.interpolate.refine.network`` is the same for work."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fleet.interpolate.refine.candidates import CHANNELS, SOURCES


class Chooser(nn.Module):
    """From what is told of each pixel to corrections of how far its candidates are believed.

    Input (n, CHANNELS, height, width), sides multiples of 8; output (n, SOURCES, ...).  Its last
    layer starts at zero: untrained, it corrects nothing.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        one, two, four = width, width * 3 // 2, width * 2
        self.fine_in = nn.Conv2d(CHANNELS, one, 3, 2, 1)
        self.fine = nn.Conv2d(one, one, 3, 1, 1)
        self.middle_in = nn.Conv2d(one, two, 3, 2, 1)
        self.middle = nn.Conv2d(two, two, 3, 1, 1)
        self.coarse_in = nn.Conv2d(two, four, 3, 2, 1)
        self.coarse = nn.Conv2d(four, four, 3, 1, 1)
        self.middle_out = nn.Conv2d(four + two, two, 3, 1, 1)
        self.fine_out = nn.Conv2d(two + one, one, 3, 1, 1)
        self.last = nn.Conv2d(one, SOURCES * 4, 3, 1, 1)
        nn.init.zeros_(self.last.weight)
        if self.last.bias is not None:
            nn.init.zeros_(self.last.bias)

    def forward(self, told: Tensor) -> Tensor:
        """Corrections of the logarithms of the candidates' weights."""
        fine = _bend(self.fine(_bend(self.fine_in(told))))
        middle = _bend(self.middle(_bend(self.middle_in(fine))))
        coarse = _bend(self.coarse(_bend(self.coarse_in(middle))))
        middle = _bend(self.middle_out(torch.cat([_doubled(coarse), middle], 1)))
        fine = _bend(self.fine_out(torch.cat([_doubled(middle), fine], 1)))
        corrections: Tensor = functional.pixel_shuffle(self.last(fine), 2)
        return corrections


def _bend(values: Tensor) -> Tensor:
    return functional.leaky_relu(values, 0.1)


def _doubled(values: Tensor) -> Tensor:
    return functional.interpolate(values, scale_factor=2.0, mode="nearest")
