"""The selector killed while random keys go into its window: nothing decided is lost, nothing
that was there before is touched."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from companions import codec
from companions.motion import MotionCompanion
from companions.names import MOTION_SUFFIX
from selector.core.decisions import Journal, latest
from selector.core.placement import Placement
from tests.chaos.desk_keys import state
from tests.selector import stills
from tests.selector.desks import opened

ROUNDS = int(os.environ.get("DESK_KILLS", "4"))
PICTURES = 24


def shoot(folder: Path) -> dict[Path, str]:
    """Groups of four pictures with other people's files among them; the hash of each file."""
    for i in range(PICTURES):
        place = folder / f"g{i // 4}" / f"{'abcd'[i % 4]}.jpg"
        stills.saved(stills.drawn(480, 320, seed=i), place)
        place.with_suffix(".xmp").write_text(f"<x>{i}</x>")
    (folder / "g0" / "b.motion.json").write_text("{ not ours to mend")
    (folder / "notes.txt").write_text("keep")
    return hashes(folder)


def hashes(folder: Path) -> dict[Path, str]:
    """The hash of every file."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def killed_after(
    folder: Path, *, seed: int, keys: int, home: Path, between: bool
) -> list[dict[str, object]]:
    """What the window told until it was killed, ``keys`` keys in or a little later.

    ``between``: exactly then, with no key under way.
    """
    told: list[dict[str, object]] = []
    complaints = home.with_name("complaints.txt")
    with (
        complaints.open("wb") as said,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.chaos.desk_keys", str(folder), str(seed)),
                *([str(keys)] if between else []),
            ],
            stdout=subprocess.PIPE,
            stderr=said,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "SELECTOR_HOME": str(home)},
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if not line.endswith(b"\n"):
                    break
                told.append(json.loads(line))
                if len(told) == keys and not between:
                    process.kill()
        finally:
            process.kill()
    assert process.returncode == -9, "it ended by itself"
    assert complaints.read_text() == ""
    return told


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_among_random_keys_every_decision_is_back_and_no_file_is_touched(
    qtbot: object, tmp_path: Path, seed: int
) -> None:
    folder, home = tmp_path / "shoot", tmp_path / "home"
    before = shoot(folder)
    dice = random.Random(seed)
    decided = drawn = 0
    for go in range(3):
        between = go == 1
        keys = dice.randint(20, 150)
        told = killed_after(folder, seed=seed * 100 + go, keys=keys, home=home, between=between)
        last, found = told[-1], state(folder)

        decisions = Journal(Placement(folder).journal).replay().decisions
        assert isinstance(last["lines"], int)
        kept = latest(decisions[: last["lines"]])
        assert sorted(n for n, each in kept.items() if each.picked) == last["picked"]
        then, now = last["motions"], found["motions"]
        assert isinstance(then, dict)
        assert isinstance(now, dict)
        # The key that was under way may have changed the motions it was about, as a whole.
        changed = {name for name in then.keys() | now.keys() if then.get(name) != now.get(name)}
        assert len(changed) <= (0 if between else 4), changed
        for path in folder.rglob(f"*{MOTION_SUFFIX}"):
            if path not in before:
                codec.read(path, MotionCompanion)  # whole
        assert {path: h for path, h in hashes(folder).items() if path in before} == before
        decided += len(decisions)
        drawn += len(then.keys() - {"g0/b.motion.json"})

        with opened(folder) as desk:
            assert sorted(desk.cull.all_picked()) == found["picked"]
    assert decided > 0, "the keys decided nothing"
    assert drawn > 0, "the keys drew nothing"
