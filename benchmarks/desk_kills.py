"""The selector killed among random keys, many times over: ``python -m benchmarks.desk_kills``.

Each round is a shoot of its own with other people's files in it; the real window is killed with
SIGKILL some keys in, opened again, and killed again.  The suite does a few of these.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Figure, tell
from companions import codec
from companions.errors import MotionfleetError
from companions.files import TEMPORARY_PREFIX
from companions.motion import MotionCompanion
from companions.names import MOTION_SUFFIX
from selector.core.decisions import Journal, latest
from selector.core.placement import Placement
from tests.chaos.test_desk_killed import hashes, killed_after, shoot

ROUNDS, KILLS = 20, 5


def main(arguments: Sequence[str]) -> None:
    """Kill, look, tell."""
    rounds = 3 if "--quick" in arguments else ROUNDS
    kills = keys = lost = touched = torn = left = 0
    for seed in range(rounds):
        dice = random.Random(1000 + seed)
        with tempfile.TemporaryDirectory(prefix="desk-kills-") as name:
            folder, home = Path(name) / "shoot", Path(name) / "home"
            before = shoot(folder)
            for go in range(KILLS):
                told = killed_after(
                    folder,
                    seed=seed * 100 + go,
                    keys=dice.randint(5, 250),
                    home=home,
                    between=go % 3 == 1,  # one in three with no key under way
                )
                kills, keys = kills + 1, keys + len(told)
                lines = told[-1]["lines"]
                assert isinstance(lines, int)
                decisions = Journal(Placement(folder).journal).replay().decisions
                kept = latest(decisions[:lines])
                picked = sorted(name for name, each in kept.items() if each.picked)
                lost += len(decisions) < lines or picked != told[-1]["picked"]
                now = hashes(folder)
                touched += sum(now.get(path) != known for path, known in before.items())
                torn += sum(not _is_whole(path) for path in _motions(folder) if path not in before)
            left += sum(1 for path in now if path.name.startswith(TEMPORARY_PREFIX))
    tell(
        "desk_kills",
        [
            Figure("decisions lost", lost, "kills", 0.0, runs=kills),
            Figure("files of others touched", touched, "files", 0.0, runs=kills),
            Figure("motions that are not whole", torn, "files", 0.0, runs=kills),
            Figure("temporary files left (swept in time)", left, "files", runs=kills),
            Figure("keys pressed", keys, "keys", runs=kills),
        ],
        what=f"{kills} kill -9 among random keys",
    )


def _motions(folder: Path) -> list[Path]:
    return list(folder.rglob(f"*{MOTION_SUFFIX}"))


def _is_whole(path: Path) -> bool:
    try:
        codec.read(path, MotionCompanion)
    except MotionfleetError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
