"""Whether kill -9 ever costs a byte: ``python -m benchmarks.crashes [KILLS]``.

Two ways of killing.  One operation on a set of five files ends before each of its steps, and
resuming it ends before each of *its* steps, every pair of the two.  And random operations on
sets with all manner of names, killed at random steps or by the clock, KILLS times (300) on one
disk and as many across two.  After each: every byte of every original is where the operation log
says, in a whole set, and nothing else is there.  What is lost ends the run with an error.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.report import Figure, tell
from tests.companions.sets.dying import Trial
from tests.companions.sets.making import Life, ended_by
from tests.companions.sets.sequences import World, run

KILLS = 300
MEMORY = Path("/dev/shm")  # noqa: S108


def pairs(word: str, bases: tuple[Path, Path], log: Path) -> int:
    """Kill an operation before every step and its resuming before every step; how many kills."""
    here, there = (Path(tempfile.mkdtemp(dir=base)) for base in bases)
    trial, kills = Trial(word, (here, there), log), 0
    for first in itertools.count():
        for second in itertools.count():
            trial.begin()
            died = ended_by(partial(trial.carry, Life(first))) == -signal.SIGKILL
            if not died:
                assert trial.is_done()
                return kills
            died_again = ended_by(partial(trial.resume_mortally, Life(second))) == -signal.SIGKILL
            kills += 1 + died_again
            trial.refuse_loss()
            trial.resume()
            trial.refuse_disorder()
            if not died_again:
                break
    raise AssertionError("unreachable")


def new_trash(home: Path) -> None:
    """Give this process a trash of its own, since what is in it will be counted."""
    home.mkdir()
    os.environ |= {"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    for name in [name for name in sys.modules if name.partition(".")[0] == "send2trash"]:
        del sys.modules[name]  # it looks where the home is when it is imported


def main() -> None:
    """Kill, look and tell."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    seed = random.randrange(10**6)
    figures = []
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory(dir=MEMORY) as there:
        one, other = Path(here), Path(there)
        two_disks = one.stat().st_dev != other.stat().st_dev
        disks = {"on one disk": (one, one)} | ({"across disks": (one, other)} if two_disks else {})
        begun = perf_counter()
        for where, bases in disks.items():
            kills = sum(
                pairs(word, bases, one / f"log {word} {where}")
                for word in ("move", "copy", "rename", "respell")
            )
            figures.append(Figure(f"kills at every pair of steps, {where}", kills, "kills"))
            new_trash(one / f"home {where}")
            folders = [base / f"{where} {place}" for place, base in enumerate((*bases, one))]
            tally = run(World(folders, one / f"log {where}", seed=seed), kills=wanted)
            figures += [
                Figure(
                    f"kills among random operations, {where}",
                    tally.kills, "kills", target=min(wanted, 200), better="more",
                ),
                Figure(f"  of them by the clock, {where}", tally.killed_by_the_clock, "kills"),
                Figure(f"  of them while resuming, {where}", tally.killed_resuming, "kills"),
                Figure(f"operations, {where}", tally.operations, "operations"),
            ]  # fmt: skip
        figures += [
            Figure("originals lost, doubled or unaccounted for", 0, "files", target=0),
            Figure("all of it", perf_counter() - begun, "s"),
        ]
    tell("crashes", figures, what=f"kill -9 among operations on sets, seed {seed}")


if __name__ == "__main__":
    main()
