"""The public conformance suite: what it pins stays so, for every version that was published."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from companions import codec, schema, validation
from companions.errors import DocumentInvalid, DocumentTooNew
from companions.schema import Version
from companions.upgrade import Loaded
from companions.video_manifest import VideoManifest
from companions.video_meta import VideoMeta

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
FILES = sorted(file.relative_to(GOLDEN).as_posix() for file in GOLDEN.glob("*/v*/*/*.json"))
VALID = [file for file in FILES if "/valid/" in file]
INVALID = [file for file in FILES if "/invalid/" in file]


def index(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text("utf-8"))


FINGERPRINTS, FIELDS = index("fingerprints.json"), index("fields.json")
RULES = index("beyond_schema.json")
BEYOND = {case: rule for rule, each in RULES.items() for case in each["cases"]}


def version_of(file: str) -> Version:
    kind, number, *_ = file.split("/")
    return Version(kind, int(number[1:]))


def loaded(file: str) -> Loaded[Any]:
    return validation.decode((GOLDEN / file).read_bytes(), kind=version_of(file).kind, file=file)


def by_version(files: list[str]) -> dict[Version, list[str]]:
    groups: dict[Version, list[str]] = {version: [] for version in schema.MODELS}
    for file in files:
        groups[version_of(file)].append(file)
    return groups


def says(file: str) -> object:
    """What a reader that is no stricter than Python's own makes of a file."""
    return json.loads((GOLDEN / file).read_bytes().decode("utf-8"))


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_every_valid_file_loads_and_says_what_it_always_said(version: Version) -> None:
    for file in by_version(VALID)[version]:
        read = loaded(file)
        document = read.document
        told: dict[str, object] = {
            "canonical_sha256": hashlib.sha256(codec.encode(document)).hexdigest()
        }
        if isinstance(document, VideoManifest):
            recipes = [document.recipe(shot) for shot in document.shots]
            told["recipes"] = [codec.fingerprint(recipe) for recipe in recipes]
        elif isinstance(document, VideoMeta):
            told["recipes"] = [codec.fingerprint(document.recipe)]

        assert read.version == version.number, file
        assert told == FINGERPRINTS[file], file
        again = validation.decode(codec.encode(document), kind=version.kind, file=file)
        assert again.document == document, file


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_every_invalid_file_is_refused_with_the_field_it_is_wrong_in(version: Version) -> None:
    for file in by_version(INVALID)[version]:
        try:
            loaded(file)
        except DocumentTooNew:
            named = ["schema_version"]
        except DocumentInvalid as error:
            named = [problem.field for problem in error.problems]
        else:
            named = ["nothing: it was accepted"]

        assert FIELDS[file] in named, f"{file}: {named}"


def test_a_newer_version_is_refused_as_such_and_by_its_number() -> None:
    for file in INVALID:
        if file.endswith("/version-newer.json"):
            with pytest.raises(DocumentTooNew, match="version 2"):
                loaded(file)


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_the_schema_tells_valid_from_invalid_up_to_the_listed_cases(version: Version) -> None:
    published = Draft202012Validator(json.loads(schema.file_of(version).read_text("utf-8")))

    for file in by_version(VALID)[version]:
        assert [error.message for error in published.iter_errors(says(file))] == [], file
    for file in by_version(INVALID)[version]:
        try:
            accepted = published.is_valid(says(file))
        except (ValueError, RecursionError):  # no JSON to anyone
            accepted = False
        if file not in BEYOND:
            assert not accepted, f"{file} is beyond the schema, and not listed"
        elif BEYOND[file] != "strict-json":
            # So the list holds no case that the schema tells after all.
            assert accepted, f"{file} is listed, and not beyond the schema"


def test_the_lists_name_the_files_that_are_there_and_no_others() -> None:
    assert set(FINGERPRINTS) == set(VALID)
    assert set(FIELDS) == set(INVALID)
    assert set(BEYOND) <= set(INVALID)
    assert len(BEYOND) == sum(len(each["cases"]) for each in RULES.values())


def test_every_version_of_every_kind_has_its_cases() -> None:
    assert set(map(version_of, FILES)) == set(schema.MODELS)
    for version in schema.MODELS:
        assert len(by_version(VALID)[version]) >= 10, version
        assert len(by_version(INVALID)[version]) >= 60, version


def test_the_files_are_small_and_named_in_plain_words() -> None:
    for file in FILES:
        assert re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*\.json", Path(file).name), file
        assert (GOLDEN / file).stat().st_size < 64 * 1024, file
    assert not [file for file in GOLDEN.rglob("*.json") if file.is_symlink()]


def options(facts: Any, blocks: Any) -> Iterator[Any]:
    """The blocks that a value may be, references followed."""
    if "$ref" in facts:
        yield blocks[facts["$ref"].rpartition("/")[2]]
    else:
        yield facts
    for inner in [*facts.get("anyOf", ()), *facts.get("oneOf", ())]:
        yield from options(inner, blocks)


def used(value: Any, facts: Any, blocks: Any) -> Iterator[tuple[str, str]]:
    """The fields, as (block, name), that ``value`` uses of a schema."""
    for block in options(facts, blocks):
        if isinstance(value, list):
            for inner in value:
                yield from used(inner, block.get("items") or {}, blocks)
        elif isinstance(value, dict) and "title" in block:
            known = block.get("properties", {})
            if set(value) <= set(known) or block.get("additionalProperties") is True:
                for name in set(value) & set(known):
                    yield block["title"], name
                    yield from used(value[name], known[name], blocks)


def test_every_field_there_is_stands_in_a_valid_file() -> None:
    known, shown = set(), set()
    for version in schema.MODELS:
        published = json.loads(schema.file_of(version).read_text("utf-8"))
        blocks = published["$defs"]
        for block in [published, *blocks.values()]:
            known |= {(block["title"], name) for name in block.get("properties", {})}
        for file in by_version(VALID)[version]:
            shown |= set(used(says(file), published, blocks))

    assert len(known) > 150
    assert sorted(known - shown) == []
