"""What the files of Real-ESRGAN's weights hold: keys and shapes of each published model.

Plain data, so that a file can be looked at and refused where torch is not installed.

Structures: Wang et al., "ESRGAN", ECCVW 2018 (residual-in-residual dense blocks); Wang et al.,
"Real-ESRGAN", ICCVW 2021 (pixel unshuffle in front for factor 2); the compact network came with
release 0.2.5 of github.com/xinntao/Real-ESRGAN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fleet.weights.tables import Shape, Table

_CHANNELS: Final = 3
_KERNEL: Final = 3
_TENSORS_OUTSIDE_BLOCKS: Final = 12  # six convolutions: weight and bias
_TENSORS_OF_A_BLOCK: Final = 30  # three times five convolutions
_TENSORS_AT_THE_ENDS: Final = 5  # the first convolution, its activation, the last convolution
_TENSORS_OF_A_STEP: Final = 3  # a convolution and its activation


@dataclass(frozen=True, slots=True)
class Dense:
    """Residual-in-residual dense blocks, then twice nearest neighbours and a convolution: four
    times the size of what they are given.

    Attributes:
        blocks: how many; each is three dense blocks of five convolutions.
        factor: 4; or 2, for which every 2 x 2 pixels are made one of 12 channels in front.
        features: channels between the blocks.
        growth: channels that each convolution of a dense block adds.
    """

    blocks: int
    factor: int
    features: int = 64
    growth: int = 32

    @property
    def channels(self) -> int:
        """Channels of what its first convolution is given."""
        return _CHANNELS * (4 // self.factor) ** 2

    def table(self) -> dict[str, Shape]:
        """Its keys and shapes."""
        return dict(self._tensors())

    def _tensors(self) -> Iterator[tuple[str, Shape]]:
        wide = self.features
        yield from _convolution("conv_first", self.channels, wide)
        for block in range(self.blocks):
            for dense in (1, 2, 3):
                for step in range(5):
                    key = f"body.{block}.rdb{dense}.conv{step + 1}"
                    made = wide if step == 4 else self.growth
                    yield from _convolution(key, wide + step * self.growth, made)
        for key in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
            yield from _convolution(key, wide, wide)
        yield from _convolution("conv_last", wide, _CHANNELS)


@dataclass(frozen=True, slots=True)
class Compact:
    """Convolutions in a row at the size of the frame, and one pixel shuffle at the end.

    Attributes:
        convolutions: how many between the first and the last, each with its PReLU.
        factor: of the pixel shuffle.
        features: channels between them.
    """

    convolutions: int
    factor: int
    features: int = 64

    def table(self) -> dict[str, Shape]:
        """Its keys and shapes."""
        return dict(self._tensors())

    def _tensors(self) -> Iterator[tuple[str, Shape]]:
        # One list of convolutions (even places) and their activations (odd places).
        given = _CHANNELS
        for step in range(self.convolutions + 1):
            yield from _convolution(f"body.{2 * step}", given, self.features)
            yield f"body.{2 * step + 1}.weight", (self.features,)
            given = self.features
        last = 2 * (self.convolutions + 1)
        yield from _convolution(f"body.{last}", given, _CHANNELS * self.factor**2)


Structure = Dense | Compact

MODELS: Final[Mapping[str, Structure]] = {
    "realesrgan-x4": Dense(blocks=23, factor=4),
    "realesrgan-x2": Dense(blocks=23, factor=2),
    "realesrgan-anime-x4": Dense(blocks=6, factor=4),
    "realesr-general-x4": Compact(convolutions=32, factor=4),
    "realesr-animevideo-x4": Compact(convolutions=16, factor=4),
}
"""The published models, by their name in a manifest."""


def told(shapes: Table) -> Structure | None:
    """The structure whose tensors are exactly these; None: not one of this family.

    Not the published models alone: others trained networks of these structures too.  What it
    takes is bounded by how many ``shapes`` there are, whatever their keys and numbers.
    """
    shape = shapes.get("conv_first.weight") or shapes.get("body.0.weight")
    if shape is None or len(shape) != 4:
        return None
    found = _dense(shapes, shape) if "conv_first.weight" in shapes else _compact(shapes, shape)
    return found if found is not None and found.table() == dict(shapes) else None


def _dense(shapes: Table, first: Shape) -> Structure | None:
    growth = shapes.get("body.0.rdb1.conv1.bias", ())
    factor = {_CHANNELS: 4, 4 * _CHANNELS: 2}.get(first[1])
    if factor is None or len(growth) != 1 or 0 in (*first, *growth):
        return None
    blocks = (len(shapes) - _TENSORS_OUTSIDE_BLOCKS) // _TENSORS_OF_A_BLOCK
    return Dense(blocks=blocks, factor=factor, features=first[0], growth=growth[0])


def _compact(shapes: Table, first: Shape) -> Structure | None:
    convolutions = (len(shapes) - _TENSORS_AT_THE_ENDS) // _TENSORS_OF_A_STEP
    made = shapes.get(f"body.{2 * (convolutions + 1)}.bias", ())
    factors: dict[Shape, int] = {(_CHANNELS * f**2,): f for f in (2, 4)}
    factor = factors.get(made)
    if factor is None or convolutions < 0 or 0 in first:
        return None
    return Compact(convolutions=convolutions, factor=factor, features=first[0])


def _convolution(key: str, given: int, made: int) -> Iterator[tuple[str, Shape]]:
    yield f"{key}.weight", (made, given, _KERNEL, _KERNEL)
    yield f"{key}.bias", (made,)
