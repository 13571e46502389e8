"""A 24-megapixel photograph to measure on: real pictures at their own resolution, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import skimage.data
from PIL import Image

from companions.geometry import Size
from companions.picture import Pixels

_NAMES: Final = ("coffee.png", "astronaut.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg")
_ROW: Final = 300


def mosaic(size: Size) -> Pixels:
    """Photographs in rows, every second round mirrored; detail is one pixel fine, as in a photo.

    Enlarging one small picture instead would leave nothing to alias and little to measure.
    """
    rows: list[Pixels] = []
    turn = 0
    while len(rows) * _ROW < size.height:
        row: list[Pixels] = []
        while sum(tile.shape[1] for tile in row) < size.width:
            tile = _tile(_NAMES[turn % len(_NAMES)])
            row.append(tile[:, ::-1] if turn // len(_NAMES) % 2 else tile)
            turn += 1
        rows.append(np.concatenate(row, axis=1)[:, : size.width])
        turn += 2
    return np.ascontiguousarray(np.concatenate(rows, axis=0)[: size.height])


def _tile(name: str) -> Pixels:
    with Image.open(Path(skimage.data.__file__).parent / name) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)[:_ROW]
