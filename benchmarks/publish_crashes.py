"""Whether a crash of publishing costs a clip: ``python -m benchmarks.publish_crashes [TWICE]``.

A process leases, publishes, records the end and tidies up, and is killed -9 before every line of
that in turn: of the ledger, the files, the locks and the publishing itself.  So is, at random, the
restart after it.  Each time the next restart must end in one clip, one meta, one record of both
and no file too many, and every invariant of ``fleet audit ledger`` must hold.  What does not ends
the run with an error.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.report import Figure, tell
from tests.chaos.publishing import SCENES, Trial

TWICE = 100
"""Deaths of a restart after a death, for each scene."""
MEMORY = Path("/dev/shm")  # noqa: S108
"""Where it is played, if there is such a place: what a killed process wrote is written, on the
disk or on its way there, so that waiting for the disk would only take time."""


def main() -> None:
    """Kill, restart, look and tell."""
    twice = int(sys.argv[1]) if len(sys.argv) > 1 else TWICE
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    place = MEMORY if MEMORY.is_dir() else None
    figures, begun = [], perf_counter()
    for scene in SCENES:
        with tempfile.TemporaryDirectory(dir=place) as folder:
            trial = Trial(scene, Path(folder))
            points = len(trial.points())
            for point in range(1, points + 1):
                trial.die(point)
            for _ in range(twice):
                point = chance.randint(1, points)
                trial.die(point, again=chance.randint(1, trial.points_after(point)))
        figures += [
            Figure(f"deaths at every line, {scene}", points, "kills"),
            Figure(f"deaths of a restart too, {scene}", twice, "kills"),
        ]
    figures += [
        Figure("clips lost or doubled, words lost, files left", 0, "files", target=0),
        Figure("all of it", perf_counter() - begun, "s"),
    ]
    tell(
        "publish_crashes", figures, what=f"kill -9 between any two lines of publishing, seed {seed}"
    )


if __name__ == "__main__":
    main()
