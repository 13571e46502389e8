"""What is written is what is read, in one form only; and a recipe's fingerprint is its identity."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from companions import codec
from companions.base import Closed, Document
from companions.errors import CompanionError, DocumentInvalid
from companions.generation_params import GenerationParams
from companions.motion import MotionCompanion
from companions.video_manifest import EncodeParams, Recipe, Shot, ShotDefaults, VideoManifest
from companions.video_meta import VideoMeta
from tests.companions import documents

GOLDEN_FINGERPRINT = "da522946ebe6bf8355749458d82b120ac16717ebe262e1e4497034b8699b1c47"


def manifest(plain: documents.Plain) -> VideoManifest:
    return codec.decode(documents.text_of(plain), VideoManifest, file="m.video_manifest.json")


def fingerprint(plain: documents.Plain) -> str:
    read = manifest(plain)
    return codec.fingerprint(read.recipe(read.shots[0]))


def assert_canonical(data: bytes) -> None:
    text = data.decode("utf-8")
    plain = json.loads(text)
    assert text == json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=2) + "\n"


@settings(max_examples=60)
@given(documents.manifests())
def test_a_manifest_that_is_written_is_the_manifest_that_is_read(written: VideoManifest) -> None:
    data = codec.encode(written)

    read = codec.decode(data, VideoManifest, file="m")

    assert read == written
    assert read.x == written.x
    assert codec.encode(read) == data
    assert_canonical(data)


@settings(max_examples=60)
@given(documents.manifests())
def test_every_recipe_survives_writing_and_reading_its_manifest(written: VideoManifest) -> None:
    read = codec.decode(codec.encode(written), VideoManifest, file="m")

    for before, after in zip(written.shots, read.shots, strict=True):
        recipe = written.recipe(before)
        assert read.recipe(after) == recipe
        assert codec.fingerprint(read.recipe(after)) == codec.fingerprint(recipe)
        assert read.priority(after) == written.priority(before)


@settings(max_examples=60)
@given(documents.motions())
def test_a_motion_companion_that_is_written_is_the_one_that_is_read(
    written: MotionCompanion,
) -> None:
    data = codec.encode(written)

    read = codec.decode(data, MotionCompanion, file="m")

    assert read == written
    assert codec.encode(read) == data
    assert_canonical(data)


def test_a_meta_that_is_written_is_the_meta_that_is_read() -> None:
    meta = codec.decode(documents.text_of(documents.META), VideoMeta, file="m")

    data = codec.encode(meta)

    assert codec.decode(data, VideoMeta, file="m") == meta
    assert_canonical(data)


def test_a_document_goes_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "batch.video_manifest.json"
    written = manifest(documents.MANIFEST)

    codec.write(path, written)

    assert codec.read(path, VideoManifest) == written
    assert path.read_bytes().endswith(b"}\n")


def test_a_moment_keeps_milliseconds_and_becomes_utc() -> None:
    plain = documents.manifest_with(created_at="2026-03-01T01:30:00.123456+02:00")

    read = manifest(plain)

    assert read.created_at == datetime(2026, 2, 28, 23, 30, 0, 123_000, tzinfo=UTC)
    assert b'"created_at": "2026-02-28T23:30:00.123Z"' in codec.encode(read)


def test_what_a_shot_does_not_state_comes_from_the_defaults_after_a_round_trip() -> None:
    plain = documents.shot_with(generation_params={"seed": 7}, encode={"bitrate_kbps": 2000})
    plain["defaults"] = {
        "prompt": "a quiet street",
        "generation_params": {"model": "wan", "seed": 1, "steps": 30},
        "interpolation": {"target_fps": 30},
        "encode": {"codec": "hevc", "crf": 20},
        "qc": {"thresholds": {"black_ratio": 0.1}},
    }

    written = codec.encode(manifest(plain))
    read = codec.decode(written, VideoManifest, file="m")
    recipe = read.recipe(read.shots[0])

    assert json.loads(written)["shots"][0]["generation_params"] == {"seed": 7}
    assert recipe.generation_params == GenerationParams(model="wan", seed=7, steps=30)
    assert recipe.encode == EncodeParams.model_validate_json('{"codec":"hevc","bitrate_kbps":2000}')
    assert recipe.interpolation.target_fps == 30
    assert recipe.qc.thresholds.black_ratio == 0.1
    assert recipe.prompt == "a quiet street"


def test_nested_blocks_of_shot_and_defaults_are_merged_field_by_field() -> None:
    plain = documents.shot_with(qc={"thresholds": {"frozen_ratio": 0.2}})
    plain["defaults"] = {"qc": {"thresholds": {"black_ratio": 0.1, "frozen_ratio": 0.5}}}

    limits = manifest(plain).recipe(manifest(plain).shots[0]).qc.thresholds

    assert (limits.black_ratio, limits.frozen_ratio) == (0.1, 0.2)


def test_an_empty_prompt_of_a_shot_wins_over_the_defaults() -> None:
    plain = documents.shot_with(prompt="")
    plain["defaults"] = {"prompt": "a quiet street"}

    read = manifest(plain)

    assert read.recipe(read.shots[0]).prompt == ""


def test_a_null_of_a_shot_takes_a_default_back() -> None:
    plain = documents.shot_with(generation_params={"steps": None})
    plain["defaults"] = {"generation_params": {"steps": 30, "seed": 4}}

    recipe = manifest(plain).recipe(manifest(plain).shots[0])

    assert (recipe.generation_params.steps, recipe.generation_params.seed) == (None, 4)


def test_a_block_that_is_wrong_only_together_with_the_defaults_names_its_shot() -> None:
    plain = documents.shot_with(encode={"codec": "h264"})
    plain["defaults"] = {"encode": {"codec": "av1", "crf": 60}}

    with pytest.raises(
        DocumentInvalid,
        match=r"shots\[0\]\.encode\.crf: of h264 lies in 0\.\.51 \(together with the defaults\)",
    ):
        manifest(plain)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_a_value_without_a_canonical_form_is_refused_at_writing(value: float | str) -> None:
    unwritable = manifest(documents.MANIFEST).model_copy(update={"x": {"mine": value}})

    with pytest.raises(CompanionError, match="cannot be written as JSON"):
        codec.encode(unwritable)


def test_the_fingerprint_of_a_recipe_is_the_one_of_contract_version_1() -> None:
    # A changed value means that every shot made so far counts as a new one: only a new contract
    # version may do that.
    assert fingerprint(documents.MANIFEST) == GOLDEN_FINGERPRINT


@pytest.mark.parametrize(
    "same",
    [
        documents.manifest_with(x={"mine": 1}),
        documents.manifest_with(project_id="other", batch_id="other"),
        documents.manifest_with(created_at="2026-01-01T00:00:00Z"),
        documents.shot_with(x={"mine": 1}),
        documents.shot_with(priority=5),
        documents.shot_with(image_path="elsewhere/renamed.png"),
        documents.shot_with(prompt="", negative_prompt=""),
        documents.move_with(keyframes=[], rotation=None, preset=None, objects=[]),
        documents.shot_with(generation_params={"model": "camera", "fps": 24.0, "steps": None}),
        documents.shot_with(interpolation={"target_fps": "24/1"}),
        documents.move_with(duration_sec=6),
        documents.manifest_with(defaults={"encode": {"codec": "h264"}, "priority": 3}),
    ],
)
def test_what_does_not_change_the_clip_does_not_change_the_fingerprint(
    same: documents.Plain,
) -> None:
    assert fingerprint(same) == fingerprint(documents.MANIFEST)


def test_minus_zero_and_zero_are_one_fingerprint_and_one_file() -> None:
    plus = documents.move_with(start_rect=[0.0, 0.0, 0.5, 0.5])
    minus = documents.move_with(start_rect=[-0.0, -0.0, 0.5, 0.5])

    assert fingerprint(minus) == fingerprint(plus)
    assert codec.encode(manifest(minus)) == codec.encode(manifest(plus))


STOP = {"at": 0.5, "rect": [0.2, 0.2, 0.8, 0.8]}
BIRD = {
    "name": "bird",
    "region": {"shape": "polygon", "points": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]},
    "points": [{"at": 0.0, "position": [0.1, 0.1]}, {"at": 1.0, "position": [0.9, 0.1]}],
}
CHANGES: dict[str, documents.Plain] = {
    "image_sha256": documents.shot_with(sha256="b" * 64),
    "prompt": documents.shot_with(prompt="rain"),
    "negative_prompt": documents.shot_with(negative_prompt="rain"),
    "motion.type": documents.move_with(type="custom"),
    "motion.start_rect": documents.move_with(start_rect=[0.1, 0.1, 0.9, 0.91]),
    "motion.end_rect": documents.move_with(end_rect=[0.3, 0.3, 0.7, 0.71]),
    "motion.duration_sec": documents.move_with(duration_sec=6.001),
    "motion.easing": documents.move_with(easing=[0.4, 0.0, 0.6, 1.0]),
    "motion.keyframes": documents.move_with(keyframes=[STOP]),
    "motion.rotation": documents.move_with(rotation={"end_deg": 2.0}),
    "motion.preset": documents.move_with(
        type="push_in", preset={"name": "push_in", "zoom": 2.0, "towards": [0.5, 0.5]}
    ),
    "motion.objects": documents.move_with(objects=[BIRD]),
    "motion.depth": documents.move_with(depth={"path": "a.depth.png", "sha256": "c" * 64}),
    "motion.reference": documents.move_with(
        reference={
            "path": "a.signal.mp4",
            "sha256": "c" * 64,
            "mask_path": "a.signal_mask.mp4",
            "mask_sha256": "d" * 64,
        }
    ),
    "generation_params.model": documents.shot_with(generation_params={"model": "wan"}),
    "generation_params.fps": documents.shot_with(generation_params={"fps": 23.976}),
    "generation_params.num_frames": documents.shot_with(generation_params={"num_frames": 81}),
    "generation_params.width": documents.shot_with(generation_params={"width": 832}),
    "generation_params.height": documents.shot_with(generation_params={"height": 480}),
    "generation_params.seed": documents.shot_with(generation_params={"seed": 1}),
    "generation_params.steps": documents.shot_with(generation_params={"steps": 30}),
    "generation_params.guidance": documents.shot_with(generation_params={"guidance": 5.0}),
    "generation_params.motion_bucket_id": documents.shot_with(
        generation_params={"motion_bucket_id": 127}
    ),
    "generation_params.noise_aug_strength": documents.shot_with(
        generation_params={"noise_aug_strength": 0.02}
    ),
    "generation_params.tweak_index": documents.shot_with(generation_params={"tweak_index": 3}),
    "generation_params.tstrong_index": documents.shot_with(generation_params={"tstrong_index": 7}),
    "generation_params.memory_plans": documents.shot_with(
        generation_params={"memory_plans": ("fast",)}
    ),
    "generation_params.control": documents.shot_with(generation_params={"control": "none"}),
    "generation_params.weak_clock": documents.shot_with(generation_params={"weak_clock": 0.98}),
    "generation_params.strong_clock": documents.shot_with(generation_params={"strong_clock": 0.9}),
    "generation_params.hold": documents.shot_with(generation_params={"hold": "soft"}),
    "generation_params.loras": documents.shot_with(
        generation_params={"loras": [{"name": "orbit", "weight": 0.8}]}
    ),
    "generation_params.speed": documents.shot_with(generation_params={"speed": "distilled"}),
    "generation_params.step_cache": documents.shot_with(generation_params={"step_cache": "mag"}),
    "generation_params.long": documents.shot_with(generation_params={"long": "segments"}),
    "generation_params.parallel_segments": documents.shot_with(
        generation_params={"parallel_segments": 2}
    ),
    "generation_params.gpus_per_shot": documents.shot_with(generation_params={"gpus_per_shot": 2}),
    "interpolation.backend": documents.shot_with(interpolation={"backend": "blend"}),
    "interpolation.target_fps": documents.shot_with(interpolation={"target_fps": 25}),
    "upscaling": documents.shot_with(upscaling={"factor": 2}),
    "encode.bit_depth": documents.shot_with(encode={"bit_depth": 10}),
    "encode.poster": documents.shot_with(encode={"poster": "middle"}),
    "encode.master": documents.shot_with(encode={"master": "ffv1"}),
    "encode.with_prompt": documents.shot_with(encode={"with_prompt": True}),
    "encode.codec": documents.shot_with(encode={"codec": "hevc"}),
    "encode.crf": documents.shot_with(encode={"crf": 20}),
    "encode.bitrate_kbps": documents.shot_with(encode={"bitrate_kbps": 4000}),
    "qc.thresholds.adherence_pass": documents.shot_with(qc={"thresholds": {"adherence_pass": 0.1}}),
    "qc.thresholds.adherence_fail": documents.shot_with(qc={"thresholds": {"adherence_fail": 0.1}}),
    "qc.thresholds.black_ratio": documents.shot_with(qc={"thresholds": {"black_ratio": 0.1}}),
    "qc.thresholds.frozen_ratio": documents.shot_with(qc={"thresholds": {"frozen_ratio": 0.1}}),
    "qc.thresholds.flashes_per_second": documents.shot_with(
        qc={"thresholds": {"flashes_per_second": 5}}
    ),
}
ONE_VALUE_ONLY = {"encode.container", "qc.profile"}
"""Fields whose type allows a single value today."""


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_each_field_of_the_recipe_changes_the_fingerprint(changed: documents.Plain) -> None:
    assert fingerprint(changed) != fingerprint(documents.MANIFEST)


def test_the_table_of_changes_names_every_field_of_the_recipe() -> None:
    assert set(CHANGES) | ONE_VALUE_ONLY == set(leaves(Recipe))


def leaves(model: type[Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and hasattr(inner, "model_fields") and name not in RECTANGLES:
            found += leaves(inner, f"{prefix}{name}.")
        else:
            found.append(prefix + name)
    return found


RECTANGLES = {"start_rect", "end_rect"}


def test_the_same_recipe_through_defaults_or_the_shot_is_the_same_shot() -> None:
    through_defaults = documents.manifest_with(defaults={"generation_params": {"seed": 9}})
    through_shot = documents.shot_with(generation_params={"seed": 9})

    assert fingerprint(through_defaults) == fingerprint(through_shot)


def test_documents_are_frozen_and_closed() -> None:
    read = manifest(documents.MANIFEST)

    with pytest.raises(ValueError, match="frozen"):
        read.shots[0].motion.duration_sec = 3.0  # type: ignore[misc]
    for model in (VideoManifest, MotionCompanion, VideoMeta, Shot, ShotDefaults):
        assert model.model_config["extra"] == "forbid"


@pytest.mark.parametrize(
    ("plain", "kind"),
    [
        (documents.MANIFEST, VideoManifest),
        (documents.MOTION, MotionCompanion),
        (documents.META, VideoMeta),
    ],
)
def test_users_keys_under_x_come_back_as_they_were(
    plain: documents.Plain, kind: type[Document]
) -> None:
    mine = {"deep": [{"er": [1, 2.5, None, True, "日本"]}], "big": 10**40}
    mixed = copy.deepcopy(plain) | {"x": mine}

    read = codec.decode(documents.text_of(mixed), kind, file="m")

    assert json.loads(codec.encode(read))["x"] == mine


class OldStop(Closed):
    at: float


class Stop(OldStop):
    turned: float | None = None
    marks: tuple[str, ...] = ()


class OldRecipe(Closed):
    stops: tuple[OldStop, ...]


class NewRecipe(Closed):
    stops: tuple[Stop, ...]
    colour: str | None = None
    extra: dict[str, str] = {}  # noqa: RUF012  (pydantic copies it)


def test_optional_parts_that_are_added_later_leave_old_fingerprints_as_they_are() -> None:
    old = OldRecipe(stops=(OldStop(at=0.5),))
    new = NewRecipe(stops=(Stop(at=0.5),))
    used = NewRecipe(stops=(Stop(at=0.5, turned=0.0),))

    assert codec.fingerprint(new) == codec.fingerprint(old)
    assert codec.fingerprint(used) != codec.fingerprint(old)


def test_a_bare_move_names_only_the_parts_it_has() -> None:
    plain = codec.decode(documents.text_of(documents.MOTION), MotionCompanion, file="m")
    stop = {"at": 0.5, "rect": [0.2, 0.2, 0.8, 0.8]}
    with_stop = codec.decode(
        documents.text_of({**documents.MOTION, "keyframes": [stop]}), MotionCompanion, file="m"
    )

    assert plain.move().model_fields_set == set(documents.MOVE)
    assert with_stop.move().model_fields_set == {*documents.MOVE, "keyframes"}
    assert with_stop.move().keyframes == with_stop.keyframes
