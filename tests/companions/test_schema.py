"""The published JSON Schemas say what the models say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator, FormatChecker

from companions import codec, schema
from companions.base import Document
from companions.motion import MotionCompanion
from companions.review import Review
from companions.schema import Version
from companions.video_manifest import VideoManifest
from tests.companions import documents

MANIFEST, MOTION, REVIEW = (Version(kind, 1) for kind in ("video_manifest", "motion", "review"))
CLOSED = [version for version in schema.MODELS if version.number > 0]
ROOT = Path(__file__).resolve().parents[2]


def published(version: Version) -> documents.Plain:
    plain: documents.Plain = json.loads(schema.file_of(version).read_text("utf-8"))
    return plain


def validator(version: Version) -> Draft202012Validator:
    return Draft202012Validator(published(version), format_checker=FormatChecker())


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
    stale = tmp_path / "schemas" / "motion.v1.schema.json"
    stale.write_text(stale.read_text("utf-8").replace("60.0", "90.0"), "utf-8")
    (tmp_path / "schemas" / "video_meta.v1.schema.json").unlink()

    found = check(tmp_path, "--check")
    mended = check(tmp_path)

    assert found.returncode == 1
    assert "motion.v1.schema.json differs" in found.stderr
    assert "video_meta.v1.schema.json differs" in found.stderr
    assert "video_manifest" not in found.stderr
    assert mended.returncode == 0
    assert check(tmp_path, "--check").returncode == 0


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_each_schema_is_json_schema_2020_12_with_a_name_of_its_own(version: Version) -> None:
    plain = published(version)

    Draft202012Validator.check_schema(plain)
    assert plain["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert plain["$id"] == f"urn:motionfleet:schema:{version.kind}:{version.number}"


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_the_examples_of_a_schema_pass_the_schema_and_the_model(version: Version) -> None:
    examples = [*published(version)["examples"], documents.PLAIN[str(version)]]

    for example in examples:
        validator(version).validate(example)
        schema.MODELS[version].model_validate_json(documents.text_of(example))


@pytest.mark.parametrize("version", CLOSED, ids=str)
def test_an_example_read_and_written_again_passes_the_schema(version: Version) -> None:
    model = schema.MODELS[version]
    assert issubclass(model, Document)
    for example in published(version)["examples"]:
        read = codec.decode(documents.text_of(example), model, file="m")

        validator(version).validate(json.loads(codec.encode(read)))


@settings(max_examples=30)
@given(documents.manifests())
def test_every_manifest_that_is_written_passes_the_schema(manifest: VideoManifest) -> None:
    validator(MANIFEST).validate(json.loads(codec.encode(manifest)))


@settings(max_examples=30)
@given(documents.motions())
def test_every_motion_companion_that_is_written_passes_the_schema(
    companion: MotionCompanion,
) -> None:
    validator(MOTION).validate(json.loads(codec.encode(companion)))


@settings(max_examples=30)
@given(documents.reviews())
def test_every_review_that_is_written_passes_the_schema_and_is_read_again(review: Review) -> None:
    data = codec.encode(review)

    validator(REVIEW).validate(json.loads(data))
    assert codec.decode(data, Review, file="m") == review


@pytest.mark.parametrize("version", CLOSED, ids=str)
def test_the_schemas_are_as_closed_as_the_models(version: Version) -> None:
    example = documents.PLAIN[str(version)]
    unknown = {**example, "unheard_of": 1}
    unstated = {key: value for key, value in example.items() if key != "kind"}
    unversioned = {key: value for key, value in example.items() if key != "schema_version"}

    for wrong in (unknown, unstated, unversioned):
        assert not validator(version).is_valid(wrong)


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_every_field_is_explained(version: Version) -> None:
    plain = published(version)
    blocks = {schema.MODELS[version].__name__: plain, **plain["$defs"]}

    unexplained = [
        f"{name}.{field}"
        for name, block in blocks.items()
        for field, facts in block.get("properties", {}).items()
        # A description equal to that of the block it refers to is left to the block.
        if "description" not in facts and "description" not in blocks[facts["$ref"].split("/")[-1]]
    ]

    assert unexplained == []


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def numbers_in(facts: object) -> Iterator[float]:
    """Every bound of a number that a property's schema states, at any depth but its own blocks'."""
    if isinstance(facts, dict):
        yield from (facts[name] for name in _BOUNDS if name in facts)
        for inner in facts.values():
            yield from numbers_in(inner)
    elif isinstance(facts, list):
        for inner in facts:
            yield from numbers_in(inner)


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_the_range_of_every_number_stands_in_its_description(version: Version) -> None:
    plain = published(version)
    silent = []
    for name, block in {"": plain, **plain["$defs"]}.items():
        for field, facts in block.get("properties", {}).items():
            said = facts.get("description", "").replace("2^63 - 1", str(2**63 - 1))
            words = {word.strip(".,;:()") for word in said.split()}
            silent += [
                f"{name}.{field}: {bound}"
                for bound in numbers_in(facts)
                if str(int(bound) if bound == int(bound) else bound) not in words
            ]

    assert silent == []
