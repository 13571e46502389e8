"""How promising a picture is for animating, by measures of the picture alone.

| flag | what was measured |
|---|---|
| ``soft`` | even the sharpest tenth of the picture has little fine contrast |
| ``clipped`` | much of the picture is pure white or pure black |
| ``noisy`` | grain where the picture is flat |
| ``text?`` | rows of letter-like strokes; letters crawl when a model animates them |
| ``few_pixels`` | the largest frame of the output's shape has fewer pixels than the output |

All but the last are measured at about a thousand pixels on the long side, which is near what a
clip shows: softness and grain too fine to be seen there are not seen in the clip either.  The
question mark is meant: grass can look like letters, and faint letters are not seen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from companions.geometry import Size, largest_window
from companions.motion import Viability
from companions.picture import Pixels

SOFT_BELOW: Final = 30.0
"""Laplacian variance of the sharpest tenth of tiles: sharp pictures measure 250 to 5,000, the
same blurred by two pixels 6 to 28."""
CLIPPED_ABOVE: Final = 0.25
"""Share of pixels at pure white or pure black; a dark backdrop alone reaches 0.13."""
NOISY_ABOVE: Final = 4.0
"""Standard deviation of grain in flat tiles, in 8-bit levels; clean pictures measure below 1."""
TEXT_ABOVE: Final = 0.005
"""Share of the picture under rows of strokes: a line of subtitles covers 0.006 to 0.03."""
_TILE: Final = 32
_FLAT_VARIANCE: Final = 30.0
_STROKE_CONTRAST: Final = 110.0
_COST: Final = {"soft": 0.4, "clipped": 0.15, "noisy": 0.15, "text?": 0.2, "few_pixels": 0.3}


def assess(pixels: Pixels, *, picture: Size, output: Size) -> Viability:
    """The viability of a picture, from its reduced ``pixels`` and its full size."""
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    width, _ = largest_window(picture=picture, output=output)
    found = {
        "soft": sharpness(grey) < SOFT_BELOW,
        "clipped": clipped_share(pixels) > CLIPPED_ABOVE,
        "noisy": grain(grey) > NOISY_ABOVE,
        "text?": text_share(grey) > TEXT_ABOVE,
        "few_pixels": width * picture.width < output.width * (1.0 - 1e-6),
    }
    flags = tuple(name for name, present in found.items() if present)
    score = float(np.prod([1.0 - _COST[name] for name in flags])) if flags else 1.0
    return Viability(score=round(score, 3), flags=flags)


def sharpness(grey: npt.NDArray[np.uint8]) -> float:
    """Laplacian variance at the 90th percentile of tiles.

    The best tiles and not the mean: a portrait before a blurred wall is sharp.
    """
    import cv2

    return float(np.percentile(_tile_variances(cv2.Laplacian(grey, cv2.CV_32F)), 90.0))


def clipped_share(pixels: Pixels) -> float:
    """The share (0..1) of pixels that are pure white or pure black in all channels."""
    white = (pixels >= 253).all(axis=2)
    black = (pixels <= 2).all(axis=2)
    return float((white | black).mean())


def grain(grey: npt.NDArray[np.uint8]) -> float:
    """Standard deviation of noise in flat tiles, in levels (after Immerkaer 1996).

    Zero where no tile is flat: in grass or gravel, grain cannot be told from the subject.
    """
    import cv2

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    noise = _tile_variances(cv2.filter2D(grey, cv2.CV_32F, kernel) / 6.0)
    ground = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), sigmaX=3.0)
    # Tiles of clipped white or black carry no grain and would hide it everywhere else.
    level = _tiles(ground).mean(axis=1)
    flat = (_tile_variances(ground) < _FLAT_VARIANCE) & (level > 8.0) & (level < 247.0)
    return float(np.sqrt(np.median(noise[flat]))) if flat.any() else 0.0


def text_share(grey: npt.NDArray[np.uint8]) -> float:
    """The share (0..1) of the picture covered by rows of crisp, letter-like strokes."""
    import cv2

    gradient = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    _, strokes = cv2.threshold(gradient, _STROKE_CONTRAST, 255, cv2.THRESH_BINARY)
    rows = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, 13), np.uint8))
    rows = cv2.morphologyEx(rows, cv2.MORPH_OPEN, np.ones((5, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(rows, connectivity=4)
    covered = 0
    for x, y, w, h, area in stats[1:count].tolist():
        if not (7 <= h <= 80 and w >= 3 * h and area >= 0.6 * w * h):
            continue
        # Letters alternate with gaps many times along a row; a rail or a horizon does not.
        row = strokes[y + h // 4 : y + h - h // 4, x : x + w] > 0
        crossings = np.count_nonzero(np.diff(row.astype(np.int8), axis=1), axis=1)
        if float(np.median(crossings)) >= 2.0 * w / h:
            covered += w * h
    return covered / grey.size


def _tile_variances(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    return np.asarray(_tiles(values).var(axis=1), dtype=np.float64)


def _tiles(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """The values of each whole tile as one row; the picture itself where it is too small."""
    rows, columns = values.shape[0] // _TILE, values.shape[1] // _TILE
    numbers = np.asarray(values, dtype=np.float32)
    if rows == 0 or columns == 0:
        return numbers.reshape(1, -1)
    cut = numbers[: rows * _TILE, : columns * _TILE]
    grid = cut.reshape(rows, _TILE, columns, _TILE).swapaxes(1, 2)
    return grid.reshape(rows * columns, _TILE * _TILE)
