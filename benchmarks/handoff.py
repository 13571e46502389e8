"""What it costs to hand frames from stage to stage: ``python -m benchmarks.handoff [--quick]``.

81 frames of 1280x720 are generated on one node and finished on another, with and without being
kept on the head's disk.  The generator has them ready and waits for the length of a stage, so that
what is left of the time until the finishing worker has the last frame is the hand-off.  Beside it,
the same frames between the same workers by bare Ray calls.

``benchmarks.checkpoint`` measures the keeping by itself.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.bare import bare
from benchmarks.moves.photographs import mosaic
from benchmarks.report import Figure, tell
from benchmarks.standing import Standing, deploy
from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.timing import parse_rate
from fleet.generate.base import GenerateRequest
from fleet.generate.camera import Camera
from fleet.jobs.model import Pool
from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    GenerateReport,
    GenerateTask,
    Stopped,
    Tell,
    untold,
)
from fleet.stages.drill import Drill
from fleet.stages.generate import CHUNK_BYTES

FRAMES: Final = 81
OUTPUT: Final = Size(1280, 720)
PICTURE: Final = Size(3000, 2000)
STAGE_S: Final = 10.0
FINISH_S: Final = 5.0
"""Longer than keeping the frames takes, or it is given up."""
RUNS: Final = 3
WITHIN_S: Final = 120.0
STORE_BYTES: Final = 1_500_000_000
SETTINGS: Final = "object_store_mb = 1500\n"
KEPT: Final = SETTINGS + "checkpoint_after_s = 0.0\n"
NOT_KEPT: Final = SETTINGS + "checkpoints = false\n"
ARRIVED: Final = "frames arrived"
PARAMS: Final = GenerationParams(width=OUTPUT.width, height=OUTPUT.height, fps=parse_rate(16))
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@cache
def frames_of(file: str) -> Chunk:
    """The frames, read once by each worker."""
    frames: Chunk = np.load(file)
    return frames


@dataclass(frozen=True, slots=True)
class Handed:
    """``Stages`` that hand over real frames and tell when the last of them arrived."""

    file: str
    generate_s: float
    finish_s: float

    @property
    def models(self) -> tuple[str, ...]:
        """None: it loads nothing."""
        return ()

    def generate(
        self, task: GenerateTask, picture: bytes, stopped: Stopped, tell: Tell = untold
    ) -> Iterator[Chunk | GenerateReport]:
        """The frames, in chunks as the real stage cuts them, after ``generate_s``."""
        frames = frames_of(self.file)
        at_once = max(1, CHUNK_BYTES // frames[0].nbytes)
        *_, report = Drill(generate_s=self.generate_s).generate(task, picture, stopped, tell)
        for begin in range(0, len(frames), at_once):
            yield frames[begin : begin + at_once]
        yield report

    def finish(
        self, task: FinishTask, picture: bytes, chunks: Iterable[Chunk], stopped: Stopped
    ) -> Iterator[int | FinishReport | bytes]:
        """Nothing, ``finish_s`` after the last frame arrived."""
        count = sum(len(chunk) for chunk in chunks)
        arrived = {ARRIVED: repr(time.time())}
        one = [np.zeros((1, 2, 2, 3), np.uint8)]
        for item in Drill(finish_s=self.finish_s).finish(task, picture, one, stopped):
            if isinstance(item, FinishReport):
                told = item.frames.model_copy(update={"generated": count})
                yield item.model_copy(update={"software": arrived, "frames": told})
            else:
                yield item


@dataclass(frozen=True, slots=True)
class Handoff:
    """One shot's way from worker to worker, in seconds, and what its keeping cost."""

    generate_s: float
    between_s: float
    fetch_s: float
    kept_after_s: float = 0.0
    kept_cpu_s: float = 0.0
    kept_bytes: int = 0

    @property
    def all_s(self) -> float:
        """What is not work, from the first lease until the last frame arrived."""
        return self.generate_s + self.between_s + self.fetch_s


def measure(cluster: Standing, stage_s: float, *, kept: bool) -> Handoff:
    """Hand one shot's frames over."""
    (shot_id,) = cluster.submit(1, params=PARAMS)
    cpu_s = _cpu_s(cluster.arena.actors("Archive"))
    after_s, size = _keeping(cluster, shot_id) if kept else (0.0, 0)
    cluster.wait_until(lambda: cluster.unfinished() == 0, within_s=WITHIN_S, what="a clip")
    cpu_s = _cpu_s(cluster.arena.actors("Archive")) - cpu_s
    made, done = cluster.database.rows(
        "SELECT a.*, j.report FROM attempts a JOIN jobs j USING (shot_id, stage)"
        " WHERE shot_id = ? AND stage <> 'publish' ORDER BY a.id",
        (shot_id,),
    )
    report = json.loads(done["report"])
    assert report["frames"]["generated"] == FRAMES
    return Handoff(
        generate_s=made["ended_at"] - made["started_at"] - stage_s,
        between_s=done["started_at"] - made["ended_at"],
        fetch_s=float(report["software"][ARRIVED]) - done["started_at"],
        kept_after_s=after_s, kept_cpu_s=cpu_s, kept_bytes=size,
    )  # fmt: skip


def _keeping(cluster: Standing, shot_id: str) -> tuple[float, int]:
    """Seconds from the end of generating until the frames are kept, and the file's bytes."""
    query = "SELECT size_bytes FROM checkpoints WHERE shot_id = ?"
    cluster.wait_until(
        lambda: bool(cluster.database.rows(query, (shot_id,))), within_s=WITHIN_S,
        what="kept frames",
    )  # fmt: skip
    now = time.time()
    size = int(cluster.database.rows(query, (shot_id,))[0]["size_bytes"])
    made = cluster.database.rows(
        "SELECT ended_at FROM attempts WHERE shot_id = ? AND stage = 'generate'", (shot_id,)
    )
    return now - made[0]["ended_at"], size


def _cpu_s(pids: list[int]) -> float:
    """Seconds of the processor that a process has had so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def measured(
    folder: Path, file: Path, stage_s: float, *, kept: bool, runs: int
) -> tuple[list[Handoff], list[float]]:
    """Hand-offs by the fleet and, in turns, seconds by bare calls."""
    command = [sys.executable, "-m", "benchmarks.handoff", "deploy", str(folder / "home"),
               str(file), str(stage_s), str(FINISH_S if kept else 0.0)]  # fmt: skip
    ours, raw = [], []
    with Standing(
        folder,
        dispatcher=command,
        slots=dict.fromkeys(Pool, 0),
        settings=KEPT if kept else NOT_KEPT,
    ) as cluster:
        for pool in Pool:
            cluster.join({pool: 1}, store_bytes=STORE_BYTES)
        cluster.wait_for_workers(2)
        for run in range(runs + 1):
            each = measure(cluster, stage_s, kept=kept)
            bare_s = bare(cluster, 1) - stage_s if not kept else 0.0
            if run:  # the first is for the caches
                ours.append(each)
                raw.append(bare_s)
    return ours, raw


def moving() -> Chunk:
    """Frames of a camera's move over a photograph, which is what there is to compress."""
    path = CameraPath(
        Rect.of(0.05, 0.05, 0.95, 0.95), Rect.of(0.262, 0.331, 0.712, 0.781), EasingName.EASE_IN_OUT
    )
    at = [i / (FRAMES - 1) for i in range(FRAMES)]
    request = GenerateRequest(mosaic(PICTURE), path, at, OUTPUT, "", "", GenerationParams())
    return np.stack(list(Camera().frames(request)))


def main(*, quick: bool) -> None:
    """Measure and tell."""
    runs, stage_s = (1, 1.0) if quick else (RUNS, STAGE_S)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "frames.npy"
        frames = moving()
        np.save(file, frames)
        plain, raw = measured(folder / "plain", file, stage_s, kept=False, runs=runs)
        kept, _ = measured(folder / "kept", file, stage_s, kept=True, runs=runs)

    def figure(
        name: str, values: list[float], unit: str = "s", target: float | None = None
    ) -> Figure:
        return Figure(name, statistics.median(values), unit, target=target, runs=len(values))

    parts = [
        part
        for name, ways in (("", plain), (", frames kept", kept))
        for part in (
            figure(f"hand-off adds to a {STAGE_S:g} s stage{name}",
                   [each.all_s / STAGE_S * 100 for each in ways], "%", 10.0),
            figure(f"of it: call, store, report{name}", [each.generate_s for each in ways]),
            figure(f"of it: until the next lease{name}", [each.between_s for each in ways]),
            figure(f"of it: call, fetch{name}", [each.fetch_s for each in ways]),
        )
    ]  # fmt: skip
    tell(
        "handoff",
        [
            *parts,
            figure("the same by bare Ray calls", [each / STAGE_S * 100 for each in raw], "%"),
            figure("kept: from the end of generating", [each.kept_after_s for each in kept]),
            figure("kept: processor", [each.kept_cpu_s for each in kept], "CPU s"),
            figure("kept: on the disk", [each.kept_bytes / 1e6 for each in kept], "MB"),
            figure("kept: of the pixels", [each.kept_bytes / frames.nbytes * 100 for each in kept],
                   "%"),
        ],
        what=f"{FRAMES} frames of {OUTPUT.width}x{OUTPUT.height}, {frames.nbytes / 1e6:.0f} MB, "
        f"from node to node",
    )  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["deploy", root, file, generate_s, finish_s, address, where]:
            from benchmarks.handoff import Handed as Stages  # not of __main__, for the workers

            deploy(root, Stages(file, float(generate_s), float(finish_s)), address, where)
        case arguments:
            main(quick="--quick" in arguments)
