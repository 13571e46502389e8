"""What generating costs beside the model: ``python -m benchmarks.generation [--quick] [--gpu]``.

Overhead: a tiny random Wan makes a clip in 50 steps, by our generator and by calling the pipeline
of diffusers directly, in turns; both make the same frames.  The ratio is the overhead.

``--gpu``: full-size architectures with random weights (they cost what the real ones do), at 480p
and 720p: seconds a step and peak memory, diffusers as it comes against compiled blocks and the
attention that settings may ask for, in one run, and how far the results differ.  Needs a GPU with
about 80 GB; without one it says so.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import torch

from benchmarks.report import Figure, tell
from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import Control, GenerationParams
from companions.geometry import Rect, Size
from companions.picture import Pixels
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion import conditioning, loading, placing, running
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.plans import Setup
from fleet.weights.shelf import Shelf

WAN: Final = "wan-2.2-i2v-a14b"
STEPS: Final = 50
PAIRS: Final = 31
SIZES: Final = {"480p": Size(832, 480), "720p": Size(1280, 704)}
GPU_FRAMES: Final = 81
GPU_STEPS: Final = 6
ATTENTION: Final = "_native_cudnn"


def _request(steps: int) -> GenerateRequest:
    picture: Pixels = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    params = GenerationParams(
        model=WAN, width=96, height=64, steps=steps, seed=1, control=Control.NONE
    )
    return GenerateRequest(
        picture=picture,
        path=CameraPath(Rect.of(0, 0, 1, 1), Rect.of(0.2, 0.2, 0.8, 0.8), EasingName.LINEAR),
        move_fractions=[index / 8 for index in range(9)],
        output=Size(96, 64),
        prompt="a calm sea",
        negative_prompt="",
        params=params,
        fps=16.0,
    )


def overhead(folder: Path, *, steps: int, pairs: int) -> list[Figure]:
    """Our generator over the bare pipeline, the median of pairs made in turns."""
    from tests.fleet.generate.diffusion import tiny

    family, request = FAMILIES[WAN], _request(steps)
    tiny.saved(WAN, folder)
    ours = Diffusion(family, Shelf(folder))
    bare = loading.load(family, folder / WAN)
    piece = running.Piece(
        picture=conditioning.of(request, family, bare).picture,
        last=None,
        frames=len(request.move_fractions),
        size=request.output,
        steps=steps,
        guidance=family.defaults.guidance,
        seed=request.params.seed,
        fps=request.fps,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
    )
    arguments = running.arguments(bare, family, piece)

    def by_us() -> list[Pixels]:
        return list(ours.frames(request))

    def directly() -> Any:
        noise = torch.Generator("cpu").manual_seed(request.params.seed)
        with torch.inference_mode():
            return bare(**arguments, generator=noise, output_type="np").frames[0]

    difference = np.abs(np.stack(by_us()) / 255.0 - directly()).max()
    if difference > 1.0 / 255.0:
        raise SystemExit(f"they make other frames, by {difference:.4f}: nothing to compare")
    times = []
    for number in range(pairs):
        if number % 2:  # whoever comes second may find the machine otherwise
            theirs = _seconds(directly)
            times.append((_seconds(by_us), theirs))
        else:
            times.append((_seconds(by_us), _seconds(directly)))
    ratio = statistics.median(mine / theirs for mine, theirs in times)
    return [
        Figure("a clip by our generator", statistics.median(t[0] for t in times), "s", runs=pairs),
        Figure("by the pipeline alone", statistics.median(t[1] for t in times), "s", runs=pairs),
        Figure("ours over the pipeline", ratio, "x", target=1.02, runs=pairs),
    ]


def _seconds(action: Callable[[], object]) -> float:
    begun = perf_counter()
    action()
    return perf_counter() - begun


# -- on a GPU -------------------------------------------------------------------------------------


def on_gpu() -> Iterator[Figure]:
    """Seconds a step, peak memory and difference, plain and tuned, of both models and sizes."""
    for title, name, kwargs, channels in (
        ("TI2V-5B", "wan-2.2-ti2v-5b", _TI2V_5B, 48),
        ("A14B, one expert", WAN, {"in_channels": 36}, 36),
    ):
        for label, size in SIZES.items():
            yield from _compared(f"{title} {label}", name, kwargs, channels, size)


_TI2V_5B: Final = {
    "in_channels": 48, "out_channels": 48, "num_attention_heads": 24, "ffn_dim": 14336,
    "num_layers": 30,
}  # fmt: skip
"""What diffusers' conversion of Wan 2.2 TI2V-5B gives; the class's own defaults are 14B's."""


def _compared(
    what: str, name: str, kwargs: dict[str, int], channels: int, size: Size
) -> Iterator[Figure]:
    from diffusers import WanTransformer3DModel

    placing.let_go()  # of the one before
    torch.manual_seed(0)
    every = 32 if name != WAN else 16  # pixels to a place of the latents' patches
    shape = (1, channels, (GPU_FRAMES - 1) // 4 + 1,
             2 * (size.height // every), 2 * (size.width // every))  # fmt: skip
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        denoiser = WanTransformer3DModel(**kwargs).eval()
        sample, text = torch.randn(shape), torch.randn(1, 512, 4096)
        moment = torch.full((1,), 900.0)
    torch.set_default_dtype(torch.float32)

    def step() -> torch.Tensor:
        made: torch.Tensor = denoiser(
            hidden_states=sample, timestep=moment, encoder_hidden_states=text, return_dict=False
        )[0]
        torch.cuda.synchronize()
        return made

    with torch.inference_mode():
        plain = step().float()
        plain_s, plain_bytes = _steps(step)
        setup = Setup(on_gpu=True, attention=ATTENTION, compiled=True)
        placing.tune(denoiser, FAMILIES[name], setup)
        tuned = step().float()
        tuned_s, tuned_bytes = _steps(step)
    difference = float((plain - tuned).abs().max() / plain.abs().max())
    yield Figure(f"{what}, diffusers as it comes", plain_s, "s/step", runs=GPU_STEPS)
    yield Figure(f"{what}, tuned", tuned_s, "s/step", runs=GPU_STEPS)
    yield Figure(f"{what}, faster", plain_s / tuned_s, "x", target=1.3, better="more")
    yield Figure(f"{what}, peak memory as it comes", plain_bytes / 1024**3, "GiB")
    yield Figure(f"{what}, peak memory tuned", tuned_bytes / 1024**3, "GiB")
    yield Figure(f"{what}, largest difference, of the largest value", difference, "")


def _steps(step: Callable[[], object]) -> tuple[float, int]:
    torch.cuda.reset_peak_memory_stats()
    seconds = statistics.median(_seconds(step) for _ in range(GPU_STEPS))
    return seconds, int(torch.cuda.max_memory_allocated())


def main(*, quick: bool, gpu: bool) -> None:
    """Measure and tell."""
    if gpu:
        if not torch.cuda.is_available():
            sys.stderr.write("there is no GPU here: nothing was measured\n")
            return
        card = torch.cuda.get_device_name(0)
        tell("generation-gpu", list(on_gpu()), what=f"{GPU_FRAMES} frames, random weights, {card}")
        return
    steps, pairs = (8, 3) if quick else (STEPS, PAIRS)
    with tempfile.TemporaryDirectory() as name:
        figures = overhead(Path(name), steps=steps, pairs=pairs)
    tell("generation", figures, what=f"{steps} steps of a tiny random Wan")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:], gpu="--gpu" in sys.argv[1:])
