"""Ten seeds of mischief: ``python -m benchmarks.drills`` (about an hour).

Each is ``fleet drill --shots 200 --faults 60 --seed S`` on a cluster of its own: a head and a node
on this machine.  The figure that counts is the number of invariants that did not hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.report import Figure, tell

SEEDS = 10
SHOTS = 200
FAULTS = 60
FOLDER = Path("build/bench/drills")


def drilled(seed: int, *, shots: int, faults: int) -> dict[str, object]:
    """What ``fleet drill`` told of one seed."""
    done = subprocess.run(
        [sys.executable, "-m", "fleet", "drill", "--shots", str(shots), "--faults", str(faults),
         "--seed", str(seed), "--json"],
        check=False, capture_output=True, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"seed-{seed}.log").write_text(done.stderr, "utf-8")
    told: dict[str, object] = json.loads(done.stdout or "{}")
    (FOLDER / f"seed-{seed}.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    print(f"seed {seed}: exit {done.returncode}, {told.get('seconds')} s", file=sys.stderr)
    return told | {"exit": done.returncode}


def _count(faults: object) -> int:
    return sum(faults.values()) if isinstance(faults, dict) else 0


def main(first: int = 1, count: int = SEEDS) -> None:
    """Drill and tell."""
    runs = [drilled(seed, shots=SHOTS, faults=FAULTS) for seed in range(first, first + count)]
    held = [each for each in runs if each["exit"] == 0]
    seconds = [float(str(each["seconds"])) for each in runs if "seconds" in each]
    again = [int(str(each["generated_again"])) for each in runs if "generated_again" in each]
    fell = [_count(each["faults"]) for each in runs if "faults" in each]
    tell(
        "drills",
        [
            Figure("seeds of which every invariant holds", float(len(held)), "",
                   target=float(count), better="more", runs=count),
            Figure("faults that fell, of each seed", float(median(fell or [0])), "", runs=count),
            Figure("one drill", median(seconds or [0.0]), "s", runs=count),
            Figure("generations done again although they had succeeded",
                   float(median(again or [0])), f"of {SHOTS}", runs=count),
        ],
        what=f"{SHOTS} shots, {FAULTS} faults, one head and one node on this machine",
    )  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
