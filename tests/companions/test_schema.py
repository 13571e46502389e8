"""The published JSON Schemas say what the models say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator, FormatChecker

from companions import codec, schema
from companions.base import Document
from companions.motion import MotionCompanion
from companions.video_manifest import VideoManifest
from tests.companions import documents

EXAMPLES = {
    "motion": documents.MOTION,
    "video_manifest": documents.MANIFEST,
    "video_meta": documents.META,
}
ROOT = Path(__file__).resolve().parents[2]


def validator(kind: str) -> Draft202012Validator:
    published = json.loads(schema.file_of(kind).read_text("utf-8"))
    return Draft202012Validator(published, format_checker=FormatChecker())


def check(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "companions.schema", *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_published_schemas_are_printed_from_the_models() -> None:
    done = check(ROOT, "--check")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_schema_that_differs_from_its_model_is_named_and_can_be_printed_again(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "companions", tmp_path / "companions")
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    stale = tmp_path / "schemas" / "motion.schema.json"
    stale.write_text(stale.read_text("utf-8").replace("60.0", "90.0"), "utf-8")
    (tmp_path / "schemas" / "video_meta.schema.json").unlink()

    found = check(tmp_path, "--check")
    mended = check(tmp_path)

    assert found.returncode == 1
    assert "motion.schema.json differs" in found.stderr
    assert "video_meta.schema.json differs" in found.stderr
    assert "video_manifest" not in found.stderr
    assert mended.returncode == 0
    assert check(tmp_path, "--check").returncode == 0


@pytest.mark.parametrize("kind", schema.DOCUMENTS)
def test_each_schema_is_valid_json_schema_2020_12(kind: str) -> None:
    published = json.loads(schema.file_of(kind).read_text("utf-8"))

    Draft202012Validator.check_schema(published)
    assert published["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("kind", schema.DOCUMENTS)
def test_an_example_passes_both_the_model_and_the_schema(kind: str) -> None:
    example = EXAMPLES[kind]

    read = codec.decode(documents.text_of(example), schema.DOCUMENTS[kind], file="m")

    validator(kind).validate(example)
    validator(kind).validate(json.loads(codec.encode(read)))


@settings(max_examples=30)
@given(documents.manifests())
def test_every_manifest_that_is_written_passes_the_schema(manifest: VideoManifest) -> None:
    validator("video_manifest").validate(json.loads(codec.encode(manifest)))


@settings(max_examples=30)
@given(documents.motions())
def test_every_motion_companion_that_is_written_passes_the_schema(
    companion: MotionCompanion,
) -> None:
    validator("motion").validate(json.loads(codec.encode(companion)))


@pytest.mark.parametrize("kind", schema.DOCUMENTS)
def test_the_schemas_are_as_closed_as_the_models(kind: str) -> None:
    example = EXAMPLES[kind]
    unknown = {**example, "unheard_of": 1}
    unstated = {key: value for key, value in example.items() if key != "kind"}
    unversioned = {key: value for key, value in example.items() if key != "schema_version"}

    for wrong in (unknown, unstated, unversioned):
        assert not validator(kind).is_valid(wrong)


@pytest.mark.parametrize(("kind", "model"), schema.DOCUMENTS.items())
def test_every_field_is_explained(kind: str, model: type[Document]) -> None:
    published = json.loads(schema.file_of(kind).read_text("utf-8"))
    blocks = {model.__name__: published, **published["$defs"]}

    unexplained = [
        f"{name}.{field}"
        for name, block in blocks.items()
        for field, facts in block.get("properties", {}).items()
        # A description equal to that of the block it refers to is left to the block.
        if "description" not in facts and "description" not in blocks[facts["$ref"].split("/")[-1]]
    ]

    assert unexplained == []
