"""A small fleet without a cluster: a real ledger, real files, the real publishing.

What workers would make is made up; everything from the ledger to the place of a clip is the
fleet's own.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from companions import codec
from companions.video_manifest import Codec, Master
from companions.video_meta import (
    ClipFacts,
    FrameFacts,
    FramingUsed,
    MasterFacts,
    ModelUsed,
    Verdict,
)
from fleet.attempt import Attempts
from fleet.invariants.examine import examine
from fleet.invariants.listing import Invariant
from fleet.jobs.model import Stage
from fleet.jobs.retry import Failure, GiveUp
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import Artifact, Lease, NewManifest, NewShot, ShotRow
from fleet.settings import Home, Settings
from fleet.stages.arrival import staged_master
from fleet.stages.base import FinishReport, GenerateReport
from fleet.stages.publish import Target
from tests.fleet.making import recipe

MANIFEST = NewManifest(
    id="m1", sha256="1" * 64, project_id="p", batch_id="b", path="/in/m.video_manifest.json"
)
BROKEN = Failure(code="picture_truncated", message="broken", retryable=False, curable=False)


@dataclass(frozen=True)
class SmallFleet:
    """One home and one folder of pictures, both below ``root``."""

    root: Path

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    @property
    def stills(self) -> Path:
        return self.root / "stills"

    def ledger(self) -> Ledger:
        return Ledger(self.home.ledger)

    def submit(
        self, *names: str, seed: int = 0, intact: bool = True, manifest: NewManifest = MANIFEST
    ) -> None:
        """Queue a shot of each picture; another ``seed`` is another shot for the same clip."""
        self.stills.mkdir(parents=True, exist_ok=True)
        for name in names:
            (self.stills / f"{name}.png").write_bytes(name.encode())
        ledger = self.ledger()
        rows = [self._row(name, seed=seed, intact=intact) for name in names]
        ledger.submit(manifest, rows, now=time.time())
        ledger.close()

    def lease(self, stage: Stage) -> Lease:
        ledger = self.ledger()
        lease = ledger.lease(stage, now=time.time(), node="here")
        ledger.close()
        assert lease is not None
        return lease

    def generate(self) -> Lease:
        """Generate the next shot."""
        lease = self.lease(Stage.GENERATE)
        model = ModelUsed(name="none", revision="1", licence="Apache-2.0")
        report = GenerateReport(model=model, generated=2)
        ledger = self.ledger()
        ledger.succeed(lease, now=time.time(), report=report.model_dump_json())
        ledger.close()
        return lease

    def finish(self, *, master: bytes | None = None) -> Lease:
        """Finish the next shot; its clip is staged, and its master if there is one."""
        lease = self.lease(Stage.FINISH)
        clip = self.clip_of(lease.shot.id)
        report = _report(lease.shot, clip)
        path = self.home.staging / f"{lease.shot.id}.{lease.token[:8]}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip)
        if master is not None:
            staged_master(path, Master.FFV1).write_bytes(master)
            facts = MasterFacts(
                file=f"{Path(lease.shot.target).stem}.master.mkv",
                sha256=hashlib.sha256(master).hexdigest(),
                size_bytes=len(master),
                frames=2,
                master=Master.FFV1,
            )
            report = report.model_copy(update={"master": facts})
        ledger = self.ledger()
        ledger.succeed(
            lease,
            now=time.time(),
            report=report.model_dump_json(),
            artifact=Artifact(str(path), report.clip.sha256, len(clip)),
        )
        ledger.close()
        return lease

    def publish(self, lease: Lease | None = None) -> Lease:
        """Publish the next shot, as the dispatcher does."""
        taken = self.lease(Stage.PUBLISH) if lease is None else lease
        ledger = self.ledger()
        attempts = Attempts(home=self.home, settings=Settings(), ledger=ledger, patient=False)
        asyncio.run(attempts.publish(taken))
        ledger.close()
        return taken

    def make(self, *names: str, seed: int = 0, intact: bool = True) -> None:
        """Take a shot of each picture all the way."""
        for name in names:
            self.submit(name, seed=seed, intact=intact)
            self.generate()
            self.finish()
            self.publish()

    def give_up(self, *names: str, seed: int = 0) -> None:
        """A shot of each picture ends without a clip, and its meta says why."""
        for name in names:
            self.fail(name, seed=seed)
            self.publish()

    def fail(self, name: str, *, seed: int = 0) -> None:
        """A shot is given up; that is yet to be published."""
        self.submit(name, seed=seed)
        lease = self.lease(Stage.GENERATE)
        ledger = self.ledger()
        ledger.fail(lease, BROKEN, GiveUp(BROKEN), now=time.time())
        ledger.close()

    def make_all(self) -> None:
        """Make whatever is queued."""
        while self.is_queued(Stage.GENERATE):
            self.generate()
        while self.is_queued(Stage.FINISH):
            self.finish()
        while self.is_queued(Stage.PUBLISH):
            self.publish()

    def target(self, name: str) -> Target:
        return Target(self.stills / f"{name}.mp4")

    @staticmethod
    def clip_of(shot_id: str) -> bytes:
        """What a shot's clip is here: bytes that no other shot's has."""
        return f"the clip of {shot_id}".encode() * 99

    def damage(self, *statements: str) -> None:
        """Change the ledger behind its back."""
        with sqlite3.connect(self.home.ledger) as sql:
            for statement in statements:
                assert sql.execute(statement).rowcount != 0, f"nothing was damaged: {statement}"
        sql.close()

    def broken(self, *, quick: bool = False) -> set[Invariant]:
        """The invariants that do not hold."""
        found = examine(self.home, quick=quick)
        assert not [each for each in found.findings if each.unjudged]
        return {each.invariant for each in found.broken}

    def verdicts(self) -> dict[str, Verdict | None]:
        """How every shot ended, by id."""
        with sqlite3.connect(self.home.ledger) as sql:
            rows = sql.execute("SELECT id, verdict FROM shots").fetchall()
        sql.close()
        return {row[0]: Verdict(row[1]) if row[1] else None for row in rows}

    def _row(self, name: str, *, seed: int, intact: bool) -> NewShot:
        made = recipe(seed=seed)
        return NewShot(
            id=f"{name}-{seed}",
            picture=str(self.stills / f"{name}.png"),
            image_path=f"{name}.png",
            target=str(self.target(name).clip),
            fingerprint=codec.fingerprint(made),
            recipe=made,
            priority=0,
            intact=intact,
        )

    def is_queued(self, stage: Stage) -> bool:
        """Whether a job of ``stage`` can be leased."""
        with sqlite3.connect(self.home.ledger) as sql:
            query = "SELECT 1 FROM jobs WHERE stage = ? AND state = 'queued'"
            found = sql.execute(query, (stage,)).fetchone()
        sql.close()
        return found is not None


def small_fleet(root: Path) -> SmallFleet:
    """A fleet at rest: two shots with a clip, one without, and one that was replaced."""
    fleet = SmallFleet(root)
    copy_fleet(SmallFleet(_made_once()), fleet)
    return fleet


def copy_fleet(old: SmallFleet, new: SmallFleet) -> None:
    """Copy a fleet that nobody uses to another place."""
    for folder in ("home", "stills"):
        shutil.copytree(old.root / folder, new.root / folder, dirs_exist_ok=True)
    moves = (f"{old.root}/", f"{new.root}/")
    with sqlite3.connect(new.home.ledger) as sql:
        sql.execute("PRAGMA synchronous = OFF")
        sql.execute("UPDATE shots SET target = replace(target, ?, ?)", moves)
        sql.execute("UPDATE shots SET picture = replace(picture, ?, ?)", moves)
        for column in ("published SET target", "artifacts SET path", "checkpoints SET path"):
            name = column.split()[-1]
            sql.execute(f"UPDATE {column} = replace({name}, ?, ?)", moves)
    sql.close()


@functools.cache
def _made_once() -> Path:
    # Making it takes a hundred flushes of the disk, and every test wants one.
    root = Path(tempfile.mkdtemp(prefix="small-fleet-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    fleet = SmallFleet(root)
    fleet.make("a", "b")
    fleet.give_up("c")
    fleet.make("a", seed=1)
    return root


def names_in(folder: Path) -> Sequence[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def _report(shot: ShotRow, clip: bytes) -> FinishReport:
    move, rate = shot.recipe.motion, shot.recipe.interpolation.target_fps
    return FinishReport(
        framing=FramingUsed(start_rect=move.start_rect, end_rect=move.end_rect, grown=False),
        frames=FrameFacts(generated=2, generator_fps=rate, interpolator="none", interpolated=0),
        clip=ClipFacts(
            file=Path(shot.target).name, sha256=hashlib.sha256(clip).hexdigest(),
            size_bytes=len(clip), frames=2, fps=rate, duration_sec=0.5, width=2, height=2,
            codec=Codec.H264, encoder="none",
        ),
        checks=(),
        verdict=Verdict.PASS,
    )  # fmt: skip
