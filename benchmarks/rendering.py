"""How fast and how true the camera renders: ``python -m benchmarks.rendering``.

One move over one 24-megapixel photograph, beside ffmpeg's zoompan, taking turns on the same
machine; frames end as RGB arrays; encoding is not part of it.  The path is measured from the
frames (see ``moves.registration``).  zoompan is measured in the pixel format it is fastest in
(yuv420p) and in the one its path is best in (gbrp, no chroma pairs); targets hold against the
better of the two.  Then the pace of interpolation.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Final

import cv2
import numpy as np

from benchmarks.moves import zoompan
from benchmarks.moves.photographs import mosaic
from benchmarks.moves.registration import Window, corner_errors
from benchmarks.report import Figure, median_seconds, tell
from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.picture import Pixels
from fleet.generate.base import GenerateRequest
from fleet.generate.camera import Camera
from fleet.interpolate.registry import interpolator

PICTURE: Final = Size(6000, 4000)
OUTPUT: Final = Size(1280, 720)
FRAMES: Final = 96
MEASURED_FRAMES: Final = 33
TURNS: Final = 5
FORMATS: Final = ("yuv420p", "gbrp")
# zoompan's windows have its input's aspect, so it is given the 16:9 part; the camera gets the
# whole photograph and cuts for itself.
BAND: Final = Size(6000, 3375)
BAND_TOP: Final = (PICTURE.height - BAND.height) // 2

MOVES: Final = {
    "push-in": ((0.05, 0.05, 0.95, 0.95), (0.262, 0.331, 0.712, 0.781)),
    "pan": ((0.0513, 0.21, 0.6513, 0.81), (0.3417, 0.2931, 0.9417, 0.8931)),
}

Maker = Callable[[int], Iterator[Pixels]]
"""Makes that many frames of a move."""


def main() -> None:
    """Measure both moves and interpolation."""
    picture = mosaic(PICTURE)
    band = np.ascontiguousarray(picture[BAND_TOP : BAND_TOP + BAND.height])
    sources = {name: zoompan.frame_in(band, name) for name in FORMATS}
    figures: list[Figure] = []
    for name, (start, end) in MOVES.items():
        on_band = CameraPath(Rect.of(*start), Rect.of(*end), EasingName.LINEAR)
        path = CameraPath(_from_band(on_band.start), _from_band(on_band.end), EasingName.LINEAR)
        peers: dict[str, Maker] = {
            f"zoompan {pixels}": partial(_zoompan, source, on_band)
            for pixels, source in sources.items()
        }
        figures += _compare(name, partial(_camera, picture, path), peers, path, picture)
    figures += _interpolation(picture)
    tell(
        "rendering",
        figures,
        what=f"{FRAMES} frames, {PICTURE.width}x{PICTURE.height} to "
        f"{OUTPUT.width}x{OUTPUT.height}, RGB out, no encoding",
    )


def _camera(picture: Pixels, path: CameraPath, count: int) -> Iterator[Pixels]:
    at = [i / (count - 1) for i in range(count)]
    return Camera().frames(GenerateRequest(picture, path, at, OUTPUT, "", "", GenerationParams()))


def _zoompan(source: zoompan.Source, path: CameraPath, count: int) -> Iterator[Pixels]:
    return zoompan.frames(source, path, count=count, output=OUTPUT)


def _compare(
    move: str, camera: Maker, peers: Mapping[str, Maker], path: CameraPath, picture: Pixels
) -> list[Figure]:
    makers = {"camera": camera, **peers}
    seconds: dict[str, list[float]] = {name: [] for name in makers}
    for turn in range(TURNS + 1):
        # In turns, so that whatever else the machine does meets all of them alike.
        for name, maker in makers.items():
            took = median_seconds(partial(_drain, maker), runs=1)
            if turn:  # the first is for the caches
                seconds[name].append(took)
    rates = {name: FRAMES / statistics.median(took) for name, took in seconds.items()}
    paths = {name: _path_error(maker, path=path, picture=picture) for name, maker in makers.items()}
    figures = []
    for name in makers:
        error, jitter = paths[name]
        figures += [
            Figure(f"{move}, {name}", rates[name], "frames/s", runs=TURNS),
            Figure(f"{move}, {name}: path error, rms", error, "px"),
            Figure(f"{move}, {name}: jitter, rms", jitter, "px/frame²"),
        ]
    faster = rates["camera"] / max(rates[name] for name in peers)
    truer = min(paths[name][0] for name in peers) / paths["camera"][0]
    return [
        *figures,
        Figure(f"{move}: faster than the faster zoompan", faster, "x", target=2, better="more"),
        Figure(f"{move}: truer than the truer zoompan", truer, "x", target=10, better="more"),
    ]


def _path_error(maker: Maker, *, path: CameraPath, picture: Pixels) -> tuple[float, float]:
    """Root mean square of corner errors (px), and of their second differences (px/frame²).

    Frames next to each other at the real rate are measured, because jitter is between those.
    """
    errors = np.array(
        [
            corner_errors(frame, picture=picture, planned=_window(path, index / (FRAMES - 1)))
            for index, frame in enumerate(islice(maker(FRAMES), MEASURED_FRAMES))
        ]
    )
    jitter = np.diff(errors, n=2, axis=0)
    return float(np.sqrt(np.mean(errors**2))), float(np.sqrt(np.mean(jitter**2)))


def _interpolation(picture: Pixels) -> list[Figure]:
    """Pace and fidelity of one middle frame of a pan of 14 px."""
    path = CameraPath(
        _from_band(Rect.of(0.1, 0.1, 0.7, 0.7)),
        _from_band(Rect.of(0.1066, 0.1, 0.7066, 0.7)),
        EasingName.LINEAR,
    )
    before, truth, after = _camera(picture, path, 3)
    figures = []
    for name in ("flow", "blend"):
        between = partial(interpolator(name).between, before, after, [0.5])
        fidelity = cv2.PSNR(truth, between()[0])
        rate = 1.0 / median_seconds(between, runs=9)
        figures += [
            Figure(f"{name}, one frame between two", rate, "frames/s", runs=9),
            Figure(f"{name}, pan of 14 px: PSNR", fidelity, "dB"),
        ]
    return figures


def _from_band(rect: Rect) -> Rect:
    """A rectangle of the 16:9 band in fractions of the whole photograph."""
    share, offset = BAND.height / PICTURE.height, BAND_TOP / PICTURE.height
    return Rect.of(rect.x1, rect.y1 * share + offset, rect.x2, rect.y2 * share + offset)


def _window(path: CameraPath, u: float) -> Window:
    window = path.window(u)
    return (
        window.x1 * PICTURE.width,
        window.y1 * PICTURE.height,
        window.x2 * PICTURE.width,
        window.y2 * PICTURE.height,
    )


def _drain(maker: Maker) -> None:
    for _ in maker(FRAMES):
        pass


if __name__ == "__main__":
    main()
