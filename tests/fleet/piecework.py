"""Long shots of noise on a real cluster, with a diary of what was made: ``run_pieces``.

The stage is the real one, and so are the pieces; only the model is noise that depends on the
piece's seed and on the frames it continues, so that a clip tells whether it was put together as
it should be.  What befalls a shot is said by its picture's name.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from companions.generation_params import GenerationParams, Long
from companions.motion import Move
from companions.picture import Pixels
from companions.timing import FrameGrid, parse_rate
from companions.video_meta import VideoMeta
from fleet import client
from fleet.checkpoint.pieces import PieceFolder
from fleet.embedded import work_until_done
from fleet.errors import AttemptStopped, BackendFailed
from fleet.generate.base import GenerateRequest, ModelCard, Need, Piece
from fleet.generate.diffusion import chunks, long
from fleet.generate.diffusion.families import FAMILIES
from fleet.ledger import control
from fleet.ledger.database import Database
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import History
from fleet.ledger.selection import Selection
from fleet.settings import Home, load_settings
from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    GenerateReport,
    GenerateTask,
    PieceEnd,
    Pieces,
    Stopped,
    Tell,
    untold,
)
from fleet.stages.drill import Drill
from fleet.stages.generate import generate
from fleet.stages.publish import Target
from tests.fleet.making import shot, small_picture, write_manifest

_WAN: Final = FAMILIES["wan-2.1-flf2v-14b"]
FAMILY: Final = replace(_WAN, defaults=replace(_WAN.defaults, frames=17), overlap=5)
FOUR: Final = {Long.OVERLAP: 53, Long.SEGMENTS: 65}
"""Frames that make four pieces, by the way they are put together."""
PATIENCE_S: Final = 60.0
IN_TURN: Final = ("together", "helped", "unlike", "cancelled")
"""Shots that wait for a second worker: one after the other, or they would wait for each other."""


@dataclass(frozen=True)
class Noise:
    """``Generator`` of noise; ``begun`` is called before a piece is made."""

    begun: Callable[[GenerateRequest, int], None]
    way: str = ""

    @property
    def card(self) -> ModelCard:
        return ModelCard("noise", "1", "Apache-2.0", {})

    @property
    def grid(self) -> FrameGrid:
        return FAMILY.clip_grid

    @property
    def memory_bytes(self) -> int:
        return 0

    def needs(self, params: GenerationParams, *, move_type: str) -> Sequence[Need]:
        return ()

    def check_here(self, need: Need) -> None:
        pass

    def how(self, params: GenerationParams, *, memory_plan: str, move_type: str) -> str:
        return self.way

    def unload(self) -> None:
        pass

    def check(
        self, params: GenerationParams, move: Move, *, prompt: str = "", negative_prompt: str = ""
    ) -> None:
        pass

    def pieces(self, params: GenerationParams, frames: int) -> Sequence[Piece]:
        return chunks.plan(FAMILY, params, frames)

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        pieces = self.pieces(request.params, len(request.move_fractions))
        number, part = long.part(request, pieces=pieces)
        self.begun(request, number)
        said = hashlib.sha256(b"".join(frame.tobytes() for frame in part.before)).digest()
        chance = np.random.default_rng([part.params.seed, int.from_bytes(said[:8], "big")])
        size = (request.output.height, request.output.width, 3)
        made = (chance.integers(0, 255, size, dtype=np.uint8) for _ in part.move_fractions)
        return long.faded(made, before=part.before)


@dataclass(frozen=True)
class PieceStages:
    """``Stages`` that write down which pieces they make, in ``home / "diary"``."""

    home: Path

    @property
    def models(self) -> tuple[str, ...]:
        return ()

    def generate(
        self, task: GenerateTask, picture: bytes, stopped: Stopped, tell: Tell = untold
    ) -> Iterator[Pieces | Chunk | PieceEnd | GenerateReport]:
        name = PurePosixPath(task.image_path).stem

        def begun(request: GenerateRequest, number: int) -> None:
            self._meets(name, task, number, stopped)
            write(self.home, f"{name} made {number} by {os.getpid()}")

        way = ""
        if name == "unlike":
            way = str(os.getpid())
            write(self.home, f"unlike begun by {way}")
            (self.home / f"unlike-{way}").touch()
        return generate(task, picture, Noise(begun, way), stopped, tell)

    def finish(
        self, task: FinishTask, picture: bytes, chunks: Iterable[Chunk], stopped: Stopped
    ) -> Iterator[int | FinishReport | bytes]:
        name = PurePosixPath(task.image_path).stem
        got = list(chunks)
        digest = hashlib.sha256(b"".join(chunk.tobytes() for chunk in got)).hexdigest()
        write(self.home, f"{name} is {digest} of {sum(len(chunk) for chunk in got)}")
        if name in IN_TURN[:-1]:
            self._begins(IN_TURN[IN_TURN.index(name) + 1])
        yield from Drill().finish(task, picture, got, stopped)

    def _begins(self, name: str) -> None:
        shot_id = json.loads((self.home / "ids").read_text()).get(name)
        if shot_id is not None:
            with ledger_of(Home(self.home)) as ledger:
                one = Selection(shots=(shot_id,))
                control.resume(ledger.database, one, who="a test", now=time.time())

    def _meets(self, name: str, task: GenerateTask, number: int, stopped: Stopped) -> None:
        if name == "worker" and number == 2 and task.attempt == 1:
            self._until_kept(task, 2)
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "dispatcher" and number == 2 and once(self.home / "dispatcher-killed"):
            self._until_kept(task, 2)
            os.kill(dispatcher_of(Home(self.home)), signal.SIGKILL)
            wait_for(stopped, what="being told by the next dispatcher")
            raise AttemptStopped(stage="generate")
        if name == "together" and number < 2:
            (self.home / f"at-{number}").touch()
            both = [self.home / f"at-{each}" for each in range(2)]
            wait_for(lambda: all(path.exists() for path in both), what="a second worker")
        if name == "together" and number == 2 and task.attempt == 1:
            self._until_kept(task, 3)
            raise BackendFailed(backend="piecework", what="it was to fail, this once")
        if name == "unlike" and number == 0:
            wait_for(lambda: len(list(self.home.glob("unlike-*"))) == 2, what="a helper")
        if name == "cancelled":
            (self.home / f"busy-{number}").touch()
            both = [self.home / f"busy-{each}" for each in range(2)]
            wait_for(lambda: all(path.exists() for path in both), what="a second worker")
            if number == 0:
                cancel(Home(self.home), task.shot_id)
            wait_for(stopped, what="being told to stop")
            write(self.home, f"cancelled stopped {number} by {os.getpid()}")
            raise AttemptStopped(stage="generate")
        if name == "helped" and number == 0:
            wait_for((self.home / "helper-killed").exists, what="a helper's death")
        elif name == "helped" and once(self.home / "helper-killed"):
            os.kill(os.getpid(), signal.SIGKILL)

    def _until_kept(self, task: GenerateTask, pieces: int) -> None:
        folder = PieceFolder(Home(self.home).pieces, task.shot_id)

        def kept() -> bool:
            index = folder.read()
            return index is not None and len(index.pieces) == pieces

        wait_for(kept, what=f"{pieces} kept pieces")


def wait_for(come: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not come():
        if time.monotonic() > deadline:
            raise BackendFailed(backend="piecework", what=f"waited for {what} in vain")
        time.sleep(0.01)


def once(mark: Path) -> bool:
    """Whether this is the first time."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def write(home: Path, line: str) -> None:
    with (home / "diary").open("a") as diary:
        diary.write(line + "\n")


def cancel(home: Home, shot_id: str) -> None:
    with ledger_of(home) as ledger:
        control.cancel(
            ledger.database, Selection(shots=(shot_id,)), who="a test", spare_publishing=True,
            now=time.time(),
        )  # fmt: skip


@contextmanager
def ledger_of(home: Home) -> Iterator[Ledger]:
    ledger = Ledger(home.ledger)
    yield ledger
    ledger.close()


def dispatcher_of(home: Home) -> int:
    database = Database(home.ledger)
    try:
        rows = database.rows("SELECT value FROM fleet_state WHERE key = 'dispatcher_pid'")
        return int(rows[0]["value"])
    finally:
        database.close()


@dataclass(frozen=True)
class Worked:
    """What a run left behind."""

    home: Home
    histories: dict[str, History]

    def made(self, name: str) -> list[int]:
        """The pieces of that shot that were made, in the order in which they were begun."""
        return [int(line.split()[2]) for line in self._lines(name, "made")]

    def outcomes(self, name: str) -> list[str]:
        """How its attempts to generate ended."""
        attempts = self.histories[name].attempts
        return [attempt.outcome for attempt in attempts if attempt.stage == "generate"]

    def stopped(self, name: str) -> set[int]:
        """The pieces of that shot that were being made when it was called off."""
        return {int(line.split()[2]) for line in self._lines(name, "stopped")}

    def made_by_the_first(self, name: str) -> set[int]:
        """Those that were made by the process which began first: the shot's own worker."""
        first = self._lines(name, "begun")[0].split()[-1]
        lines = [line.split() for line in self._lines(name, "made")]
        return {int(number) for _, _, number, _, maker in lines if maker == first}

    def makers(self, name: str) -> set[int]:
        """The processes that made them."""
        return {int(line.split()[4]) for line in self._lines(name, "made")}

    def clip(self, name: str) -> str:
        """What its frames were, as they were finished, and how many."""
        (line,) = set(self._lines(name, "is"))  # a crash may have it finished twice
        return line.split(maxsplit=2)[2]

    def meta(self, name: str) -> VideoMeta:
        found = Target(Path(self.histories[name].shot.target)).read_meta()
        assert found is not None
        return found

    def _lines(self, name: str, word: str) -> list[str]:
        lines = (self.home.root / "diary").read_text().splitlines()
        return [line for line in lines if line.startswith(f"{name} {word} ")]


def long_shot(*, long: Long, at_once: int | None = None) -> GenerationParams:
    """Parameters of a shot of four pieces."""
    return GenerationParams(
        model=FAMILY.name, width=64, height=64, fps=parse_rate(16), seed=5, num_frames=FOUR[long],
        long=long, parallel_segments=at_once,
    )  # fmt: skip


def run_pieces(
    folder: Path, shots: dict[str, GenerationParams], *, settings: str, timeout_s: float = 150.0
) -> Worked:
    """Make ``shots``, by the picture's name, on a cluster of their own."""
    made = []
    for name, params in shots.items():
        # One picture for all: what differs is only what befalls them.
        picture = small_picture(folder / f"{name}.png", shade=7, size=(16, 12))
        made.append(shot(picture, folder).model_copy(update={"generation_params": params}))
    manifest = write_manifest(folder / "m.video_manifest.json", made)
    home = Home(folder / "home")
    home.root.mkdir()
    home.settings_file.write_text(settings)
    subprocess.run(
        [sys.executable, "-m", "tests.fleet.piecework", str(manifest), str(home.root)],
        check=True,
        timeout=timeout_s,
    )
    ledger = Ledger(home.ledger)
    ids = json.loads((home.root / "ids").read_text())
    histories = {name: ledger.history(shot_id) for name, shot_id in ids.items()}
    ledger.close()
    return Worked(home, histories)


def main(manifest: str, home_root: str) -> None:
    """The process of its own."""
    from tests.fleet.piecework import PieceStages as Stages  # not of __main__, for the workers

    home = Home(Path(home_root))
    submission = client.read_submission(Path(manifest), out=None, home=home)
    client.queue(submission, home=home)
    ids = {Path(each.row.image_path).stem: each.row.id for each in submission.shots}
    (home.root / "ids").write_text(json.dumps(ids))
    later = tuple(ids[name] for name in IN_TURN[1:] if name in ids)
    with ledger_of(home) as ledger:
        control.pause(ledger.database, Selection(shots=later), who="a test", now=time.time())
    work_until_done(
        list(ids.values()),
        home=home,
        settings=load_settings(home),
        stages=Stages(home=home.root),
        tick=lambda _doing, _frames: None,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
