"""Finishing as one stream: what comes in is looked at, what goes out is measured."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from companions.geometry import Size
from companions.timing import FrameGrid
from companions.video_manifest import EncodeParams, Master, Recipe, UpscalingParams
from companions.video_meta import CheckVerdict, Verdict
from fleet.encode.marking import SourceType, read_marking
from fleet.encode.master import probe_master
from fleet.encode.probe import probe_clip
from fleet.errors import AttemptStopped, BackendFailed
from fleet.generate.base import GenerateRequest
from fleet.generate.camera import Camera
from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    GenerateTask,
    MasterPiece,
    Stopped,
    never_stopped,
)
from fleet.stages.finish import MOST_WAITING, _hands, finish
from fleet.stages.generate import generate
from fleet.stages.shot_plan import plan_frames_of
from fleet.stages.work import Work
from tests.fleet.interpolate.test_hands import Meeting
from tests.fleet.making import photo, recipe, sha256

Any8 = npt.NDArray[Any]


class Shot(NamedTuple):
    """A photograph, a recipe for it, and the generated frames."""

    picture: bytes
    recipe: Recipe
    frames: Chunk

    def task(self, *, generated: int | None = None) -> FinishTask:
        count = len(self.frames) if generated is None else generated
        return FinishTask("s", "stills/coffee.png", self.recipe, 1, count, 2)

    def with_recipe(self, **changes: object) -> Shot:
        return self._replace(recipe=self.recipe.model_copy(update=changes))


class Finished(NamedTuple):
    told: list[int]
    pieces: list[bytes]
    report: FinishReport
    clip: bytes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shot:
    picture = photo("coffee.png", tmp_path_factory.mktemp("picture"))
    how = recipe(
        image_sha256=sha256(picture), width=160, height=90, duration_s=0.5, interpolator="blend"
    )
    data = picture.read_bytes()
    *chunks, _ = Work().generate(GenerateTask("s", picture.name, how, 1), data, never_stopped)
    frames = [chunk for chunk in chunks if isinstance(chunk, np.ndarray)]
    return Shot(data, how, np.concatenate(frames))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files of this process lie."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def finished(
    shot: Shot, chunks: Iterable[Any8] | None = None, *, stopped: Stopped = never_stopped
) -> Finished:
    given = [shot.frames] if chunks is None else chunks
    items = list(Work().finish(shot.task(), shot.picture, given, stopped))
    *rest, report, clip = items
    assert isinstance(report, FinishReport)
    assert isinstance(clip, bytes)
    return Finished(
        [item for item in rest if isinstance(item, int)],
        [item.data for item in rest if isinstance(item, MasterPiece)],
        report,
        clip,
    )


def threads_at_work() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("finish-line")]


def test_two_pairs_are_interpolated_at_once_while_their_frames_are_small(made: Shot) -> None:
    meeting = Meeting(2)

    *_, clip = finish(made.task(), made.picture, [made.frames], meeting)

    assert isinstance(clip, bytes)
    assert meeting.most == 2
    assert _hands(Size(1280, 720)) == 2
    assert _hands(Size(1920, 1080)) == 1


def test_the_clip_is_marked_with_its_origin_and_its_meta_holds_what_was_measured(
    made: Shot,
) -> None:
    done = finished(made)

    probe = probe_clip(done.clip)
    facts = done.report.clip
    assert done.report.verdict is Verdict.PASS
    assert (facts.sha256, facts.size_bytes) == (
        hashlib.sha256(done.clip).hexdigest(),
        len(done.clip),
    )
    assert (facts.frames_sha256, facts.bit_depth) == (probe.frames_sha256, 8)
    assert facts.digital_source_type == "compositeCapture"
    assert read_marking(done.clip) is SourceType.COMPOSITE_CAPTURE
    assert (done.pieces, done.report.master) == ([], None)


def test_the_same_frames_give_the_same_clip_however_the_threads_ran(made: Shot) -> None:
    first, again = finished(made), finished(made, [made.frames[:5], made.frames[5:]])

    assert first.clip == again.clip
    assert first.report.checks == again.report.checks


def test_an_enlarged_clip_passes_the_same_checks_at_its_own_size(made: Shot) -> None:
    done = finished(made.with_recipe(upscaling=UpscalingParams(backend="lanczos", factor=2)))

    facts = done.report.clip
    assert (facts.width, facts.height, facts.frames) == (320, 180, 12)
    assert (done.report.frames.upscaler, done.report.verdict) == ("lanczos", Verdict.PASS)
    adherence = next(check for check in done.report.checks if check.name == "adherence")
    assert adherence.verdict is CheckVerdict.PASS
    assert adherence.value is not None
    assert adherence.value < 0.01


@pytest.mark.parametrize("kind", list(Master))
def test_a_master_leaves_in_pieces_before_the_report_that_tells_of_it(
    kind: Master, made: Shot, tmp_path: Path
) -> None:
    done = finished(made.with_recipe(encode=EncodeParams(master=kind)))

    path = tmp_path / f"m{kind.suffix}"
    path.write_bytes(b"".join(done.pieces))
    probe, facts = probe_master(path), done.report.master
    assert facts is not None
    assert (probe.master, probe.frames, probe.sha256) == (kind, 12, facts.sha256)
    assert (facts.file, facts.size_bytes) == (f"coffee{kind.suffix}", probe.size_bytes)
    assert done.clip == finished(made).clip


def test_a_clip_of_one_frame_is_made(made: Shot) -> None:
    motion = made.recipe.motion.model_copy(update={"duration_sec": 0.04})
    short = made.with_recipe(motion=motion)
    assert plan_frames_of(short.recipe, grid=FrameGrid()).generated == 2

    done = finished(short._replace(frames=made.frames[:2]))

    assert done.report.clip.frames == 1
    assert done.told == [0]


def cut_to(frames: Chunk, width: int) -> Chunk:
    return np.ascontiguousarray(frames[:, :, :width])


WRONG: dict[str, tuple[Callable[[Chunk], list[Any8]], str]] = {
    "one frame of another size": (
        lambda f: [f[:4], cut_to(f[4:5], 128), f[5:]],
        "frame 4 is 128 x 90 where 160 x 90 was asked for",
    ),
    "every frame of another size": (lambda f: [cut_to(f, 158)], "frame 0 is 158 x 90"),
    "floats": (lambda f: [f[:3], f[3:].astype(np.float32) / 255.0], "frame 3 is float32"),
    "floats that are not numbers": (
        lambda f: [np.where(f > 200, np.nan, f.astype(np.float32))],
        "frame 0 holds NaN",
    ),
    "grey frames": (lambda f: [f[..., 0]], "frame 0 is uint8[90, 160]"),
    "one frame of many": (lambda f: [f[:1]], "made 1 of"),
    "fewer frames than told": (lambda f: [f[:-2]], "of 7 frames"),
    "more frames than told": (lambda f: [f, f[:1]], "more than the 7 frames"),
    "no frame at all": (lambda f: [f[:0]], "made 0 of"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_frames_that_are_not_what_was_asked_for_end_in_a_reason_and_leave_nothing(
    wrong: str, made: Shot, folder: Path
) -> None:
    spoil, said = WRONG[wrong]

    with pytest.raises(BackendFailed) as refused:
        finished(made, spoil(made.frames))

    assert said in str(refused.value)
    assert list(folder.iterdir()) == []
    assert threads_at_work() == []


def test_a_generator_that_made_a_single_frame_is_told_by_the_count_alone(made: Shot) -> None:
    alone = Work().finish(made.task(generated=1), made.picture, [made.frames[:1]], never_stopped)

    with pytest.raises(BackendFailed, match="made 1 of the at least 2 frames"):
        list(alone)


class Giving(Camera):
    """The camera's frames, spoilt on their way."""

    def __init__(self, spoil: Callable[[list[Any8]], list[Any8]]) -> None:
        self._spoil = spoil

    def frames(self, request: GenerateRequest) -> Iterator[Any8]:
        given = list(super().frames(request))
        yield from self._spoil(given)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda given: [*given[:2], given[2][:, :128], *given[3:]], "frame 2 is 128 x 90"),
        (lambda given: given[:1], "it made 1 of the 7 frames"),
        (lambda given: [*given, given[-1]], "it made 8 of the 7 frames"),
        (lambda given: [given[0] * np.float32(np.nan), *given[1:]], "frame 0 holds NaN"),
    ],
)
def test_a_generator_is_held_to_its_own_frames_too(spoil: Any, said: str, made: Shot) -> None:
    task = GenerateTask("s", "coffee.png", made.recipe, 1)

    with pytest.raises(BackendFailed) as refused:
        list(generate(task, made.picture, Giving(spoil)))

    assert said in str(refused.value)


def test_frames_are_fetched_as_they_are_needed_and_not_all_at_once(made: Shot) -> None:
    fetched = 0

    def one_by_one() -> Iterator[Any8]:
        nonlocal fetched
        for index in range(len(long.frames)):
            fetched += 1
            yield long.frames[index : index + 1]

    motion = made.recipe.motion.model_copy(update={"duration_sec": 4.0})
    static = motion.model_copy(update={"end_rect": motion.start_rect})
    long = made.with_recipe(motion=static)._replace(frames=np.repeat(made.frames[:1], 49, axis=0))
    begun = Work().finish(long.task(), long.picture, one_by_one(), never_stopped)

    assert next(begun) == 0
    # Belts of four steps, what each holds, and what one word on progress is ahead.
    assert fetched <= 5 * (MOST_WAITING + 3)
    begun.close()  # type: ignore[attr-defined]

    assert threads_at_work() == []


def test_an_attempt_that_is_called_off_ends_with_its_threads_and_its_files(
    made: Shot, folder: Path
) -> None:
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with pytest.raises(AttemptStopped):
        finished(made, stopped=soon)

    assert list(folder.iterdir()) == []
    assert threads_at_work() == []
