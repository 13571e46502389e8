"""How good and how fast interpolators are: ``python -m benchmarks.interpolation``.

Every sequence of ``benchmarks.triples`` has an exact middle; each interpolator makes it from the
two frames beside it.  Told for each frame size: PSNR and SSIM over each set, milliseconds for a
frame, and by how much ``flow-refine`` beats ``flow`` (the bar: 1 dB on made-up and camera motion,
not below it on moving things).  An IFNet of v4.6's size with random weights is timed only.
``--quick`` takes the smallest size and few sequences; ``--threads N`` bounds every library, and
``--backends flow,flow-refine`` chooses.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import cv2
from rich.console import Console
from rich.progress import track
from rich.table import Table
from skimage.metrics import structural_similarity

from benchmarks.report import Figure, tell
from benchmarks.triples import KINDS, Kind, Triple, sequence
from companions.geometry import Size
from companions.picture import Pixels
from fleet.interpolate.base import Interpolator
from fleet.interpolate.registry import interpolator
from tests.contracts.photographs import psnr

SIZES: Final = (Size(256, 256), Size(832, 480), Size(1280, 720))
PX: Final[Mapping[Kind, Sequence[float]]] = {
    "synthetic": (4.0, 8.0, 12.0),
    "camera": (4.0, 8.0, 16.0, 32.0),
    "object": (8.0, 16.0, 32.0),
}
"""How far things move between the two frames, in pixels; ``synthetic`` at 256 wide, more with the
width."""
BAR_DB: Final[Mapping[Kind, float]] = {"synthetic": 1.0, "camera": 1.0, "object": 0.0}
QUALITY: Final = ("blend", "flow", "flow-refine")
IFNET: Final = "IFNet of v4.6's size"
FIRST_SEED: Final = 7_000_000
"""Far from those that tests and training take."""
TIMED: Final = 5


@dataclass(frozen=True, slots=True)
class Score:
    """One interpolator on one sequence."""

    psnr_db: float
    ssim: float
    ms: float


def score(made_by: Interpolator, triple: Triple) -> Score:
    """Make the middle of ``triple`` and compare."""
    begun = perf_counter()
    made = made_by.between(triple.before, triple.after, [0.5])[0]
    took = perf_counter() - begun
    return Score(psnr(made, triple.truth), ssim(made, triple.truth), took * 1000.0)


def ssim(a: Pixels, b: Pixels) -> float:
    """Structural similarity of the luma, 0..1."""
    greys = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (a, b)]
    return float(structural_similarity(*greys, data_range=255))  # type: ignore[no-untyped-call]


def moved_px(kind: Kind, px: float, size: Size) -> float:
    """``px`` of ``PX`` in pixels of a frame of ``size``."""
    return px * size.width / 256.0 if kind == "synthetic" else px


@contextmanager
def random_ifnet() -> Iterator[Interpolator]:
    """A RIFE backend with random weights of v4.6's shapes."""
    import torch
    from safetensors.torch import save_file

    from fleet.interpolate.rife.backend import rife_4_6
    from fleet.interpolate.rife.network import IFNet
    from fleet.interpolate.rife.structure import V4_6

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.safetensors"
        save_file(IFNet(V4_6).state_dict(), path)
        yield rife_4_6(path)


def measure(
    backends: Mapping[str, Interpolator], size: Size, *, seeds: int
) -> dict[tuple[str, Kind, float], list[Score]]:
    """Every backend on every sequence of one size."""
    found: dict[tuple[str, Kind, float], list[Score]] = defaultdict(list)
    cases = [(kind, px, FIRST_SEED + seed) for kind in KINDS for px in PX[kind]
             for seed in range(seeds)]  # fmt: skip
    warm = sequence("camera", size=size, px=4.0, seed=FIRST_SEED)
    for backend in backends.values():
        backend.between(warm.before, warm.after, [0.5])
    for kind, px, seed in track(cases, f"{size.width}x{size.height}", transient=True):
        triple = sequence(kind, size=size, px=moved_px(kind, px, size), seed=seed)
        for name, backend in backends.items():
            found[name, kind, px].append(score(backend, triple))
    return found


def shown(found: Mapping[tuple[str, Kind, float], Sequence[Score]], size: Size) -> Table:
    """PSNR / SSIM of every set and motion, a column for each backend."""
    names = list(dict.fromkeys(name for name, _, _ in found))
    table = Table(title=f"{size.width}x{size.height}: dB / SSIM of the middle frame", box=None)
    for title in ("set", "px", *names):
        table.add_column(title, justify="left" if title == "set" else "right")
    for kind in KINDS:
        for px in PX[kind]:
            cells = [
                f"{statistics.mean(s.psnr_db for s in found[name, kind, px]):.2f} / "
                f"{statistics.mean(s.ssim for s in found[name, kind, px]):.4f}"
                for name in names
            ]
            table.add_row(kind, f"{moved_px(kind, px, size):g}", *cells)
    return table


def summary(
    found: Mapping[tuple[str, Kind, float], Sequence[Score]], size: Size
) -> Iterator[Figure]:
    """The figures of one size."""
    where = f"{size.width}x{size.height}"
    names = list(dict.fromkeys(name for name, _, _ in found))
    for kind in KINDS:
        mean: dict[str, float] = {}
        for name in names:
            scores = [s for px in PX[kind] for s in found[name, kind, px]]
            mean[name] = statistics.mean(s.psnr_db for s in scores)
            runs = len(scores)
            yield Figure(f"{where} {kind}: {name}", mean[name], "dB", better="more", runs=runs)
            likeness = statistics.mean(s.ssim for s in scores)
            yield Figure(f"{where} {kind}: {name}", likeness, "SSIM", better="more", runs=runs)
        if "flow" in mean and "flow-refine" in mean:
            won = mean["flow-refine"] - mean["flow"]
            told = f"{where} {kind}: flow-refine above flow"
            yield Figure(told, won, "dB", target=BAR_DB[kind], better="more", runs=runs)
    for name in names:
        times = [s.ms for (by, _, _), scores in found.items() if by == name for s in scores]
        yield Figure(f"{where}: {name}", statistics.median(times), "ms", runs=len(times))


def timed(backend: Interpolator, name: str, size: Size) -> Figure:
    """Milliseconds alone."""
    triple = sequence("camera", size=size, px=8.0, seed=FIRST_SEED)
    backend.between(triple.before, triple.after, [0.5])
    times = [score_ms(backend, triple) for _ in range(TIMED)]
    told = f"{size.width}x{size.height}: {name}"
    return Figure(told, statistics.median(times), "ms", runs=TIMED)


def score_ms(backend: Interpolator, triple: Triple) -> float:
    """How long the middle takes."""
    begun = perf_counter()
    backend.between(triple.before, triple.after, [0.5])
    return (perf_counter() - begun) * 1000.0


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interpolation")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--backends", default=",".join(QUALITY))
    chosen = parser.parse_args()
    cv2.setNumThreads(chosen.threads)
    backends = {name: interpolator(name) for name in chosen.backends.split(",")}
    console = Console()
    figures: list[Figure] = []
    for size in SIZES[:1] if chosen.quick else SIZES:
        # Fewer of the large ones: each holds as many patches of motion as ten small ones.
        seeds = 1 if chosen.quick else 8 if size.pixels < 100_000 else 4
        found = measure(backends, size, seeds=seeds)
        console.print(shown(found, size))
        figures += summary(found, size)
    try:
        import torch
    except ImportError:
        console.print(f"{IFNET}: torch is not installed; not timed.")
    else:
        torch.set_num_threads(chosen.threads)
        with random_ifnet() as ifnet:
            for size in SIZES[:1] if chosen.quick else SIZES:
                figures.append(timed(ifnet, IFNET, size))
    tell("interpolation", figures, what=f"{chosen.threads} threads, median ms, mean dB and SSIM")


if __name__ == "__main__":
    main()
