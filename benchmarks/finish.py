"""What the finish stage costs: ``python -m benchmarks.finish [--quick] [--long] [--with NAME]``.

The same shots are finished as a stream and by a naive script of the same steps: read all frames,
interpolate them all, check them all, encode them all, then mark and measure the file.  Both use
this fleet's interpolator, checks and encoder, in a process of their own for each run; frames come
from a file, as bytes do from the object store.  Told are frames of the clip per second and the
largest resident memory, that of Python and its libraries included.

``--long`` finishes one shot of a minute at 1920x1080 while another process renders its frames.
``--quick`` is for trying the script: small frames, one run.  ``--with`` names an interpolator.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.moves.photographs import mosaic
from benchmarks.report import Figure, tell
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.motion import Move
from companions.picture import Pixels, decode_picture
from companions.timing import FrameGrid, parse_rate
from companions.video_manifest import DEFAULT_INTERPOLATOR, InterpolationParams, Recipe
from fleet.encode.clip import ClipWords, ClipWriter
from fleet.encode.marking import mark, source_type_of
from fleet.encode.probe import probe_clip
from fleet.interpolate.base import Interpolator
from fleet.interpolate.registry import interpolator
from fleet.qc.counts import count_checks
from fleet.qc.inspector import Inspector
from fleet.stages.base import Chunk, FinishTask, GenerateTask, never_stopped
from fleet.stages.finish import finish
from fleet.stages.generate import CHUNK_BYTES
from fleet.stages.shot_plan import plan_frames_of, plan_shot
from fleet.stages.work import Work

RUNS: Final = 3
THREADS: Final = 2
"""The fleet's own default."""
SECONDS: Final = (4.0, 12.0)
HD: Final = Size(1280, 720)
FULL_HD: Final = Size(1920, 1080)
TINY: Final = Size(320, 180)
LONG_S: Final = 60.0
FASTER: Final = 1.5
SMALLER: Final = 0.25
LONG_MB: Final = 1000.0
PICTURE: Final = Size(2400, 1600)
MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One shot to finish, as a child process is told of it."""

    picture: Path
    frames: Path
    """Generated frames, one after the other."""
    size: Size
    seconds: float
    interpolator: str

    @property
    def recipe(self) -> Recipe:
        """A slow push in, at 12 frames a second, for a clip of 24."""
        return Recipe(
            image_sha256=hashlib.sha256(self.picture.read_bytes()).hexdigest(),
            motion=Move(
                start_rect=Rect.of(0.0, 0.0, 0.9, 0.9),
                end_rect=Rect.of(0.2, 0.2, 0.9, 0.9),
                duration_sec=self.seconds,
                easing=EasingName.LINEAR,
            ),
            generation_params=GenerationParams(
                width=self.size.width, height=self.size.height, fps=parse_rate(12)
            ),
            interpolation=InterpolationParams(backend=self.interpolator, target_fps=parse_rate(24)),
        )

    @property
    def generated(self) -> int:
        """Frames the generator makes."""
        return plan_frames_of(self.recipe, grid=FrameGrid()).generated

    @property
    def task(self) -> FinishTask:
        """The finish stage's own."""
        return FinishTask("s", "shot.png", self.recipe, 1, self.generated, THREADS)

    def chunks(self) -> Iterator[Chunk]:
        """The frames in chunks as they travel, read when they are asked for."""
        frame_bytes = 3 * self.size.width * self.size.height
        at_once = max(1, CHUNK_BYTES // frame_bytes) * frame_bytes
        with self.frames.open("rb") as stream:
            while data := stream.read(at_once):
                shape = (-1, self.size.height, self.size.width, 3)
                yield np.frombuffer(data, dtype=np.uint8).reshape(shape)

    def render(self) -> None:
        """Write the frames, which the fleet's generator makes, to their file or pipe."""
        task = GenerateTask("s", "shot.png", self.recipe, 1)
        with self.frames.open("wb") as stream:
            for item in Work().generate(task, self.picture.read_bytes(), never_stopped):
                if isinstance(item, np.ndarray):
                    stream.write(item.data)


def as_a_stream(shot: Shot) -> int:
    """Frames of the clip, by the finish stage."""
    made = interpolator(shot.interpolator)
    *_, clip = finish(shot.task, shot.picture.read_bytes(), shot.chunks(), made)
    if not isinstance(clip, bytes):
        raise TypeError("the stream ended without a clip")
    return probe_frames(shot)


def naively(shot: Shot) -> int:
    """Frames of the clip, one step after the other."""
    recipe = shot.recipe
    keyframe = decode_picture(shot.picture.read_bytes(), file="shot.png")
    frames = [frame for chunk in shot.chunks() for frame in chunk]
    plan = plan_frames_of(recipe, grid=FrameGrid(), num_frames=len(frames))
    whole = plan_shot(recipe, picture=Size(keyframe.shape[1], keyframe.shape[0]), frames=plan)
    made = interpolator(shot.interpolator)
    clip = [_at(plan.position(index), frames, made) for index in range(plan.clip)]
    inspector = Inspector(
        picture=keyframe, path=whole.path, output=whole.clip, plan=plan, params=recipe.qc
    )
    for index, frame in enumerate(clip):
        inspector.see(index, frame)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with ClipWriter(
            path,
            size=whole.clip,
            rate=plan.target_fps,
            params=recipe.encode,
            words=ClipWords(title="shot", shot_id="s", prompt=""),
            threads=THREADS,
            frames=plan.clip,
        ) as writer:
            for frame in clip:
                writer.write(frame)
        mark(path, source_type_of(recipe.generation_params.model))
        checks = (*count_checks(probe_clip(path), plan), *inspector.checks())
        path.read_bytes()
    if not checks:
        raise ValueError("nothing was checked")
    return plan.clip


def probe_frames(shot: Shot) -> int:
    """Frames that the clip is promised to have."""
    return plan_frames_of(shot.recipe, grid=FrameGrid()).clip


def _at(position: tuple[int, float], frames: list[Pixels], made: Interpolator) -> Pixels:
    j, fraction = position
    return made.between(frames[j], frames[j + 1], [fraction])[0] if fraction else frames[j]


def _peak_bytes() -> int:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("this kernel tells no largest resident memory")


def child(how: str, told: str) -> None:
    """One run in a process of its own; prints its figures."""
    said = json.loads(told)
    shot = Shot(
        picture=Path(said["picture"]),
        frames=Path(said["frames"]),
        size=Size(*said["size"]),
        seconds=said["seconds"],
        interpolator=said["interpolator"],
    )
    begun = perf_counter()
    match how:
        case "stream":
            frames = as_a_stream(shot)
        case "naive":
            frames = naively(shot)
        case "frames":
            shot.render()
            frames = shot.generated
        case _:
            raise ValueError(how)
    print(json.dumps({"fps": frames / (perf_counter() - begun), "peak": _peak_bytes()}))


@dataclass(frozen=True, slots=True)
class Run:
    """Figures of one run."""

    fps: float
    peak_bytes: int


def _run(how: str, shot: Shot) -> Run:
    with _started(how, shot) as ran:
        told, _ = ran.communicate()
    if ran.returncode:
        raise subprocess.CalledProcessError(ran.returncode, how)
    said = json.loads(told.splitlines()[-1])
    return Run(said["fps"], said["peak"])


def _run_beside_its_generator(shot: Shot) -> Run:
    """Frames come through a pipe from a process that makes them meanwhile, as on a fleet."""
    os.mkfifo(shot.frames)
    with _started("frames", shot) as generator:
        try:
            return _run("stream", shot)
        finally:
            # One whose reader died before it opened the pipe would wait for ever.
            generator.terminate()


def _started(how: str, shot: Shot) -> subprocess.Popen[str]:
    told = {
        "picture": str(shot.picture),
        "frames": str(shot.frames),
        "size": [shot.size.width, shot.size.height],
        "seconds": shot.seconds,
        "interpolator": shot.interpolator,
    }
    argv = [sys.executable, "-m", "benchmarks.finish", "--child", how, json.dumps(told)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def compared(shot: Shot, *, runs: int, bound: bool) -> list[Figure]:
    """Both ways, run by run in turn so that what else the machine does befalls both."""
    _run("frames", shot)
    both = [(_run("stream", shot), _run("naive", shot)) for _ in range(runs)]
    shot.frames.unlink()
    stream, naive = [pair[0] for pair in both], [pair[1] for pair in both]
    fps = [statistics.median(run.fps for run in each) for each in (stream, naive)]
    peak = [statistics.median(run.peak_bytes for run in each) for each in (stream, naive)]
    name = f"{shot.seconds:g} s"
    return [
        Figure(f"{name}, stream", fps[0], "fps", better="more", runs=runs),
        Figure(f"{name}, naive", fps[1], "fps", better="more", runs=runs),
        Figure(f"{name}, speed over naive", fps[0] / fps[1], "x", FASTER, "more", runs),
        Figure(f"{name}, stream's memory", peak[0] / MB, "MB", runs=runs),
        Figure(f"{name}, naive's memory", peak[1] / MB, "MB", runs=runs),
        Figure(
            f"{name}, memory over naive", peak[0] / peak[1], "x", SMALLER if bound else None,
            "less", runs,
        ),
    ]  # fmt: skip


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="What the finish stage costs.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--with", dest="backend", default=DEFAULT_INTERPOLATOR)
    parser.add_argument("--child", nargs=2)
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child)
        return
    size, runs = (TINY, 1) if asked.quick else (HD, RUNS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture, frames = folder / "shot.png", folder / "frames.rgb"
        Image.fromarray(mosaic(PICTURE)).save(picture)
        figures = []
        for seconds in SECONDS:
            shot = Shot(picture, frames, size, seconds, asked.backend)
            # A short shot's few frames weigh little beside the libraries that both load.
            figures += compared(shot, runs=runs, bound=seconds == max(SECONDS))
        if asked.long:
            whole = TINY if asked.quick else FULL_HD
            run = _run_beside_its_generator(Shot(picture, frames, whole, LONG_S, asked.backend))
            figures += [
                Figure(
                    f"{LONG_S:g} s at {whole.width}x{whole.height}, stream",
                    run.fps,
                    "fps",
                    better="more",
                ),
                Figure(
                    f"{LONG_S:g} s at {whole.width}x{whole.height}, memory",
                    run.peak_bytes / MB,
                    "MB",
                    LONG_MB,
                ),
            ]
    what = f"{size.width}x{size.height}, 12 to 24 fps with {asked.backend}, {THREADS} threads"
    tell("finish", figures, what=what)


if __name__ == "__main__":
    main()
