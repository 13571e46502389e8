"""Samples to learn from: what the network is told of a scene, and what it should have chosen.

Drawn once and kept as arrays on the disk, because finding the motion takes longer than a step of
training.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.progress import track

from fleet.interpolate.refine.candidates import CHANNELS, SOURCES, Candidates, Motion
from fleet.training.scenes import SIDE, Triple, scene

CROP: Final = 128
"""Width and height of a sample, in pixels."""
KEPT: Final = 2
"""Quarters kept of a scene: those where most is to be learned."""
ARRAYS: Final = {
    "told": ((CHANNELS, CROP, CROP), np.float16),
    "believed": ((SOURCES, CROP, CROP), np.float16),
    "looks": ((SOURCES * 3, CROP, CROP), np.uint8),
    "truth": ((3, CROP, CROP), np.uint8),
}
"""Shape and kind of a sample's arrays; the file of each has one more axis in front."""

Sample = dict[str, npt.NDArray[np.generic]]


def draw(folder: Path, *, scenes: int, first: int = 0, processes: int = 2) -> None:
    """Write the samples of scenes ``first``, ``first + 1``, ... to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=kind, shape=(scenes * KEPT, *shape)
        )
        for name, (shape, kind) in ARRAYS.items()
    }
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        numbers = range(first, first + scenes)
        drawn = pool.map(samples_of, numbers, chunksize=16)
        for index, samples in enumerate(track(drawn, "drawing", total=scenes)):
            for offset, sample in enumerate(samples):
                for name, values in sample.items():
                    arrays[name][index * KEPT + offset] = values
    for array in arrays.values():
        array.flush()


def samples_of(number: int) -> list[Sample]:
    """The samples of one scene, a pure function of its number."""
    import cv2

    cv2.setNumThreads(1)
    triple = scene(number)
    motion = Motion.of(triple.before, triple.after)
    candidates = Candidates.of(motion, triple.before, triple.after, triple.at)
    told = candidates.told()
    lost = _lost(candidates, told.believed, triple)
    corners = sorted(_quarters(), key=lambda yx: -float(lost[_window(*yx)].mean()))
    planes = candidates.looks.transpose(0, 3, 1, 2).reshape(SOURCES * 3, SIDE, SIDE)
    truth = triple.truth.transpose(2, 0, 1)
    return [
        {
            "told": told.channels[(slice(None), *_window(y, x))],
            "believed": np.maximum(told.believed[(slice(None), *_window(y, x))], -30.0),
            "looks": planes[(slice(None), *_window(y, x))],
            "truth": truth[(slice(None), *_window(y, x))],
        }
        for y, x in corners[:KEPT]
    ]


def _quarters() -> Iterator[tuple[int, int]]:
    for y in range(0, SIDE, CROP):
        for x in range(0, SIDE, CROP):
            yield y, x


def _window(y: int, x: int) -> tuple[slice, slice]:
    return slice(y, y + CROP), slice(x, x + CROP)


def _lost(
    candidates: Candidates, believed: npt.NDArray[np.float32], triple: Triple
) -> npt.NDArray[np.float32]:
    """Squared error of what one would show without having learned anything."""
    weights = np.exp(believed - believed.max(axis=0))
    weights /= weights.sum(axis=0)
    shown = np.einsum("shw,shwc->hwc", weights, candidates.looks.astype(np.float32))
    return np.asarray(((shown - triple.truth) ** 2).mean(axis=2), dtype=np.float32)
