"""How quickly pictures come to the desk, layer by layer: ``python -m benchmarks.desk_pictures``.

Milliseconds from a file of 24 megapixels to an image, by kind of file and from its proxy; looks
in a second, made and recalled; how long the window is held up meanwhile; and the memory of a
process that has shown 2,000 pictures and holds the looks of 20,000.

What a key press costs through the window is measured in ``benchmarks.desk``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from benchmarks.moves.photographs import mosaic
from benchmarks.report import Figure, median_seconds, tell
from benchmarks.stills import shoot
from companions.geometry import Size
from companions.picture import Pixels

PICTURE: Final = Size(6000, 4000)
FILES: Final = 100
SHOWN: Final = 2000
LOOKS: Final = 20_000
LOOKED_AT: Final = 12
RUNS: Final = 7
MOST_MEMORY_MB: Final = 1000.0
GROUP: Final = 4
"""Candidates a group; the plan is that of the desk: this group, three to come, the one before."""


def main() -> None:
    """Measure and tell."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if sys.argv[1:2] == ["--memory"]:
        print(json.dumps(_memory([Path(name) for name in sys.argv[2:]])))
        return
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication([])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = shoot(folder / "stills", FILES)
        figures = [
            *_decoding(folder, pictures[0]),
            *_proxies(folder, pictures[0]),
            *_looking(application, folder, pictures[:LOOKED_AT]),
            *_held(pictures),
        ]
    tell("desk_pictures", figures, what="24 megapixels a picture, no window")


def _ms(action: Callable[[], object]) -> float:
    action()
    return 1000.0 * median_seconds(action, runs=RUNS)


def _decoding(folder: Path, picture: Path) -> list[Figure]:
    from selector.media.decode import decode
    from selector.media.plan import Tier

    screen, thumb = Tier.SCREEN.long_side, Tier.THUMB.long_side
    figures = [
        Figure("JPEG to the screen", _ms(lambda: decode(picture, long_side=screen)), "ms", 120.0),
        Figure("JPEG to a thumb", _ms(lambda: decode(picture, long_side=thumb)), "ms", 100.0),
        Figure(
            "window held up by a decode",
            _longest_stall(lambda: decode(picture, long_side=screen)),
            "ms",
            15.0,
        ),
    ]
    pixels: Pixels = mosaic(PICTURE)
    for name, options in (
        ("progressive.jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        ("a.png", [cv2.IMWRITE_PNG_COMPRESSION, 1]),
        ("a.webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
    ):
        other = folder / name
        cv2.imwrite(str(other), pixels, options)
        took = _ms(lambda file=other: decode(file, long_side=screen))  # type: ignore[misc]
        figures.append(Figure(f"{name} to the screen", took, "ms"))
    return figures


def _longest_stall(action: Callable[[], object]) -> float:
    """Longest time in ms for which a thread that only counts did not get to run meanwhile."""
    gaps, done = [0.0], threading.Event()

    def work() -> None:
        for _ in range(RUNS):
            action()
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    last = time.perf_counter()
    while not done.is_set():
        time.sleep(0.0005)  # as the window does between events: waiting, not working
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
    worker.join()
    return 1000.0 * max(gaps)


def _proxies(folder: Path, picture: Path) -> list[Figure]:
    from selector.media.decode import decode
    from selector.media.disk_cache import Stamp
    from selector.media.plan import Tier
    from selector.media.proxies import Proxies

    proxies, stamp = Proxies(folder / "cache"), Stamp.of(picture)
    figures = []
    for tier, target in ((Tier.SCREEN, 15.0), (Tier.THUMB, 3.0)):
        decoded = decode(picture, long_side=tier.long_side)
        word = tier.name.lower()
        wrote = _ms(lambda t=tier, d=decoded: proxies.save(stamp, t, d))  # type: ignore[misc]
        read = _ms(lambda t=tier: proxies.load(stamp, t))  # type: ignore[misc]
        figures += [
            Figure(f"{word} proxy written", wrote, "ms"),
            Figure(f"{word} proxy read", read, "ms", target),
        ]
    files = [f for f in (folder / "cache" / "proxies").rglob("*") if f.is_file()]
    return [*figures, Figure("screen proxy", files[0].stat().st_size / 1000.0, "kB")]


def _looking(application: Any, folder: Path, pictures: Sequence[Path]) -> list[Figure]:
    from selector.core.look import Wanted
    from selector.media.darkroom import Darkroom

    def rate(plan: Sequence[Path]) -> tuple[float, float]:
        """Seconds to the first look, and looks a second from then on."""
        darkroom = Darkroom(processes=1, cache_folder=folder / "cache")
        times: list[float] = []
        darkroom.looked.connect(lambda *_: times.append(time.perf_counter()))
        begun = time.perf_counter()
        darkroom.want(plan, wanted=Wanted())
        while len(times) < len(plan):
            application.processEvents()
            time.sleep(0.0005)
        darkroom.close()
        first, last = times[0] - begun, times[-1]
        return first, (len(plan) - 1) / max(last - times[0], 1e-9)

    first_s, made = rate(pictures)
    small = []
    for i in range(1000):
        path = folder / "small" / f"{i:04d}.jpg"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((60, 80, 3), i % 256, np.uint8))
        small.append(path)
    rate(small)
    again_s, recalled = rate(small)
    return [
        Figure("first look", first_s, "s"),
        Figure("looks made", made, "a second", 3.0, "more"),
        Figure("first look recalled", again_s, "s"),
        Figure("looks recalled", recalled, "a second", 1000.0, "more"),
    ]


def _held(pictures: Sequence[Path]) -> list[Figure]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.desk_pictures", "--memory", *map(str, pictures)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return [
        Figure("memory before", found["before_mb"], "MB"),
        Figure("memory after 2,000 pictures", found["shown_mb"], "MB"),
        Figure("the same with 20,000 looks, at its peak", found["peak_mb"], "MB", MOST_MEMORY_MB),
        Figure("images held, at most", found["held_mb"], "MB", found["budget_mb"]),
        Figure("pictures shown", found["rate"], "a second", better="more"),
    ]


def _memory(pictures: Sequence[Path]) -> dict[str, float]:
    """What a process takes that shows ``SHOWN`` pictures, group by group."""
    from PySide6.QtWidgets import QApplication

    from selector.core.look import Wanted, look_at
    from selector.media.darkroom import Darkroom
    from selector.media.loader import DEFAULT_BUDGET_BYTES, Loader

    application = QApplication([])
    with tempfile.TemporaryDirectory() as cache:
        loader, darkroom = Loader(cache_folder=Path(cache)), Darkroom(cache_folder=Path(cache))
        before = _resident_mb()
        held, begun = 0, time.perf_counter()
        for at in range(0, SHOWN, GROUP):
            ring = [pictures[(at + i) % len(pictures)] for i in range(-GROUP, 4 * GROUP)]
            loader.want([*ring[GROUP:], *ring[:GROUP]])
            loader.want_thumbs([pictures[(at + i) % len(pictures)] for i in range(40)])
            while not all(loader.image(picture) for picture in ring[GROUP : 2 * GROUP]):
                application.processEvents()
                time.sleep(0.001)
            held = max(held, loader.held_bytes)
        took = time.perf_counter() - begun
        shown = _resident_mb()
        document = look_at(pictures[0], wanted=Wanted()).model_dump_json()
        looks = [document.encode() for _ in range(LOOKS)]  # as the desk keeps them
        found = {
            "before_mb": before,
            "shown_mb": shown,
            "peak_mb": _highest_mb(),
            "held_mb": held / 1e6,
            "budget_mb": DEFAULT_BUDGET_BYTES / 1e6,
            "rate": SHOWN / took,
        }
        assert len(looks) == LOOKS
        assert all(loader.problem(picture) is None for picture in pictures)
        darkroom.close()
        loader.close()
    return found


def _resident_mb() -> float:
    return _of_status("VmRSS")


def _highest_mb() -> float:
    # Not ru_maxrss, which a process inherits from the one that started it.
    return _of_status("VmHWM")


def _of_status(name: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:  # no Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6


if __name__ == "__main__":
    main()
