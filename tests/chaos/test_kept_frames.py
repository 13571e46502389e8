"""Never paid twice: frames that were made are finished after any crash, not made again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet import client
from fleet.jobs.model import Stage
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.rows import History
from fleet.settings import Home
from tests.fleet.drilling import prepare

NAMES = ["one", "two"]
KEEP_ALL = "checkpoint_after_s = 0.0\nfirst_retry_s = 0.01\n"


def at_work(manifest: Path, home: Home, faults: Mapping[str, object]) -> subprocess.Popen[bytes]:
    """A process that works on the manifest."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fleet.drilling", str(manifest), str(home.root),
         json.dumps(faults)]
    )  # fmt: skip


def killed_while_finishing(folder: Path, *, settings: str) -> tuple[Path, Home]:
    """Both shots are generated, the first is being finished, and then the power fails."""
    manifest = prepare(folder, NAMES)
    home = Home(folder / "home")
    home.root.mkdir()
    home.settings_file.write_text(settings)
    with at_work(manifest, home, {"*": ["finish", "slow", 1_000_000]}) as process:
        deadline = time.monotonic() + 90.0
        while not ready(home, kept="false" not in settings):
            assert time.monotonic() < deadline, "the frames were never kept"
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return manifest, home


def ready(home: Home, *, kept: bool) -> bool:
    if not home.ledger.exists():
        return False
    database = Database(home.ledger)
    try:
        made = database.rows("SELECT 1 FROM attempts WHERE stage = ? AND outcome = 'succeeded'",
                             (Stage.GENERATE,))  # fmt: skip
        done = len(made) == len(NAMES)
        return done and (not kept or len(reading.checkpoints(database)) == len(NAMES))
    finally:
        database.close()


def worked_off(manifest: Path, home: Home) -> list[History]:
    with at_work(manifest, home, {}) as process:
        assert process.wait(90.0) == 0
    submission = client.read_submission(manifest, out=None, home=home)
    database = Database(home.ledger)
    try:
        return [reading.history(database, planned.row.id) for planned in submission.shots]
    finally:
        database.close()


def succeeded(history: History) -> Counter[Stage]:
    return Counter(a.stage for a in history.attempts if a.outcome == "succeeded")


@pytest.mark.timeout(250)
def test_after_a_kill_a_shot_goes_on_with_finishing(tmp_path: Path) -> None:
    manifest, home = killed_while_finishing(tmp_path, settings=KEEP_ALL)

    histories = worked_off(manifest, home)

    for history in histories:
        assert history.shot.verdict is Verdict.PASS
        assert succeeded(history) == {Stage.GENERATE: 1, Stage.FINISH: 1, Stage.PUBLISH: 1}
    assert list(home.checkpoints.iterdir()) == [], "published frames are kept by nobody"


@pytest.mark.timeout(250)
def test_without_kept_frames_a_kill_costs_the_generation_again(tmp_path: Path) -> None:
    settings = "checkpoints = false\nfirst_retry_s = 0.01\n"
    manifest, home = killed_while_finishing(tmp_path, settings=settings)

    histories = worked_off(manifest, home)

    for history in histories:
        assert history.shot.verdict is Verdict.PASS
        assert succeeded(history)[Stage.GENERATE] == 2
    assert not home.checkpoints.exists()


@pytest.mark.timeout(250)
def test_kept_frames_that_were_damaged_are_made_again_and_never_used(tmp_path: Path) -> None:
    manifest, home = killed_while_finishing(tmp_path, settings=KEEP_ALL)
    for path in home.checkpoints.iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    histories = worked_off(manifest, home)

    for history in histories:
        assert history.shot.verdict is Verdict.PASS
        assert succeeded(history)[Stage.GENERATE] == 2
        outcomes = [a.outcome for a in history.attempts if a.stage is Stage.FINISH]
        assert "checkpoint_unusable" in outcomes
