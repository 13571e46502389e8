"""A worker says how far it is while it is at work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fleet.cluster.worker import Worker
from fleet.stages.base import GenerateTask
from fleet.stages.drill import STEP_S, Drill
from tests.fleet.making import recipe, sha256, small_picture


def test_a_worker_tells_the_steps_of_its_attempt_and_nothing_afterwards(tmp_path: Path) -> None:
    picture = small_picture(tmp_path / "a.png", shade=1, size=(16, 12))
    how = recipe(image_sha256=sha256(picture), width=64, height=64, duration_s=1.0)
    worker: Any = Worker(Drill(generate_s=3 * STEP_S, frames=2))
    before = worker.state()

    # The first item comes when the steps are over; the attempt is still under way.
    stream = worker.generate("token", GenerateTask("s", "a.png", how, 1), picture.read_bytes())
    next(stream)
    during = worker.state()
    list(stream)
    after = worker.state()

    assert (before.busy, before.progress) == ("", None)
    assert during.busy == "token"
    assert during.progress is not None
    assert (during.progress.done, during.progress.steps) == (3, 3)
    assert (after.busy, after.progress) == ("", None)
