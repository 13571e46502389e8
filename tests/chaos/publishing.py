"""One publishing, killed before every line that it runs on its way, and what a restart makes of it.

Used by a short test and by ``benchmarks/publish_crashes.py``.  The process that dies is a real
one, and dies of SIGKILL: it tells nothing, closes nothing and cleans nothing up.  What it does is
the fleet's own: lease, publish, end, unlink.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

import companions
import fleet
from companions import codec
from companions.video_meta import Verdict, VideoMeta
from fleet.checkpoint.folder import SUFFIX
from fleet.dispatcher.reconcile import reconcile
from fleet.ledger.lock import ProcessLock
from tests.companions.sets.making import ended_by
from tests.fleet.invariants.small_fleet import SmallFleet, names_in

_FLEET: Final = Path(fleet.__file__).parent
_COMPANIONS: Final = Path(companions.__file__).parent
WATCHED: Final = frozenset(
    str(path)
    for path in (
        _FLEET / "attempt.py",
        _FLEET / "stages" / "publish.py",
        _FLEET / "dispatcher" / "reconcile.py",
        _COMPANIONS / "files.py",
        _COMPANIONS / "lock.py",
        *(_FLEET / "ledger").glob("*.py"),
    )
)
"""Every line of these is a point to die at: each call to disk or database is between two."""


@dataclass(frozen=True)
class Scene:
    """What there is to publish, and what must be there in the end."""

    prepare: Callable[[SmallFleet], None]
    has_clip: bool = True


def _first(fleet: SmallFleet) -> None:
    fleet.submit("a", seed=1)
    fleet.generate()
    fleet.finish()


def _in_place_of_another(fleet: SmallFleet) -> None:
    fleet.make("a", seed=0)
    _first(fleet)


def _with_kept_frames(fleet: SmallFleet) -> None:
    _first(fleet)
    path = fleet.home.checkpoints / f"a-1.0123abcd{SUFFIX}"
    path.parent.mkdir()
    path.write_bytes(b"frames")
    ledger = fleet.ledger()
    with ledger.database.transaction(durable=True) as sql:
        sql.execute(
            "INSERT INTO checkpoints VALUES ('a-1', ?, ?, 6, 1)",
            (str(path), hashlib.sha256(b"frames").hexdigest()),
        )
    ledger.close()


def _words_alone(fleet: SmallFleet) -> None:
    fleet.fail("a", seed=1)


SCENES: Final = {
    "a first clip": Scene(_first),
    "a clip in place of an older one": Scene(_in_place_of_another),
    "a clip whose frames were kept": Scene(_with_kept_frames),
    "a reason without a clip": Scene(_words_alone, has_clip=False),
}


class Trial:
    """One scene, played again and again by processes that die."""

    def __init__(self, scene: str, root: Path) -> None:
        self._scene = SCENES[scene]
        self._root = root
        self.fleet = SmallFleet(root / "now")
        self._scene.prepare(self.fleet)
        self.fleet.root.rename(root / "before")

    def points(self) -> list[str]:
        """The points to die at, each by the function that its line is in; the first is point 1."""
        self._begin()
        return self._told(self._publish)

    def points_after(self, point: int) -> int:
        """How many there are in the restart after a death at ``point``."""
        self._begin()
        self._die(self._publish, point)
        return len(self._told(self.restart))

    def die(self, point: int, *, again: int | None = None) -> None:
        """Publish and die before line ``point``: nobody is shown half of anything.  Restart, and
        if asked die before line ``again`` of that; restart for good: the promise is kept."""
        self._begin()
        assert self._die(self._publish, point), f"no line {point} to die at"
        self._refuse_halves()
        if again is not None:
            self._die(self.restart, again)
        self.restart()
        self._see()

    def restart(self) -> None:
        """What a new dispatcher does with what it finds."""
        lock = ProcessLock(self.fleet.home.dispatcher_lock)
        assert lock.acquire(), "the dead hold the lock"
        ledger = self.fleet.ledger()
        reconcile(ledger.database, self.fleet.home)
        ledger.close()
        self.fleet.make_all()
        lock.release()

    def _begin(self) -> None:
        shutil.rmtree(self.fleet.root, ignore_errors=True)
        shutil.copytree(self._root / "before", self.fleet.root)

    def _publish(self) -> None:
        lock = ProcessLock(self.fleet.home.dispatcher_lock)
        lock.acquire()
        self.fleet.publish()

    def _die(self, action: Callable[[], None], point: int) -> bool:
        code = ended_by(partial(_mortally, action, point))
        assert code in {0, -signal.SIGKILL}, "it ended otherwise than by its death"
        return code != 0

    def _told(self, action: Callable[[], None]) -> list[str]:
        told = self._root / "points"
        assert ended_by(partial(_telling, action, told)) == 0
        return told.read_text().splitlines()

    def _refuse_halves(self) -> None:
        place = self.fleet.target("a")
        clip = place.clip.read_bytes() if place.clip.exists() else None
        assert clip in {None, *(self.fleet.clip_of(f"a-{seed}") for seed in (0, 1))}
        if place.meta.exists():
            # A meta commits its clip: never is it there without it, or beside another one.
            said = codec.read(place.meta, VideoMeta).clip
            assert (said.sha256 if said else None) == (clip and hashlib.sha256(clip).hexdigest())

    def _see(self) -> None:
        fleet, scene = self.fleet, self._scene
        assert fleet.broken() == set()
        assert fleet.verdicts()["a-1"] is (Verdict.PASS if scene.has_clip else Verdict.FAILED)
        expected = {"a.png", "a.video_meta.json"} | ({"a.mp4"} if scene.has_clip else set())
        assert set(names_in(fleet.stills)) == expected
        for folder in (fleet.home.staging, fleet.home.checkpoints):
            assert not folder.exists() or names_in(folder) == []
        ledger = fleet.ledger()
        rows = ledger.database.rows("SELECT sha256 FROM published WHERE shot_id = 'a-1'")
        ledger.close()
        assert len(rows) == scene.has_clip
        if scene.has_clip:
            assert fleet.target("a").clip.read_bytes() == fleet.clip_of("a-1")


def _mortally(action: Callable[[], None], point: int) -> None:
    """Do ``action``, and die before line ``point`` of what is watched."""
    lines = itertools.count(1)

    def die(_: str) -> None:
        if next(lines) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    _watched(action, die)


def _telling(action: Callable[[], None], told: Path) -> None:
    functions: list[str] = []
    _watched(action, functions.append)
    told.write_text("\n".join(functions))


def _watched(action: Callable[[], None], before_line: Callable[[str], object]) -> None:
    def look(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            before_line(frame.f_code.co_qualname)
        return look

    threading.settrace(look)  # clips are copied in a thread of their own
    sys.settrace(look)
    action()
    sys.settrace(None)
    threading.settrace(None)
