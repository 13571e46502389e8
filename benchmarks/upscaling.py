"""How true and how fast frames are enlarged: ``python -m benchmarks.upscaling``.

Photographs are reduced by the mean of their pixels and enlarged again; PSNR and SSIM against the
photograph, and milliseconds a frame: Lanczos beside nearest, bilinear and bicubic.  Networks are
timed alone: their published weights are not on this machine, so they run with random ones, which
take as long.  ``--side`` sets the longest side of what is enlarged for the networks, ``--all``
takes the networks of 23 blocks as well.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from skimage.metrics import structural_similarity

from benchmarks.report import Figure, median_seconds, tell
from companions.picture import Pixels
from fleet.upscale.base import Upscaler
from fleet.upscale.lanczos import Lanczos
from fleet.upscale.realesrgan.tables import MODELS, Structure
from fleet.upscale.registry import upscaler
from fleet.weights.shelf import Shelf
from tests.contracts.photographs import NAMES, photograph, psnr

FACTORS: Final = (2, 4)
FRAME: Final = (832, 480)
"""What is timed: a generator's frame, width and height."""
TURNS: Final = 7
SIMPLE: Final = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
}
QUICK: Final = ("realesr-animevideo-x4", "realesr-general-x4", "realesrgan-anime-x4")

Enlarge = Callable[[Pixels, int], Pixels]


def main() -> None:
    """Measure the resamplings, then the networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=128, help="longest side for the networks")
    parser.add_argument("--all", action="store_true", help="the networks of 23 blocks as well")
    given = parser.parse_args()
    figures = [*_resamplings(), *_networks(given.side, tuple(MODELS) if given.all else QUICK)]
    tell(
        "upscaling",
        figures,
        what=f"{len(NAMES)} photographs reduced and enlarged; time of {FRAME[0]}x{FRAME[1]}; "
        f"networks with random weights",
    )


def _resamplings() -> Iterator[Figure]:
    ways: dict[str, Enlarge] = {name: _simple(how) for name, how in SIMPLE.items()}
    ways["lanczos"] = Lanczos().enlarged
    frame = _fitted(photograph("coffee.png"), *FRAME)
    for factor in FACTORS:
        truth = {way: [_truth(name, factor, made) for name in NAMES] for way, made in ways.items()}
        for way, made in ways.items():
            db, likeness = np.mean(truth[way], axis=0)
            # Lanczos is the default: it is to be no worse than what is simpler.
            target = float(np.mean(truth["bicubic"], axis=0)[0]) if way == "lanczos" else None
            name = f"x{factor} {way}"
            yield Figure(f"{name} PSNR", float(db), "dB", target=target, better="more")
            yield Figure(f"{name} SSIM", float(likeness), "", better="more")
            took_s = median_seconds(partial(made, frame, factor), runs=TURNS)
            yield Figure(f"{name} time", took_s * 1000.0, "ms", runs=TURNS)


def _truth(name: str, factor: int, made: Enlarge) -> tuple[float, float]:
    """PSNR and SSIM of a photograph, reduced and enlarged, against itself."""
    whole = photograph(name)
    height, width = (side // factor * factor for side in whole.shape[:2])
    whole = whole[:height, :width]
    shown = made(_reduced(whole, factor), factor)
    ssim: Callable[..., float] = structural_similarity  # scikit-image is not annotated
    return psnr(shown, whole), float(ssim(whole, shown, channel_axis=2))


def _reduced(whole: Pixels, factor: int) -> Pixels:
    size = (whole.shape[1] // factor, whole.shape[0] // factor)
    return np.asarray(Image.fromarray(whole).resize(size, Image.Resampling.BOX), dtype=np.uint8)


def _fitted(picture: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _simple(how: int) -> Enlarge:
    def made(frame: Pixels, factor: int) -> Pixels:
        size = (frame.shape[1] * factor, frame.shape[0] * factor)
        return np.asarray(cv2.resize(frame, size, interpolation=how), dtype=np.uint8)

    return made


def _networks(side: int, names: tuple[str, ...]) -> Iterator[Figure]:
    size = (side, round(side * FRAME[1] / FRAME[0]))
    frame = _fitted(photograph("coffee.png"), *size)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            structure = MODELS[name]
            loaded = _loaded(name, structure, Path(folder))
            loaded.enlarged(frame[:8, :8], structure.factor)
            took_s = median_seconds(partial(loaded.enlarged, frame, structure.factor), runs=3)
            label = f"{name} {size[0]}x{size[1]} to x{structure.factor}"
            yield Figure(f"{label} time", took_s * 1000.0, "ms", runs=3)


def _loaded(name: str, structure: Structure, folder: Path) -> Upscaler:
    """The network with random weights that keep its values small."""
    rng = np.random.default_rng(0)
    state = {
        key: (rng.standard_normal(shape) * 0.3 / math.sqrt(math.prod(shape[1:]))).astype(np.float32)
        for key, shape in structure.table().items()
    }
    path = folder / f"{name}.safetensors"
    save_file(state, path)
    return upscaler(name, Shelf(folder))


if __name__ == "__main__":
    main()
