"""How long a person waits: ``python -m benchmarks.latency``.

Cold: from pressing Enter on ``fleet submit`` to the first published clip, cluster start and all.
Warm: from pressing Enter on ``fleet submit --no-wait`` to the clip's meta, while another
submission has the cluster up and busy; the new shot has the higher priority.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Figure, median_seconds, tell
from companions.geometry import Rect
from companions.motion import Move
from tests.fleet.making import photo, shot, write_manifest

RUNS = 5
MOVE = Move(
    start_rect=Rect.of(0.0, 0.0, 0.9, 0.9), end_rect=Rect.of(0.2, 0.2, 0.8, 0.8), duration_sec=2.0
)


def command(*arguments: str | Path) -> list[str]:
    """``fleet ARGUMENTS``."""
    return [sys.executable, "-m", "fleet", *map(str, arguments)]


def wait_for(path: Path, *, limit_s: float = 120.0) -> float:
    """When ``path`` appeared, on the performance counter."""
    deadline = time.perf_counter() + limit_s
    while not path.exists():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{path} did not appear")
        time.sleep(0.005)
    return time.perf_counter()


def one_shot(folder: Path, name: str, *, priority: int = 0) -> Path:
    """A manifest of one two-second clip at 480x270, 12 to 24 fps."""
    picture = photo("coffee.png", folder, as_name=f"{name}.png")
    made = shot(picture, folder, move=MOVE, width=480, height=270)
    made = made.model_copy(update={"priority": priority})
    return write_manifest(folder / f"{name}.video_manifest.json", [made], batch_id=name)


def cold() -> float:
    """Seconds from Enter to the first published clip."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = one_shot(folder, "cold")
        environment = os.environ | {"FLEET_HOME": str(folder / "home")}
        begun = time.perf_counter()
        with subprocess.Popen(
            command("submit", manifest), env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            published = wait_for(folder / "cold.video_meta.json")
            process.wait()
        return published - begun


def warm(runs: int) -> list[float]:
    """Seconds from Enter to the published clip, for each of ``runs`` urgent shots."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = os.environ | {"FLEET_HOME": str(folder / "home")}
        pictures = [photo("rocket.jpg", folder, as_name=f"bulk{i:03d}.jpg") for i in range(60)]
        bulk = write_manifest(
            folder / "bulk.video_manifest.json",
            [shot(picture, folder, move=MOVE, width=480, height=270) for picture in pictures],
        )
        times = []
        with subprocess.Popen(
            command("submit", bulk), env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            wait_for(folder / "bulk000.video_meta.json")
            for i in range(runs):
                manifest = one_shot(folder, f"urgent{i}", priority=50)
                begun = time.perf_counter()
                subprocess.run(
                    command("submit", manifest, "--no-wait"), env=environment, check=True,
                    capture_output=True,
                )  # fmt: skip
                times.append(wait_for(folder / f"urgent{i}.video_meta.json") - begun)
            process.terminate()
            process.wait()
        return times


def main() -> None:
    """Measure and tell."""
    help_s = median_seconds(
        lambda: subprocess.run(command("--help"), check=True, capture_output=True), runs=9
    )
    selector_s = median_seconds(
        lambda: subprocess.run(
            [sys.executable, "-m", "selector", "--help"], check=True, capture_output=True
        ),
        runs=9,
    )
    colds = [cold() for _ in range(RUNS)]
    warms = warm(RUNS)
    tell(
        "latency",
        [
            Figure("fleet --help", help_s, "s", target=0.5, runs=9),
            Figure("selector --help", selector_s, "s", target=0.5, runs=9),
            Figure("submit to first published clip, cold", statistics.median(colds), "s",
                   runs=RUNS),
            Figure("submit to published clip, warm and busy", statistics.median(warms), "s",
                   runs=RUNS),
        ],
        what="a 2 s clip at 480x270, 12 to 24 fps, one slot each pool",
    )  # fmt: skip


if __name__ == "__main__":
    main()
