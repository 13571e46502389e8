"""Manifests of version 0 load, say what was assumed, and lose nothing."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions import codec, upgrade
from companions.easing import EasingName
from companions.errors import DocumentInvalid, DocumentTooNew
from companions.motion import MotionCompanion, MotionType
from companions.upgrade import Loaded
from companions.video_manifest import VideoManifest
from tests.companions import documents

PICTURE = b"not looked into, only hashed"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stills = tmp_path / "__video_keyframes"
    stills.mkdir()
    (stills / "img_001.png").write_bytes(PICTURE)
    return tmp_path


def early_with(**changes: object) -> documents.Plain:
    return {**copy.deepcopy(documents.EARLY), **changes}


def shot_with(
    *, motion: documents.Plain | None = None, params: documents.Plain | None = None, **own: object
) -> documents.Plain:
    plain = copy.deepcopy(documents.EARLY)
    shot = plain["keyframes"][0]
    shot.update(own)
    shot["motion"].update(motion or {})
    shot["generation_params"].update(params or {})
    return plain


def without(plain: documents.Plain, *names: str) -> documents.Plain:
    params = plain["keyframes"][0]["generation_params"]
    for name in names:
        del params[name]
    return plain


def load(folder: Path, plain: object) -> Loaded[VideoManifest]:
    path = folder / "early.video_manifest.json"
    path.write_bytes(documents.text_of(plain))
    return upgrade.read(path, VideoManifest)


def refusal(folder: Path, plain: object) -> DocumentInvalid:
    with pytest.raises(DocumentInvalid) as caught:
        load(folder, plain)
    assert "nothing was changed" in str(caught.value)
    return caught.value


def test_the_early_sample_becomes_the_manifest_it_meant(folder: Path) -> None:
    loaded = load(folder, documents.EARLY)

    manifest = loaded.document
    shot = manifest.shots[0]
    assert loaded.version == 0
    assert (manifest.project_id, manifest.batch_id) == ("video_gen_001", "20250704_143022")
    assert manifest.created_at == datetime(2025, 7, 4, 14, 30, 22, tzinfo=UTC)
    assert shot.image_path == "__video_keyframes/img_001.png"
    assert shot.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert shot.motion.type is MotionType.ZOOM_IN
    assert shot.motion.end_rect.root == (0.3, 0.3, 0.7, 0.7)
    assert shot.motion.duration_sec == 6.0
    recipe = manifest.recipe(shot)
    assert recipe.interpolation.target_fps == 30
    assert recipe.generation_params.fps == 24
    assert recipe.generation_params.model == "stable_video_diffusion_v1.1"
    assert recipe.generation_params.motion_bucket_id == 127
    assert recipe.generation_params.noise_aug_strength == 0.02
    assert recipe.generation_params.seed == 42


def test_what_was_assumed_is_said_once_for_all_shots(folder: Path) -> None:
    plain = copy.deepcopy(documents.EARLY)
    plain["keyframes"] *= 3

    told = [str(each) for each in load(folder, plain).assumed]

    assert any(line.startswith("created_at: taken from batch_id") for line in told)
    assert any("sha256: taken from the picture" in line and "3 of 3" in line for line in told)
    assert any("fps: is the clip's rate" in line for line in told)
    assert any("1280 x 720" in line for line in told)
    assert len(told) == 4


def test_a_current_manifest_passes_through_with_nothing_assumed(folder: Path) -> None:
    loaded = load(folder, documents.MANIFEST)

    assert (loaded.version, loaded.assumed) == (1, ())
    assert loaded.document == codec.decode(
        documents.text_of(documents.MANIFEST), VideoManifest, file="m"
    )


def test_a_newer_manifest_is_refused_in_words(folder: Path) -> None:
    with pytest.raises(DocumentTooNew) as caught:
        load(folder, documents.manifest_with(schema_version=2))

    assert "is version 2, but this motionfleet reads up to version 1" in str(caught.value)


def test_a_batch_that_is_no_moment_takes_the_files_time_stamp(folder: Path) -> None:
    path = folder / "early.video_manifest.json"
    path.write_bytes(documents.text_of(early_with(batch_id="spring")))
    os.utime(path, (1_700_000_000, 1_700_000_000))

    loaded = upgrade.read(path, VideoManifest)

    assert loaded.document.created_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert any("time stamp" in each.what for each in loaded.assumed)


def test_what_version_1_has_no_place_for_is_kept_under_x(folder: Path) -> None:
    plain = shot_with(motion={"intensity": 0.7}, params={"scheduler": "euler"}, rank=3)
    plain["tool"] = {"name": "cull", "v": [1, 2]}

    loaded = load(folder, plain)

    assert loaded.document.x == {"version_0": {"tool": {"name": "cull", "v": [1, 2]}}}
    assert loaded.document.shots[0].x == {
        "version_0": {
            "rank": 3,
            "generation_params": {"scheduler": "euler"},
            "motion": {"intensity": 0.7},
        }
    }
    assert sum("kept under x.version_0" in each.what for each in loaded.assumed) == 2


def test_fields_that_mean_the_same_in_both_versions_are_taken_over(folder: Path) -> None:
    plain = shot_with(params={"width": 832, "height": 480, "steps": 25}, prompt="rain", priority=4)

    shot = load(folder, plain).document.shots[0]

    params = shot.generation_params
    assert (params.width, params.height, params.steps) == (832, 480, 25)
    assert (shot.prompt, shot.priority) == ("rain", 4)
    assert shot.x == {}


def test_a_clip_without_a_rate_has_the_default_rate(folder: Path) -> None:
    loaded = load(folder, without(documents.EARLY | shot_with(), "fps"))

    shot = loaded.document.shots[0]
    assert loaded.document.recipe(shot).interpolation.target_fps == 24
    assert any("fps: not given; the clip has 24" in str(each) for each in loaded.assumed)


@pytest.mark.parametrize(
    ("spelled", "means"),
    [
        ("linear", EasingName.LINEAR),
        ("ease-in-out", EasingName.EASE_IN_OUT),
        ("easeInOut", EasingName.EASE_IN_OUT),
        ("EaseOut", EasingName.EASE_OUT),
        ("ease in", EasingName.EASE_IN),
        (None, EasingName.EASE_IN_OUT),
    ],
)
def test_an_easing_is_known_in_any_spelling(
    folder: Path, spelled: str | None, means: EasingName
) -> None:
    shot = load(folder, shot_with(motion={"easing": spelled})).document.shots[0]

    assert shot.motion.easing is means


def test_an_easing_that_version_1_lacks_is_refused_and_not_replaced(folder: Path) -> None:
    error = refusal(folder, shot_with(motion={"easing": "bounce"}))

    assert "keyframes[0].motion.easing: version 1 has no 'bounce'" in str(error)
    assert "ease_in_out" in str(error)


def test_a_type_that_version_1_lacks_becomes_custom_and_is_kept(folder: Path) -> None:
    loaded = load(folder, shot_with(motion={"type": "whip"}))

    assert loaded.document.shots[0].motion.type is MotionType.CUSTOM
    assert loaded.document.shots[0].x == {"version_0": {"motion": {"type": "whip"}}}
    assert any("'whip'" in each.what for each in loaded.assumed)


def test_every_picture_that_is_missing_is_named(folder: Path) -> None:
    plain = copy.deepcopy(documents.EARLY)
    plain["keyframes"] += [
        {**plain["keyframes"][0], "image_path": name} for name in ("gone.png", "also gone.png")
    ]

    text = str(refusal(folder, plain))

    assert "keyframes[1].image_path: 'gone.png' cannot be read (No such file" in text
    assert "keyframes[2].image_path: 'also gone.png'" in text
    assert "version 0 has no hashes" in text


def test_a_picture_outside_the_folder_is_not_read(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.png"
    outside.write_bytes(b"secret")
    (folder / "link.png").symlink_to(outside)

    linked = refusal(folder, shot_with(image_path="link.png"))
    climbing = refusal(folder, shot_with(image_path=f"../{outside.name}"))

    assert "symbolic link" in str(linked)
    assert "keyframes[0].image_path: path climbs out" in str(climbing)


@pytest.mark.parametrize(
    ("plain", "field"),
    [
        (early_with(keyframes=[]), "keyframes"),
        (early_with(project_id=7), "project_id"),
        (early_with(project_id="a/b"), "project_id"),
        (shot_with(motion={"duration_sec": 0}), "keyframes[0].motion.duration_sec"),
        (shot_with(motion={"start_rect": [0, 0, 2, 1]}), "keyframes[0].motion.start_rect"),
        (shot_with(params={"seed": -1}), "keyframes[0].generation_params.seed"),
        (shot_with(params={"width": 1281}), "keyframes[0].generation_params.width"),
        (shot_with(params={"fps": 0}), "keyframes[0].generation_params.fps"),
        (shot_with(prompt=5), "keyframes[0].prompt"),
    ],
)
def test_a_broken_early_manifest_is_refused_naming_its_own_field(
    folder: Path, plain: documents.Plain, field: str
) -> None:
    assert any(line.strip().startswith(field) for line in str(refusal(folder, plain)).splitlines())


def test_the_same_early_manifest_makes_the_same_shot_twice(folder: Path) -> None:
    first, second = (load(folder, documents.EARLY).document for _ in range(2))

    assert codec.fingerprint(first.recipe(first.shots[0])) == codec.fingerprint(
        second.recipe(second.shots[0])
    )


def test_only_manifests_have_a_version_0(folder: Path) -> None:
    path = folder / "a.motion.json"
    path.write_bytes(documents.text_of(documents.EARLY))

    with pytest.raises(DocumentInvalid) as caught:
        upgrade.read(path, MotionCompanion)

    assert "kind: is missing" in str(caught.value)


def test_reading_one_where_only_current_ones_are_read_names_the_command() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        codec.decode(json.dumps(documents.EARLY).encode(), VideoManifest, file="m")

    assert "fleet companions upgrade" in str(caught.value)
