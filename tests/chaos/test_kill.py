"""Killed at any moment, the same command goes on: nothing lost, doubled or half-written."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from companions import codec
from companions.geometry import Rect
from companions.motion import Move
from companions.video_meta import VideoMeta
from fleet.encode.probe import probe_clip
from fleet.jobs.model import JobState, Stage
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.ledger import Ledger
from fleet.settings import Home
from tests.acceptance.cli import command, environment, fleet
from tests.fleet.making import PHOTOS, photo, shot, write_manifest

SHOTS = 30
KILLS = 10
MOVE = Move(
    start_rect=Rect.of(0.0, 0.0, 0.95, 0.95), end_rect=Rect.of(0.2, 0.2, 0.8, 0.8), duration_sec=1.0
)


def thirty_shots(folder: Path) -> Path:
    pictures = [
        photo(PHOTOS[i % len(PHOTOS)], folder, as_name=f"img_{i:03d}.{PHOTOS[i % 5][-3:]}")
        for i in range(SHOTS)
    ]
    return write_manifest(
        folder / "m.video_manifest.json",
        [shot(picture, folder, move=MOVE, width=320, height=180) for picture in pictures],
    )


def published(folder: Path) -> dict[str, tuple[int, int]]:
    """Each committed clip with its inode and time: a clip made twice has others."""
    return {
        meta.name: (clip.stat().st_ino, clip.stat().st_mtime_ns)
        for meta in folder.glob("*.video_meta.json")
        if (clip := meta.with_name(meta.name.split(".")[0] + ".mp4")).exists()
    }


def wait_for_a_random_moment(
    process: subprocess.Popen[bytes], home: Home, chance: random.Random
) -> None:
    """Some time while it starts, or after some steps of the work: so on any machine, however
    fast, the kills fall on the whole of it.
    """
    if chance.random() < 0.3 or not home.ledger.exists():
        seconds = chance.uniform(0.1, 3.0)
    else:
        database = Database(home.ledger)
        enough = reading.last_event(database) + chance.randint(1, 25)
        while reading.last_event(database) < enough and process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.002)
        database.close()
        seconds = chance.uniform(0.0, 0.3)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


@pytest.mark.timeout(600)
def test_ten_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    manifest = thirty_shots(tmp_path)
    home = tmp_path / "home"
    chance = random.Random(20260102)
    early: dict[str, tuple[int, int]] = {}

    for _ in range(KILLS):
        with subprocess.Popen(
            command("submit", manifest), env=environment(home), stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            wait_for_a_random_moment(process, Home(home), chance)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert process.returncode == -signal.SIGKILL, "the work was over before the last kill"
        for name, identity in published(tmp_path).items():
            assert early.setdefault(name, identity) == identity, f"{name} was made twice"

    last = fleet(home, "submit", manifest, timeout_s=300.0)

    assert last.code == 0, last.err
    after = published(tmp_path)
    assert len(after) == SHOTS
    assert {name: after[name] for name in early} == early, "a published clip was redone"
    assert len(early) < SHOTS, "the kills must have left something to do"
    ledger_equals_disk(tmp_path, Home(home))


def ledger_equals_disk(folder: Path, home: Home) -> None:
    ledger = Ledger(home.ledger)
    shots = reading.shots(ledger.database)
    assert len(shots) == SHOTS
    for row in shots:
        meta = codec.read(folder / f"{row.id.split('-')[0]}.video_meta.json", VideoMeta)
        probe = probe_clip(Path(row.target))
        assert meta.clip is not None
        assert (meta.shot_id, meta.clip.sha256, probe.frames) == (row.id, probe.sha256, 24)
        assert reading.published_hashes(ledger.database, row.target) == {probe.sha256}
        history = ledger.history(row.id)
        assert all(job.state is JobState.SUCCEEDED for job in history.jobs.values())
        done = Counter(a.stage for a in history.attempts if a.outcome == "succeeded")
        assert (done[Stage.FINISH], done[Stage.PUBLISH]) == (1, 1), row.id
    ledger.close()
    left = {path.name for path in folder.iterdir()} - {"home", "m.video_manifest.json"}
    assert len(left) == 3 * SHOTS, "nothing but pictures, clips and metas"
    assert list(home.staging.iterdir()) == []
