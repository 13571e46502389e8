"""From a manifest file to what would be queued."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.motion import Rotation
from companions.video_manifest import InterpolationParams, UpscalingParams
from fleet import client
from fleet.errors import FleetError, ParameterRefused
from fleet.settings import Home
from fleet.weights.errors import WeightsMissing
from fleet.weights.shelf import Shelf
from tests.fleet.making import MOVE, recipe, shot, small_picture, write_manifest


def submission(folder: Path, *pictures: Path, out: Path | None = None) -> client.Submission:
    manifest = write_manifest(
        folder / "m.video_manifest.json", [shot(picture, folder) for picture in pictures]
    )
    return client.read_submission(manifest, out=out, home=Home(folder / "home"))


@pytest.mark.parametrize("name", ["a b'c\"d", "-dash", "写真" * 37, "Å" * 100, "x" * 230, "a.b.c"])
def test_any_name_a_picture_may_have_gives_an_id_that_fits_into_a_file_name(
    name: str, tmp_path: Path
) -> None:
    picture = small_picture(tmp_path / f"{name}.png")

    planned = submission(tmp_path, picture).shots[0]

    assert len(f".motionfleet-{planned.row.id}-clip.tmp".encode()) < 255
    assert os.sep not in planned.row.id
    assert planned.row.fault is None
    assert planned.row.target == str(tmp_path / f"{name}.mp4")


def test_the_same_shot_for_another_place_is_another_shot(tmp_path: Path) -> None:
    picture = small_picture(tmp_path / "a.png")

    here = submission(tmp_path, picture).shots[0].row
    there = submission(tmp_path, picture, out=tmp_path / "out").shots[0].row
    again = submission(tmp_path, picture).shots[0].row

    assert here.id != there.id
    assert here.fingerprint == there.fingerprint
    assert again.id == here.id


def test_equal_pictures_under_two_names_are_two_shots(tmp_path: Path) -> None:
    first, second = small_picture(tmp_path / "a.png"), small_picture(tmp_path / "b.png")

    ids = [planned.row.id for planned in submission(tmp_path, first, second).shots]

    assert len(set(ids)) == 2


def test_the_plan_says_how_many_frames_are_made_and_how_many_the_clip_has(tmp_path: Path) -> None:
    planned = submission(tmp_path, small_picture(tmp_path / "a.png")).shots[0]

    assert (planned.generated_frames, planned.clip_frames) == (7, 12)
    assert planned.row.recipe.interpolation == recipe(interpolator="flow").interpolation


TURNED_OUT = MOVE.model_copy(
    update={"start_rect": Rect.of(0, 0, 1, 1), "rotation": Rotation(start_deg=20.0)}
)


def test_a_turn_out_of_the_picture_is_refused_before_anything_is_queued(tmp_path: Path) -> None:
    good, bad = small_picture(tmp_path / "a.png"), small_picture(tmp_path / "b.png")
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json",
        [shot(good, tmp_path), shot(bad, tmp_path, move=TURNED_OUT)],
    )

    with pytest.raises(ParameterRefused) as refused:
        client.read_submission(manifest, out=None, home=Home(tmp_path / "home"))

    assert refused.value.field == f"{manifest}: shots[1].motion.rotation"
    assert "between START and END" in refused.value.what


def test_a_turn_cannot_be_judged_without_its_picture_and_the_shot_says_what_is_missing(
    tmp_path: Path,
) -> None:
    picture = small_picture(tmp_path / "a.png")
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json", [shot(picture, tmp_path, move=TURNED_OUT)]
    )
    picture.unlink()

    planned = client.read_submission(manifest, out=None, home=Home(tmp_path / "home")).shots[0]

    assert planned.row.fault is not None
    assert planned.row.fault.code == "picture_missing"


def one_shot(folder: Path, **changes: object) -> Path:
    picture = small_picture(folder / "a.png")
    made = shot(picture, folder).model_copy(update=changes)
    return write_manifest(folder / "m.video_manifest.json", [made])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (
            {"interpolation": InterpolationParams(backend="guesswork")},
            "interpolation.backend: there is no interpolator 'guesswork'",
        ),
        (
            {"upscaling": UpscalingParams(backend="guesswork")},
            "upscaling.backend: there is no upscaler 'guesswork'",
        ),
        (
            {
                "upscaling": UpscalingParams(factor=4),
                "generation_params": GenerationParams(width=2560, height=1440),
            },
            "upscaling.factor: 4 times 2560 x 1440 is 10240 x 5760",
        ),
        (
            {
                "upscaling": UpscalingParams(factor=2),
                "generation_params": GenerationParams(width=4096, height=4096),
            },
            "upscaling.factor: 2 times 4096 x 4096",
        ),
    ],
)
def test_what_no_finisher_can_do_is_refused_with_its_field_before_anything_is_queued(
    changes: dict[str, object], field: str, tmp_path: Path
) -> None:
    with pytest.raises(FleetError) as refused:
        client.read_submission(
            one_shot(tmp_path, **changes), out=None, home=Home(tmp_path / "home")
        )

    assert f"shots[0].{field}" in str(refused.value)


def test_more_gpus_than_a_worker_here_has_are_refused_and_as_many_are_not(tmp_path: Path) -> None:
    params = GenerationParams(model="wan-2.2-i2v-a14b", width=832, height=480, gpus_per_shot=2)
    manifest = one_shot(tmp_path, generation_params=params)

    def read(gpus: float | None) -> client.Submission:
        return client.read_submission(manifest, out=None, home=Home(tmp_path / "home"), gpus=gpus)

    with pytest.raises(ParameterRefused) as refused:
        read(1.0)

    assert refused.value.field == f"{manifest}: shots[0].generation_params.gpus_per_shot"
    assert "set generation_gpus of the settings to 2" in refused.value.what
    assert [len(read(gpus).shots) for gpus in (2.0, None)] == [1, 1]


@pytest.mark.parametrize("name", ["realesrgan-x4", "realesrgan"])
def test_weights_that_are_not_here_refuse_the_shot_that_needs_them(
    name: str, tmp_path: Path
) -> None:
    manifest = one_shot(tmp_path, upscaling=UpscalingParams(backend=name))
    there = tmp_path / "weights"

    with pytest.raises(WeightsMissing) as refused:
        client.read_submission(manifest, out=None, home=Home(tmp_path / "home"), shelf=Shelf(there))

    assert "shots[0].upscaling.backend: the weights of" in str(refused.value)
    assert str(there) in str(refused.value)
