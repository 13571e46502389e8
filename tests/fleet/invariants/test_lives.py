"""Whatever is asked of a fleet, and however often it dies: all invariants hold."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.checkpoint.folder import SUFFIX
from fleet.dispatcher.reconcile import reconcile
from fleet.invariants.examine import judge
from fleet.jobs.model import Stage
from fleet.jobs.retry import Failure, GiveUp, TryAgain
from fleet.ledger import control, reading, recovery
from fleet.ledger.rows import Checkpoint
from fleet.ledger.selection import Selection
from tests.fleet.invariants.small_fleet import BROKEN, SmallFleet

STEPS = 60
FLAKY = Failure(code="worker_lost", message="killed", retryable=True, curable=True)


class Life:
    """A fleet to which things happen at random."""

    def __init__(self, root: Path, seed: int) -> None:
        self.fleet, self.chance = SmallFleet(root), random.Random(seed)
        self.told: list[str] = []
        self.fleet.submit("a", "b")

    def step(self) -> None:
        acts: list[Callable[[], None]] = [
            self.submit, self.work, self.work, self.work, self.work, self.work, self.fail,
            self.give_up, self.cancel, self.quarantine, self.retry, self.die, self.lose_frames,
            self.lose_staged, self.keep_frames, self.reprioritise,
        ]  # fmt: skip
        act = self.chance.choice(acts)
        self.told.append(act.__name__)
        act()

    def submit(self) -> None:
        name, seed = self.chance.choice("abc"), self.chance.randrange(3)
        shown = self.fleet.target(name).read_meta()
        intact = shown is not None and shown.shot_id == f"{name}-{seed}"
        self.fleet.submit(name, seed=seed, intact=intact)

    def work(self) -> None:
        stage = self.chance.choice(list(Stage))
        if self.fleet.is_queued(stage):
            {
                Stage.GENERATE: self.fleet.generate,
                Stage.FINISH: self.fleet.finish,
                Stage.PUBLISH: self.fleet.publish,
            }[stage]()

    def fail(self) -> None:
        self._fail(FLAKY, TryAgain(0.0, given_back=self.chance.random() < 0.5))

    def give_up(self) -> None:
        self._fail(BROKEN, GiveUp(BROKEN))

    def cancel(self) -> None:
        control.cancel(
            self.database, self.some(), who="anna", spare_publishing=False, now=time.time()
        )

    def quarantine(self) -> None:
        control.quarantine(
            self.database, self.some(), who="anna", spare_publishing=False, now=time.time()
        )

    def retry(self) -> None:
        ended = [Verdict.FAILED, Verdict.QUARANTINED, Verdict.CANCELLED]
        control.retry(self.database, self.some(), verdicts=ended, who="anna", now=time.time())

    def reprioritise(self) -> None:
        control.set_priority(
            self.database, self.some(), priority=self.chance.randrange(3), who="anna",
            now=time.time(),
        )  # fmt: skip

    def die(self) -> None:
        """Leases are held, and whoever holds them is gone."""
        for stage in Stage:
            if self.fleet.is_queued(stage) and self.chance.random() < 0.7:
                self.fleet.lease(stage)
        self.restart()

    def lose_frames(self) -> None:
        for row in self.database.rows(
            "SELECT f.shot_id FROM jobs f JOIN jobs g ON g.shot_id = f.shot_id"
            " WHERE f.stage = 'finish' AND f.state = 'queued'"
            " AND g.stage = 'generate' AND g.state = 'succeeded'"
        ):
            recovery.lose_output(self.database, row["shot_id"], now=time.time())

    def lose_staged(self) -> None:
        if self.fleet.home.staging.exists():
            for clip in self.fleet.home.staging.iterdir():
                clip.unlink()
        self.restart()

    def keep_frames(self) -> None:
        """The frames of shots that wait to be finished come to lie on the disk."""
        self.fleet.home.checkpoints.mkdir(exist_ok=True)
        for row in self.database.rows(
            "SELECT a.shot_id, a.token FROM attempts a JOIN jobs f ON f.shot_id = a.shot_id"
            " WHERE a.stage = 'generate' AND f.stage = 'finish' AND f.state = 'queued'"
        ):
            path = self.fleet.home.checkpoints / f"{row['shot_id']}.{row['token'][:8]}{SUFFIX}"
            path.write_bytes(b"frames")
            digest = hashlib.sha256(b"frames").hexdigest()
            kept = Checkpoint(str(path), sha256=digest, size_bytes=6, frames=1)
            if not recovery.keep(self.database, row["shot_id"], kept, token=row["token"]):
                path.unlink()

    def restart(self) -> None:
        """A new dispatcher comes; whatever was before, it leaves all as it should be."""
        reconcile(self.database, self.fleet.home)
        found = judge(self.fleet.home, at_work=False)
        assert not found.broken, (self.told, found.breaches)

    def some(self) -> Selection:
        rows = self.database.rows("SELECT id FROM shots")
        return Selection(shots=(self.chance.choice([row["id"] for row in rows]),))

    def open(self) -> None:
        self._ledger = self.fleet.ledger()
        self.database = self._ledger.database

    def close(self) -> None:
        self._ledger.close()

    def _fail(self, failure: Failure, decision: TryAgain | GiveUp) -> None:
        stage = self.chance.choice(list(Stage))
        if self.fleet.is_queued(stage):
            lease = self.fleet.lease(stage)
            self._ledger.fail(lease, failure, decision, now=time.time())


@pytest.mark.parametrize("seed", range(12))
def test_a_life_of_work_failures_orders_and_deaths_ends_with_every_promise_kept(
    tmp_path: Path, seed: int
) -> None:
    life = Life(tmp_path, seed)
    life.open()
    for _ in range(STEPS):
        life.step()
        found = judge(life.fleet.home, at_work=True)
        assert not found.broken, (life.told, found.breaches)

    life.restart()
    life.fleet.make_all()

    assert life.fleet.broken() == set()
    assert reading.unfinished(life.database) == 0
    life.close()
