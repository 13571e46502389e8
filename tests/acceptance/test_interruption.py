"""Ctrl-C, SIGTERM, and two submissions at once."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from companions.geometry import Rect
from companions.motion import Move
from tests.acceptance.cli import command, environment, fleet
from tests.fleet.making import PHOTOS, photo, shot, write_manifest

MOVE = Move(
    start_rect=Rect.of(0.0, 0.0, 0.9, 0.9), end_rect=Rect.of(0.1, 0.1, 0.9, 0.9), duration_sec=1.0
)


def manifest_of(folder: Path, name: str, count: int) -> Path:
    pictures = [
        photo(PHOTOS[i % 5], folder, as_name=f"{name}_{i}.{PHOTOS[i % 5][-3:]}")
        for i in range(count)
    ]
    shots = [shot(picture, folder, move=MOVE, width=320, height=180) for picture in pictures]
    return write_manifest(folder / f"{name}.video_manifest.json", shots, batch_id=name)


def started(home: Path, manifest: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("submit", manifest), env=environment(home), stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def read_until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"{words!r} was never said")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_submission_says_how_to_go_on_and_the_same_command_does(
    tmp_path: Path, stop: signal.Signals
) -> None:
    manifest = manifest_of(tmp_path, "m", 4)
    home = tmp_path / "home"
    with started(home, manifest) as process:
        read_until(process, "1/4 pass")
        process.send_signal(stop)
        _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert f"Go on with: fleet submit {manifest}" in err
    assert "Traceback" not in err

    again = fleet(home, "submit", manifest)

    assert again.code == 0
    assert "nothing to add, going on with" in again.err
    assert len(list(tmp_path.glob("*.mp4"))) == 4


def test_a_second_submission_at_the_same_time_joins_the_first(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = manifest_of(tmp_path, "first", 4)
    second = manifest_of(tmp_path, "second", 2)

    with started(home, first) as process:
        read_until(process, "1/4 pass")
        joined = fleet(home, "submit", second)
        process.communicate(timeout=60)

    assert (process.returncode, joined.code) == (0, 0), joined.err
    assert "following it" in joined.err
    assert len(list(tmp_path.glob("*.mp4"))) == 6
