"""Both stages on a real picture, without a cluster around them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Rect
from companions.motion import Rotation
from companions.video_manifest import Recipe
from companions.video_meta import Verdict
from fleet.encode.probe import probe_clip
from fleet.errors import ParameterRefused
from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    GenerateReport,
    GenerateTask,
    never_stopped,
)
from fleet.stages.generate import CHUNK_FRAMES
from fleet.stages.work import Work
from tests.fleet.making import photo, recipe, sha256


def made(picture: Path, *, duration_s: float = 2.5) -> Recipe:
    return recipe(image_sha256=sha256(picture), width=160, height=90, duration_s=duration_s)


def generated(picture: Path, how: Recipe) -> tuple[list[Chunk], GenerateReport]:
    task = GenerateTask(shot_id="s", image_path=picture.name, recipe=how, attempt=1)
    *chunks, report = Work().generate(task, picture.read_bytes(), never_stopped)
    assert isinstance(report, GenerateReport)
    return [chunk for chunk in chunks if isinstance(chunk, np.ndarray)], report


def test_frames_come_in_chunks_and_the_report_counts_them(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)

    chunks, report = generated(picture, made(picture))

    assert [len(chunk) for chunk in chunks] == [CHUNK_FRAMES, 31 - CHUNK_FRAMES]
    assert chunks[0].shape[1:] == (90, 160, 3)
    assert (report.generated, report.model.name) == (31, "camera")


def test_finishing_tells_how_far_it_is_then_the_report_and_last_the_clip(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)
    how = made(picture)
    chunks, report = generated(picture, how)
    task = FinishTask(
        shot_id="s",
        image_path=picture.name,
        recipe=how,
        attempt=1,
        generated=report.generated,
        encode_threads=2,
    )

    *told, done, clip = Work().finish(task, picture.read_bytes(), chunks, never_stopped)

    assert told == [0, 12, 24, 36, 48]
    assert isinstance(done, FinishReport)
    assert isinstance(clip, bytes)
    assert (done.verdict, done.clip.file) == (Verdict.PASS, "coffee.mp4")
    assert probe_clip(clip).frames == done.clip.frames == 60
    assert done.clip.sha256 == hashlib.sha256(clip).hexdigest()


def test_a_picture_with_other_bytes_than_the_shot_was_made_for_is_refused_by_both_stages(
    tmp_path: Path,
) -> None:
    picture, other = photo("coffee.png", tmp_path), photo("chelsea.png", tmp_path).read_bytes()
    how = made(picture)

    with pytest.raises(PictureRefused) as generating:
        list(Work().generate(GenerateTask("s", "coffee.png", how, 1), other, never_stopped))
    with pytest.raises(PictureRefused) as finishing:
        list(Work().finish(FinishTask("s", "coffee.png", how, 1, 31, 2), other, [], never_stopped))

    assert generating.value.problem is PictureProblem.CHANGED
    assert finishing.value.problem is PictureProblem.CHANGED


def test_a_turn_out_of_the_picture_is_refused_by_both_stages(tmp_path: Path) -> None:
    # The desk asks first; a worker is asked by whatever reached it.
    picture = photo("coffee.png", tmp_path)
    how = made(picture)
    turned = {"start_rect": Rect.of(0, 0, 1, 1), "rotation": Rotation(start_deg=20.0)}
    asked = how.model_copy(update={"motion": how.motion.model_copy(update=turned)})

    with pytest.raises(ParameterRefused) as generating:
        generated(picture, asked)
    task = FinishTask("s", "coffee.png", asked, 1, 31, 2)
    with pytest.raises(ParameterRefused) as finishing:
        list(Work().finish(task, picture.read_bytes(), [], never_stopped))

    assert generating.value.field == finishing.value.field == "motion.rotation"
