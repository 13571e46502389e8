"""The interpolators ``rife``, ``rife-4.6``, ``rife-4.25`` and ``rife-4.26``.

Frames between one pair are made together, as many at once as suits the device; what concerns the
pair alone is computed once.  On a GPU the convolutions run in half precision.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor

from companions.picture import Pixels
from fleet.interpolate.blend import mix
from fleet.interpolate.flow import NEARLY_EQUAL
from fleet.interpolate.rife.checkpoint import Loaded, loaded
from fleet.interpolate.rife.network import IFNet
from fleet.interpolate.rife.tiling import Span, coarseness, shares, spans
from fleet.weights.reading import content_of

_GPU_PIXELS: Final = 4 * 1024 * 1024
"""Pixels of frames made at once on a GPU: all instants of a pair at 720p, one at 4K's pieces."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the memory of one pass.

    Attributes:
        tile: longest side of a piece, in pixels; larger frames are made in pieces.
        overlap: pixels that pieces share; at most half of ``tile``. Where things move by more than
            a third of it, a seam may be seen.
        batch: most instants at once; None: what suits the device.
    """

    tile: int = 2304
    overlap: int = 256
    batch: int | None = None


class Rife:
    """Interpolator by IFNet; loads its weights with the first pair it is given.

    The same pair and fraction give the same bytes on the same machine.  On the CPU that holds
    whatever else is asked for with it; on a GPU, frames that are made together with others may
    differ from those made alone by a rounding, one level of 255.
    """

    side_by_side = False

    def __init__(
        self,
        weights: Path,
        *,
        name: str = "rife",
        device: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """``weights``: file of safetensors, or the authors' ``flownet.pkl``.

        ``device``: as torch names it; by default CUDA, else Apple's MPS, else the CPU.
        """
        self._name, self._path = name, weights
        self._device = torch.device(device or _best_device())
        self._limits = limits or Limits()
        self._loading = threading.Lock()
        self._loaded: Loaded | None = None

    @property
    def name(self) -> str:
        """As in the manifest."""
        return self._name

    @property
    def memory_bytes(self) -> int:
        """The size of the file of weights: known before it is loaded, and no less than they hold.

        That of half precision on a CUDA device is half of it.
        """
        return self._path.stat().st_size

    @property
    def weights_sha256(self) -> Mapping[str, str]:
        """The hash of what is loaded; before that, of what would be."""
        now = self._loaded
        sha256 = now.sha256 if now else hashlib.sha256(content_of(self._path)).hexdigest()
        return {self._path.name: sha256}

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        """One frame for each fraction, by the network.

        Raises:
            WeightsRefused: the weights, loaded with the first pair, are not what they should be.
        """
        # A network sees motion even in the noise of a still; what is one picture needs no flow.
        if cv2.norm(before, after, cv2.NORM_INF) <= NEARLY_EQUAL:
            return [mix(before, after, fraction) for fraction in fractions]
        network = self._ready().network
        count = self._at_once(before)
        made: list[Pixels] = []
        with torch.inference_mode(), _repeatable():
            pieces = self._pieces(network, before, after)
            for first in range(0, len(fractions), count):
                instants = torch.tensor(fractions[first : first + count], dtype=torch.float32)
                made += _taken(_whole(network, pieces, instants.to(self._device)))
        return made

    def _ready(self) -> Loaded:
        with self._loading:
            if self._loaded is None:
                # Half precision is used on CUDA alone: MPS is untried, a CPU is slower with it.
                dtype = torch.float16 if self._device.type == "cuda" else torch.float32
                self._loaded = loaded(self._path, name=self._name, device=self._device, dtype=dtype)
            return self._loaded

    def _at_once(self, frame: Pixels) -> int:
        if self._limits.batch is not None:
            return self._limits.batch
        # On a CPU a batch gains nothing, and its sums would differ in their last bits.
        if self._device.type == "cpu":
            return 1
        height, width = frame.shape[:2]
        piece: int = min(height, self._limits.tile) * min(width, self._limits.tile)
        return max(1, _GPU_PIXELS // piece)

    def _pieces(self, network: IFNet, before: Pixels, after: Pixels) -> list[_Piece]:
        height, width = before.shape[:2]
        rows = spans(height, most=self._limits.tile, overlap=self._limits.overlap)
        columns = spans(width, most=self._limits.tile, overlap=self._limits.overlap)
        coarser = coarseness(width=width, height=height)
        first, second = self._given(before), self._given(after)
        return [
            _Piece.of(
                network,
                _cut(first, row, column),
                _cut(second, row, column),
                row=row,
                column=column,
                share=torch.from_numpy(np.outer(down, across)).to(self._device),
                coarser=coarser,
            )
            for row, down in zip(rows, shares(rows), strict=True)
            for column, across in zip(columns, shares(columns), strict=True)
        ]

    def _given(self, frame: Pixels) -> Tensor:
        # A copy: torch warns of arrays that cannot be written, and frames may be such.
        pixels = torch.from_numpy(np.array(frame)).to(self._device)
        return pixels.permute(2, 0, 1)[None].to(torch.float32) / 255.0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a pair, and all of it that is the same for every instant.

    Attributes:
        row, column: where it lies in the frame.
        before, after: (1, 3, height, width), filled up to sides the network can halve.
        told_before, told_after: what the network's head tells of them.
        share: how much it counts, for each of its pixels.
        coarser: as ``IFNet.forward`` takes it.
    """

    row: Span
    column: Span
    before: Tensor
    after: Tensor
    told_before: Tensor
    told_after: Tensor
    share: Tensor
    coarser: int

    @classmethod
    def of(
        cls,
        network: IFNet,
        before: Tensor,
        after: Tensor,
        *,
        row: Span,
        column: Span,
        share: Tensor,
        coarser: int,
    ) -> _Piece:
        height, width = before.shape[2:]
        multiple = network.structure.multiple * coarser
        # Edges are repeated: a black margin, as the authors have it, is an edge that never moves.
        margin = (0, -width % multiple, 0, -height % multiple)
        first, second = (F.pad(frame, margin, mode="replicate") for frame in (before, after))
        told = network.features(first), network.features(second)
        return cls(row, column, first, second, *told, share, coarser)

    def at(self, network: IFNet, instants: Tensor) -> Tensor:
        """(n, 3, height, width), the margin cut off."""
        made: Tensor = network(
            self.before, self.after, self.told_before, self.told_after, instants,
            coarser=float(self.coarser),
        )  # fmt: skip
        return made[:, :, : self.row.length, : self.column.length]


def _whole(network: IFNet, pieces: Sequence[_Piece], instants: Tensor) -> Tensor:
    if len(pieces) == 1:
        return pieces[0].at(network, instants)
    height, width = pieces[-1].row.end, pieces[-1].column.end
    whole = torch.zeros((instants.shape[0], 3, height, width), device=instants.device)
    for piece in pieces:
        _cut(whole, piece.row, piece.column).add_(piece.at(network, instants) * piece.share)
    return whole


def _cut(frame: Tensor, row: Span, column: Span) -> Tensor:
    return frame[:, :, row.start : row.end, column.start : column.end]


def _taken(frames: Tensor) -> list[Pixels]:
    levels = (frames * 255.0).round_().clamp_(0.0, 255.0).to(torch.uint8)
    return list(levels.permute(0, 2, 3, 1).contiguous().cpu().numpy())


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _repeatable() -> AbstractContextManager[None]:
    """Only algorithms whose sums come out alike every time, and no trials for faster ones."""
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )


def rife_4_6(weights: Path) -> Rife:
    """``rife`` for weights of version 4.6 alone."""
    return Rife(weights, name="rife-4.6")


def rife_4_25(weights: Path) -> Rife:
    """``rife`` for weights of version 4.25 alone."""
    return Rife(weights, name="rife-4.25")


def rife_4_26(weights: Path) -> Rife:
    """``rife`` for weights of version 4.26 alone, whose network is that of 4.25."""
    return Rife(weights, name="rife-4.26")
