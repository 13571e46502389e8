"""Frames to keep: real motion, and patterns that are hard on an encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from companions.geometry import Size
from fleet.checkpoint.frames import Chunk
from tests.fleet.footage import filmed, move, photo


def motion(count: int, *, size: Size, name: str = "coffee.png") -> Chunk:
    """A camera moving over a photograph."""
    picture = photo(name)
    path = move(picture, output=size)
    return np.stack(list(filmed(picture, path, frames=count, output=size)))


def noise(count: int, *, size: Size, seed: int = 1) -> Chunk:
    """What cannot be compressed."""
    shape = (count, size.height, size.width, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def lopsided(*, size: Size, differences: bool) -> Chunk:
    """One frame whose levels, or differences from left to right, come as often as the Fibonacci
    numbers: no other frequencies need codes as long in a Huffman table."""
    levels: list[npt.NDArray[np.uint8]] = []
    some, more, pixels = 1, 1, size.width * size.height
    while pixels > 0:
        levels.append(np.full(min(some, pixels), len(levels), dtype=np.uint8))
        pixels -= some
        some, more = more, some + more
    order = np.random.default_rng(1).permutation(np.concatenate(levels))
    plane = order.reshape(size.height, size.width)
    if differences:
        plane = np.cumsum(plane, axis=1, dtype=np.uint8)
    return np.ascontiguousarray(np.repeat(plane[None, :, :, None], 3, axis=3))


def in_chunks(frames: Chunk, *, of: int) -> Iterator[Chunk]:
    """The frames in pieces of ``of`` frames, the last one shorter."""
    for start in range(0, len(frames), of):
        yield frames[start : start + of]
