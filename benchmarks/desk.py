"""How long an operator waits at the desk: ``python -m benchmarks.desk [--quick]``.

200 generated JPEGs of 24 megapixels in groups of four, through the real window, drawn in memory.
Every scene is a fresh process with empty caches, except where it says "seen before": then
reduced pictures and looks of an earlier session, in which nothing was decided, are on the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, tell
from benchmarks.stills import CANDIDATES, shoot
from companions.names import MOTION_SUFFIX
from selector.core.placement import JOURNAL_NAME

PICTURES, CROWD = 200, 2000
RUNS = 5
BUDGET_MB = 1000.0


def scene(name: str, folder: Path, home: Path) -> Mapping[str, Any]:
    """Play a scene in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.desk_scenes", name, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ
        | {
            "QT_QPA_PLATFORM": "offscreen",
            "SELECTOR_HOME": str(home / "settings"),
            "XDG_CACHE_HOME": str(home / "cache"),
        },
    )
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def undecided(folder: Path) -> None:
    """Take away what an operator left in a folder that this bench made."""
    (folder / JOURNAL_NAME).unlink(missing_ok=True)
    for motion in folder.rglob(f"*{MOTION_SUFFIX}"):
        motion.unlink()


def startup(folder: Path, home: Path, *, runs: int, again: bool) -> list[float]:
    """Seconds from the command to the first sharp group."""
    times = []
    for _ in range(runs):
        if not again:
            shutil.rmtree(home, ignore_errors=True)
        begun = time.time()
        times.append(float(scene("first", folder, home)["at"]) - begun)
    return times


def crowd(folder: Path, pictures: Sequence[Path], count: int) -> Path:
    """``count`` pictures under ever new names, on the disk only once."""
    for index in range(count):
        place = folder / f"group_{index // CANDIDATES:04d}" / f"{'abcd'[index % CANDIDATES]}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(pictures[index % len(pictures)])
    return folder


def p95(values: Sequence[float]) -> float:
    """The value that 95 % do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def main(arguments: Sequence[str]) -> None:
    """Measure and tell."""
    quick = "--quick" in arguments
    pictures_count = 60 if quick else PICTURES
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as name:
        folder, home = Path(name) / "shoot", Path(name) / "home"
        pictures = shoot(folder, pictures_count)
        cold_start = startup(folder, home, runs=2 if quick else RUNS, again=False)
        warm_start = startup(folder, home, runs=2 if quick else RUNS, again=True)
        shutil.rmtree(home)
        ahead = scene("prefetched", folder, home)["ms"]
        far = []
        for _ in range(1 if quick else 3):
            shutil.rmtree(home)
            far += scene("cold", folder, home)["ms"]
        shutil.rmtree(home)
        fresh = scene("cull", folder, home)
        undecided(folder)
        scene("leisure", folder, home)
        again = scene("cull", folder, home)
        undecided(folder)
        shutil.rmtree(home)
        many = 400 if quick else CROWD
        held = scene("memory", crowd(Path(name) / "crowd", pictures, many), home)
    sharp, disk = "start to first group, sharp", "until every motion is on the disk"
    figures = [
        Figure("prefetched: key to painted, p95", p95(ahead), "ms", 60.0, runs=len(ahead)),
        Figure("  median", statistics.median(ahead), "ms", runs=len(ahead)),
        Figure("cold: key to all four painted", statistics.median(far), "ms", 250.0, runs=len(far)),
        Figure("  slowest", max(far), "ms", runs=len(far)),
        _pace("pick + accept + next", fresh, "decided_s"),
        _pace(f"  {disk}", fresh, "written_s"),
        _pace("  seen before", again, "decided_s"),
        _pace(f"  seen before, {disk}", again, "written_s"),
        Figure(f"memory over {held['pictures']} pictures", held["bytes"] / 1e6, "MB", BUDGET_MB),
        Figure(sharp, statistics.median(cold_start), "s", 1.5, runs=len(cold_start)),
        Figure("  seen before", statistics.median(warm_start), "s", 1.5, runs=len(warm_start)),
    ]
    tell("desk", figures, what=f"{pictures_count} JPEGs of 24 megapixels, four a group")


def _pace(name: str, told: Mapping[str, Any], key: str) -> Figure:
    pace = 60.0 * float(told["groups"]) / float(told[key])
    return Figure(name, pace, "groups/min", 300.0, "more", runs=int(told["groups"]))


if __name__ == "__main__":
    main(sys.argv[1:])
