"""How fast a move is previewed: ``python -m benchmarks.preview``.

A photograph of 24 megapixels at 960x540: frames that the renderer makes in a second, levels
included, and what a panel on the screen (offscreen here) shows of a clip of 60 frames per second.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Final

from PIL import Image

from benchmarks.moves.photographs import mosaic
from benchmarks.report import Figure, median_seconds, tell
from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size
from companions.motion import Move, Rotation
from companions.picture import Pixels
from companions.reference import Reference
from companions.rendition import Rendition, clip_fractions
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint

PICTURE: Final = Size(6000, 4000)
OUTPUT: Final = Size(960, 540)
LARGE: Final = Size(1280, 720)
FPS: Final = Fraction(60)
SECONDS: Final = 4.0
RUNS: Final = 5
PATIENCE_S: Final = 30.0
LEAST_FPS: Final = 60.0
LEAST_SHOWN: Final = 59.0
"""Of a clip of 60: one frame in a second may fall to whatever else the machine does."""

WIDE: Final = Rect.of(0.05, 0.05, 0.95, 0.95)
KITE: Final = ObjectTrajectory(
    name="kite",
    region=PolygonRegion(shape="polygon", points=((0.4, 0.4), (0.6, 0.4), (0.65, 0.6), (0.4, 0.6))),
    points=(
        TrajectoryPoint(at=0.0, position=(0.5, 0.5)),
        TrajectoryPoint(at=1.0, position=(0.7, 0.4), scale=1.3, rotation_deg=20.0),
    ),
)


def _move(start: Rect, end: Rect, **more: object) -> Move:
    return Move.model_validate(
        {
            "start_rect": start.root, "end_rect": end.root, "duration_sec": SECONDS,
            "easing": EasingName.LINEAR, **more,
        }
    )  # fmt: skip


MOVES: Final = {
    "push-in": _move(WIDE, Rect.of(0.262, 0.331, 0.712, 0.781)),
    "threefold push-in": _move(WIDE, Rect.of(0.35, 0.35, 0.65, 0.65)),
    "pan": _move(Rect.of(0.05, 0.2, 0.65, 0.8), Rect.of(0.34, 0.25, 0.94, 0.85)),
    "turned": _move(
        Rect.of(0.2, 0.2, 0.8, 0.8), Rect.of(0.3, 0.3, 0.7, 0.7),
        rotation=Rotation(start_deg=-8.0, end_deg=8.0),
    ),
    "object": _move(WIDE, Rect.of(0.1, 0.1, 0.9, 0.9), objects=(KITE,)),
}  # fmt: skip


def main() -> None:
    """Measure the renderer, then the panel."""
    picture = mosaic(PICTURE)
    figures = []
    for name, move in MOVES.items():
        for output, target in ((OUTPUT, LEAST_FPS), (LARGE, None)):
            frames, first_s = _rendered(picture, move, output)
            size = f"{output.width}x{output.height}"
            figures.append(Figure(f"{name}, {size}", frames, "frames/s", target, "more", runs=RUNS))
            if output is OUTPUT:
                figures.append(Figure(f"{name}: first frame", 1000 * first_s, "ms", runs=RUNS))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "still.jpg")
        Image.fromarray(picture).save(file, quality=90)
        figures += _panel(file)
    tell("preview", figures, what=f"{PICTURE.width}x{PICTURE.height}, levels and filling included")


def _rendered(picture: Pixels, move: Move, output: Size) -> tuple[float, float]:
    """Frames per second of a whole clip, and seconds until the first."""
    path = CameraPath.of(move, picture=PICTURE, output=output)
    count = round(SECONDS * FPS)

    def source() -> Callable[[int], object]:
        if move.objects:
            return Reference(
                picture, path, move.objects, output=output, at=clip_fractions(count)
            ).frame
        return Rendition(picture, path, output=output, at=clip_fractions(count)).frame

    def clip() -> None:
        frame = source()
        for index in range(count):
            frame(index)

    clip()  # for the caches
    first_s = median_seconds(lambda: source()(0), runs=RUNS)
    return count / median_seconds(clip, runs=RUNS), first_s


def _panel(file: Path) -> list[Figure]:
    """What a panel shows: from the picture's file to the first frame, then the pace of a clip."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from selector.view.preview.panel import PreviewPanel

    application = QApplication.instance() or QApplication([])
    panel = PreviewPanel()
    panel.resize(OUTPUT.width, OUTPUT.height + 60)
    panel.show()

    def until(done: Callable[[], bool]) -> None:
        loop, begun = QEventLoop(), perf_counter()
        timer = QTimer(interval=1)
        timer.timeout.connect(lambda: loop.quit() if done() or late() else None)

        def late() -> bool:
            return perf_counter() - begun > PATIENCE_S

        timer.start()
        loop.exec()

    shown: list[int] = []
    panel.player.frame.connect(lambda _image, index: shown.append(index))
    begun = perf_counter()
    panel.show_move(file, MOVES["push-in"], OUTPUT, FPS)
    until(lambda: bool(shown))
    figures = [Figure("from the file to the first frame", perf_counter() - begun, "s")]
    count = round(SECONDS * FPS)
    for name, move in MOVES.items():
        rates = []
        for _ in range(RUNS):
            # Everything anew each time: nothing is there that an earlier run has made.
            panel.stop()
            panel.show_move(file, move, OUTPUT, FPS)
            shown.clear()
            panel.play()
            until(lambda: not panel.playing)
            rates.append(len(set(shown)) / count * float(FPS))
        rate = statistics.median(rates)
        figures.append(
            Figure(f"{name}, shown by a panel", rate, "frames/s", LEAST_SHOWN, "more", runs=RUNS)
        )
    panel.shut_down()
    panel.close()
    application.processEvents()
    return figures


if __name__ == "__main__":
    main()
