"""Photographs of a camera's size for the desk's benches: generated, each one different."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import skimage

SIZE = (6000, 4000)
"""24 megapixels."""
QUALITY = 88
CANDIDATES = 4
_PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")


def shoot(folder: Path, count: int, *, size: tuple[int, int] = SIZE) -> list[Path]:
    """``count`` JPEGs in subfolders of four each, as groups of candidates; what is there stays."""
    wanted = [
        folder / f"group_{i // CANDIDATES:04d}" / f"{'abcd'[i % CANDIDATES]}.jpg"
        for i in range(count)
    ]
    missing = [path for path in wanted if not path.exists()]
    if missing:
        grounds = [_ground(name, size) for name in _PHOTOGRAPHS]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: _write(each[1], grounds, each[0]), enumerate(missing)))
    return wanted


def _ground(name: str, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A photograph enlarged, with the grain of a sensor, so that it is as hard to decode as one."""
    photograph = cv2.imread(str(Path(skimage.__file__).parent / "data" / name))
    if photograph is None:
        sys.exit(f"{name} is missing from scikit-image")
    large = cv2.resize(photograph, size, interpolation=cv2.INTER_CUBIC).astype(np.int16)
    grain = np.random.default_rng(1).integers(-9, 10, large.shape, dtype=np.int16)
    return np.asarray(np.clip(large + grain, 0, 255), dtype=np.uint8)


def _write(path: Path, grounds: list[npt.NDArray[np.uint8]], number: int) -> None:
    ground = grounds[number % len(grounds)]
    moved = np.roll(ground, (number * 97) % ground.shape[1], axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(".jpg", moved, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    path.write_bytes(encoded.tobytes())
