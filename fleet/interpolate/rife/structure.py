"""How the two versions of the network are built, and the table of their tensors: plain data.

Without torch, so that a file of weights can be checked where no torch is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fleet.weights.tables import Shape, Table

FLOW: Final = 4
"""Channels of a flow: (x, y) to the earlier frame, then (x, y) to the later one, in pixels."""
MASK: Final = 1
RESIDUALS: Final = 8
"""Residual convolutions of a block."""
_HEAD_WIDTH: Final = 16


@dataclass(frozen=True, slots=True)
class Structure:
    """One version of the network.

    Attributes:
        version: as its authors count; 4.25 and 4.26 differ in their weights only.
        widths: channels of each block, the coarsest first.
        scales: how much coarser than the frame each block looks.
        features: what the head tells of each frame, in channels; 0: there is no head.
        carried: what a block hands to the next besides flow and mask, in channels.
        unused: channels a block puts out that nothing reads.
        adds_masks: a block's mask is added to the one before, and does not replace it.
    """

    version: str
    widths: tuple[int, ...]
    scales: tuple[int, ...]
    features: int
    carried: int
    unused: int
    adds_masks: bool

    @property
    def inputs(self) -> tuple[int, ...]:
        """Channels that go into each block: pictures, features and the instant; then flow, mask
        and what is carried as well."""
        first = 2 * (3 + self.features) + 1
        later = first + MASK + self.carried + FLOW
        return (first, *(later for _ in self.widths[1:]))

    @property
    def outputs(self) -> int:
        """Channels that come out of each block."""
        return FLOW + MASK + self.carried + self.unused

    @property
    def multiple(self) -> int:
        """What a frame's sides must be a multiple of: the coarsest block halves them twice more."""
        return 4 * self.scales[0]

    def table(self) -> Table:
        """The shape of every tensor, by its name in the authors' checkpoints."""
        shapes: dict[str, Shape] = {}
        for index, (inputs, width) in enumerate(zip(self.inputs, self.widths, strict=True)):
            shapes |= self._block(f"block{index}", inputs=inputs, width=width)
        if self.features:
            shapes |= _with_bias("encode.cnn0", (_HEAD_WIDTH, 3, 3, 3))
            shapes |= _with_bias("encode.cnn1", (_HEAD_WIDTH, _HEAD_WIDTH, 3, 3))
            shapes |= _with_bias("encode.cnn2", (_HEAD_WIDTH, _HEAD_WIDTH, 3, 3))
            shapes |= _transposed("encode.cnn3", (_HEAD_WIDTH, self.features, 4, 4))
        return shapes

    def _block(self, name: str, *, inputs: int, width: int) -> dict[str, Shape]:
        shapes = _with_bias(f"{name}.conv0.0.0", (width // 2, inputs, 3, 3))
        shapes |= _with_bias(f"{name}.conv0.1.0", (width, width // 2, 3, 3))
        for index in range(RESIDUALS):
            shapes[f"{name}.convblock.{index}.beta"] = (1, width, 1, 1)
            shapes |= _with_bias(f"{name}.convblock.{index}.conv", (width, width, 3, 3))
        return shapes | _transposed(f"{name}.lastconv.0", (width, 4 * self.outputs, 4, 4))


def _with_bias(name: str, shape: Shape) -> dict[str, Shape]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _transposed(name: str, shape: Shape) -> dict[str, Shape]:
    """As ``_with_bias``; a transposed convolution puts its inputs first."""
    return {f"{name}.weight": shape, f"{name}.bias": shape[1:2]}


V4_6: Final = Structure(
    "4.6", widths=(192, 128, 96, 64), scales=(8, 4, 2, 1),
    features=0, carried=0, unused=1, adds_masks=True,
)  # fmt: skip
V4_25: Final = Structure(
    "4.25", widths=(192, 128, 96, 64, 32), scales=(16, 8, 4, 2, 1),
    features=4, carried=8, unused=0, adds_masks=False,
)  # fmt: skip

STRUCTURES: Final[Mapping[str, tuple[Structure, ...]]] = {
    "rife": (V4_25, V4_6),
    "rife-4.6": (V4_6,),
    "rife-4.25": (V4_25,),
    "rife-4.26": (V4_25,),
}
"""What a file of weights may be of, by the interpolator's name in a manifest."""
