"""Upscalers that run a network of Real-ESRGAN, on CUDA, Apple's GPU or the CPU.

A frame goes through the network in tiles, so that memory depends on the tile and not on the
frame.  Each tile of the trunk is given a margin around it.  For the compact networks the margin
is as far as they look: tiles give what the whole frame gives.  A network of 23 blocks looks 347
pixels far, which no margin can pay for; but each of its 347 steps adds a fraction of what is one
pixel away, so what comes from far is faint, and the margin is ``MARGIN`` (figures in
``docs/upscaling.md``).  The tail looks two pixels far and always has them.

Frames of up to a tile's size are one tile, and then a network gives exactly what it was published
to give, borders of zeros included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from companions.picture import Pixels
from fleet.errors import BackendFailed, ParameterRefused
from fleet.upscale.realesrgan import checkpoint
from fleet.upscale.realesrgan.network import Network, network
from fleet.upscale.tiles import Span, Tile

MARGIN: Final = 34
"""Most pixels of the trunk's grid around a tile that are looked at with it: as far as the larger
of the compact networks looks."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """How a frame is cut, in pixels of the trunk's grid.

    Attributes:
        trunk: longest side of a tile, its margins included; above twice ``MARGIN``.
        tail: longest side of what is enlarged at once.
    """

    trunk: int
    tail: int


# The 23 blocks hold 2.3 kB (float32) for each pixel of a trunk's tile, the tail 12 kB for each
# of its own: 0.6 GB on a CPU, where other stages want memory too; 2.5 GB in half precision on
# CUDA, where 1280 x 720 is one tile.
PIECES: Final[Mapping[str, Pieces]] = {
    "cuda": Pieces(trunk=1344, tail=384),
    "mps": Pieces(trunk=512, tail=192),
    "cpu": Pieces(trunk=448, tail=128),
}


FACTORS: Final[Mapping[int, tuple[int, ...]]] = {2: (2,), 4: (2, 4)}
"""What a network for a factor can make."""


class RealEsrgan:
    """Upscaler with a network of Real-ESRGAN, loaded from a file at its first use.

    A network for factor 4 makes factor 2 as well: each pixel is the mean of 2 x 2 of its result,
    taken before they are rounded.  One for factor 2 makes nothing else; applied twice it would
    enlarge its own inventions.
    """

    def __init__(
        self,
        weights: Path,
        *,
        name: str = "realesrgan",
        device: str = "",
        pieces: Pieces | None = None,
    ) -> None:
        """An upscaler of the weights in a file; nothing is read yet.

        Args:
            weights: safetensors, or a published ``.pth``.
            name: as in the manifest; one of ``tables.MODELS``, or ``realesrgan`` for any network
                of the family, told by the file's keys.
            device: of torch; by default CUDA if there is one, then Apple's GPU, then the CPU.
            pieces: how to cut frames; by default what suits the device.
        """
        self.name = name
        self._weights = weights
        self._device = torch.device(device or _best_device())
        self._pieces = pieces or PIECES[self._device.type]

    @property
    def memory_bytes(self) -> int:
        """Size of its file, which is what its tensors take (half of it on CUDA)."""
        return self._weights.stat().st_size

    @property
    def weights_sha256(self) -> Mapping[str, str]:
        """Of its one file, as it was loaded."""
        return {self._weights.name: self._loaded.sha256}

    def check(self, factor: int) -> None:
        """Refuse a factor that its network was not made for, and a file that is not its own.

        The file is read, once in a process for as long as it stays the same.

        Raises:
            ParameterRefused: the network makes another factor.
            WeightsRefused: the file does not hold its network.
        """
        made = checkpoint.structure_of(self._weights, name=self.name).factor
        if factor not in FACTORS[made]:
            can = " or ".join(map(str, FACTORS[made]))
            what = f"{self.name} enlarges by {can}, not by {factor}"
            raise ParameterRefused(field="upscaling.factor", what=what)

    def enlarged(self, frame: Pixels, factor: int) -> Pixels:
        """``frame`` at ``factor`` times its size, the same bytes every time on one device."""
        deterministic = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
        with torch.inference_mode(), deterministic:
            return self._enlarged(frame, factor)

    def _enlarged(self, frame: Pixels, factor: int) -> Pixels:
        net = self._loaded.network
        height, width = frame.shape[:2]
        folded = net.folded(self._picture(frame, grid=net.grid))
        rows, columns = folded.shape[2:]
        per_pixel = net.grid * factor
        made = np.empty((rows * per_pixel, columns * per_pixel, 3), dtype=np.uint8)
        margin = min(net.reach, MARGIN)
        for tile in _tiles(rows, columns, side=self._pieces.trunk, margin=margin):
            seen = tile.widened(margin, height=rows, width=columns)
            found = net.trunk(_of(folded, seen))
            for piece in tile.cut(self._pieces.tail):
                # Cut from the tile and not from the frame: the margin is wider than tail_reach.
                around = piece.widened(net.tail_reach, height=rows, width=columns)
                part = net.tail(_of(found, around, seen), _of(folded, around))
                part = _of(part, piece, around, factor=net.grid * net.factor).float()
                if factor != net.factor:
                    part = functional.avg_pool2d(part, net.factor // factor)
                made[piece.rows.scaled(per_pixel), piece.columns.scaled(per_pixel)] = self._pixels(
                    part
                )
        return np.ascontiguousarray(made[: height * factor, : width * factor])

    def _picture(self, frame: Pixels, *, grid: int) -> Tensor:
        """``frame`` as the network wants it; its last row and column are repeated where its sides
        are no multiples of ``grid``."""
        tall, wide = (-side % grid for side in frame.shape[:2])
        # A copy: torch knows no read-only arrays and no negative strides.
        picture = torch.from_numpy(frame.copy()).to(self._device).permute(2, 0, 1)[None]
        precise = picture.to(self._precision).div_(255.0)
        padded = functional.pad(precise, (0, wide, 0, tall), mode="replicate")
        return padded.contiguous(memory_format=self._layout)

    def _pixels(self, part: Tensor) -> Pixels:
        if not bool(torch.isfinite(part).all()):
            what = f"the network of {self._weights} gave NaN or infinity"
            raise BackendFailed(backend=self.name, what=what)
        rounded = (part * 255.0).round_().clamp_(0.0, 255.0).to(torch.uint8)
        return np.asarray(rounded[0].permute(1, 2, 0).cpu().numpy(), dtype=np.uint8)

    @property
    def _precision(self) -> torch.dtype:
        # Half precision is what the published tool uses on CUDA; CPUs are slower with it.
        return torch.float16 if self._device.type == "cuda" else torch.float32

    @property
    def _layout(self) -> torch.memory_format:
        # Channels last is what tensor cores work in; on a CPU it measured 15 % slower.
        cuda = self._device.type == "cuda"
        return torch.channels_last if cuda else torch.contiguous_format

    @cached_property
    def _loaded(self) -> _Loaded:
        held = checkpoint.load(self._weights, name=self.name)
        state = {key: self._placed(tensor) for key, tensor in held.state.items()}
        return _Loaded(network(held.structure, state), held.sha256)

    def _placed(self, tensor: Tensor) -> Tensor:
        layout = self._layout if tensor.ndim == 4 else torch.contiguous_format
        return tensor.to(device=self._device, dtype=self._precision, memory_format=layout)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A network on its device, and the hash of the file it came from."""

    network: Network
    sha256: str


def _tiles(rows: int, columns: int, *, side: int, margin: int) -> Iterator[Tile]:
    """The tiles of a trunk's grid; one, without margins, if it fits ``side``."""
    whole = Tile(Span(0, rows), Span(0, columns))
    return whole.cut(side if max(rows, columns) <= side else side - 2 * margin)


def _of(grid: Tensor, tile: Tile, seen: Tile | None = None, *, factor: int = 1) -> Tensor:
    """The part ``tile`` of a tensor that covers ``seen`` (None: the whole grid), ``factor`` of
    its pixels for one of theirs."""
    origin = seen or Tile(Span(0, 0), Span(0, 0))
    return grid[
        ...,
        tile.rows.within(origin.rows, factor),
        tile.columns.within(origin.columns, factor),
    ]


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def published(name: str) -> Callable[[Path], RealEsrgan]:
    """What makes the upscaler of a published model from the path of its weights."""
    return partial(RealEsrgan, name=name)


X4: Final = published("realesrgan-x4")
X2: Final = published("realesrgan-x2")
ANIME_X4: Final = published("realesrgan-anime-x4")
GENERAL_X4: Final = published("realesr-general-x4")
ANIMEVIDEO_X4: Final = published("realesr-animevideo-x4")
