"""Several selectors and a person at work in one folder at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from companions import codec, lock
from companions.motion import MotionCompanion, MotionOrigin
from companions.names import MOTION_SUFFIX, companion_path
from companions.seen import read_seen, replace
from companions.video_manifest import VideoManifest
from tests.selector.cli.running import ran
from tests.selector.stills import drawn, motion_of, saved

Capture = pytest.CaptureFixture[str]


def selector(*arguments: object) -> subprocess.Popen[str]:
    """A ``selector`` process of its own."""
    argv = [sys.executable, "-m", "selector", *map(str, arguments)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    document = json.loads(out)
    assert isinstance(document, dict)
    return document


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [saved(drawn(160, 90, seed=seed), tmp_path / f"img_{seed:02}.png") for seed in range(12)]


def test_two_selectors_in_one_folder_give_every_picture_one_motion(
    tmp_path: Path, pictures: list[Path]
) -> None:
    running = [selector("propose", tmp_path, "--size", size, "--json")
               for size in ("128x72", "160x90")]  # fmt: skip
    outcomes = [
        {row["picture"]: row["outcome"] for row in told(process)["pictures"]} for process in running
    ]

    for picture in pictures:
        assert sorted(each[picture.name] for each in outcomes) == ["kept", "proposed"]
        made = [each[picture.name] == "proposed" for each in outcomes].index(True)
        assert motion_of(picture).output.width == (128, 160)[made]
    assert not list(tmp_path.glob(".motionfleet-*"))


def test_what_a_person_draws_while_selectors_replace_proposals_is_there_in_the_end(
    tmp_path: Path, pictures: list[Path], capsys: Capture
) -> None:
    assert ran(capsys, "propose", tmp_path, "--size", "64x64").code == 0
    running = [selector("propose", tmp_path, "--size", size, "--force", "--json")
               for size in ("128x72", "160x90")]  # fmt: skip

    for turn, picture in enumerate(pictures):
        # As the selector's window does it: under the lock, over what was seen there.
        path = companion_path(picture, MOTION_SUFFIX)
        with lock.locked(picture, patience_s=60.0):
            motion, as_seen = read_seen(path, MotionCompanion)
            by_hand = motion.provenance.model_copy(
                update={"origin": MotionOrigin.EDITED, "why": ()}
            )
            changed = motion.model_copy(update={"provenance": by_hand, "duration_sec": 10.0 + turn})
            replace(path, changed, seen=as_seen)
    for process in running:
        # A proposal drawn over between reading and writing is told as kept, or as changed.
        assert process.wait(timeout=240) in {0, 15}
        process.communicate()

    for turn, picture in enumerate(pictures):
        assert motion_of(picture).provenance.origin is MotionOrigin.EDITED
        assert motion_of(picture).duration_sec == 10.0 + turn


def test_two_manifests_of_one_folder_at_once_leave_a_whole_one_and_no_lost_word(
    tmp_path: Path, pictures: list[Path], capsys: Capture
) -> None:
    assert ran(capsys, "propose", tmp_path, "--size", "64x64").code == 0
    out = tmp_path / "batch.video_manifest.json"

    running = {
        name: selector("manifest", tmp_path, "-o", out, "--batch-id", name)
        for name in ("one", "two", "three")
    }
    codes = {}
    for name, process in running.items():
        _, err = process.communicate(timeout=240)
        codes[name] = process.returncode
        assert process.returncode in {0, 15}, err
        assert (process.returncode == 15) == ("since it was read" in err)

    manifest = codec.read(out, VideoManifest)
    assert codes[manifest.batch_id] == 0
    assert len(manifest.shots) == len(pictures)
    assert not list(tmp_path.glob(".motionfleet-*"))
