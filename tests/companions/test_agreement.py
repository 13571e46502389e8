"""Model and schema give the same answer, up to the rules that a schema cannot say."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from jsonschema import Draft202012Validator

from companions import codec, schema, validation
from companions.errors import CompanionError, DocumentInvalid
from companions.schema import Version

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
EXCUSES: Mapping[str, str] = {
    "calendar": r"day is out of range for month|time lies outside the years 1 to 9999 in UTC",
    "finite": r"must be a finite number",
    "rate": r"a rate lies between 1 and 240|a rate has at most five decimals",
    "path": r"path (is not in Unicode NFC form|has a part of \d+ bytes|leaves no room)",
    "rectangle": r"rectangle is empty or inverted",
    "order": r"does not come after",
    "unique-names": r"two have one name",
    "area": r"polygon encloses less than",
    "one-frame": r"fps is not one frame",
    "defaults": r"\(together with the defaults\)",
    "early-easing": r"version 1 has no '",
    "clock-order": r"at most the weak clock's share of noise",
    "given-reference": r"a given clip leaves nothing to render",
}
"""What the model says when it breaks a rule that is beyond a schema, by the suite's name of it."""
BY_CONSTRUCTION = {"strict-json", "integer-spelling"}
"""Rules that no document below breaks: they are about spelling, and these are spelt by Python."""

Plain = dict[str, Any]


def published(version: Version) -> Plain:
    plain: Plain = json.loads(schema.file_of(version).read_text("utf-8"))
    return plain


SCHEMAS = {version: Draft202012Validator(published(version)) for version in schema.MODELS}
VALID: Mapping[Version, list[Plain]] = {
    version: [
        json.loads(file.read_bytes())
        for file in sorted((GOLDEN / version.kind / f"v{version.number}" / "valid").glob("*.json"))
        # Nesting is a rule of its own, and large files are slow to draw from.
        if file.stat().st_size < 10_000 and not file.stem.startswith("nested-")
    ]
    for version in schema.MODELS
}


def model_says(plain: object, version: Version) -> list[str]:
    """What the model finds wrong with a document; nothing if it takes it."""
    try:
        validation.decode(json.dumps(plain).encode(), kind=version.kind, file="it")
    except DocumentInvalid as error:
        return [str(problem) for problem in error.problems]
    except CompanionError as error:
        return [str(error)]
    return []


def excused(problem: str) -> bool:
    return any(re.search(words, problem) for words in EXCUSES.values())


def assert_same_answer(plain: object, version: Version) -> None:
    by_schema = SCHEMAS[version].is_valid(plain)
    problems = model_says(plain, version)
    if by_schema:
        assert [problem for problem in problems if not excused(problem)] == [], plain
    else:
        assert problems, plain


def test_every_excuse_is_a_rule_of_the_suite_and_every_rule_has_its_words() -> None:
    rules = json.loads((GOLDEN / "beyond_schema.json").read_bytes())

    assert set(EXCUSES) | BY_CONSTRUCTION == set(rules)
    for name, words in EXCUSES.items():
        for case in rules[name]["cases"]:
            problems = model_says(json.loads((GOLDEN / case).read_bytes()), version_of(case))
            assert any(re.search(words, problem) for problem in problems), case


def version_of(case: str) -> Version:
    kind, number, *_ = case.split("/")
    return Version(kind, int(number[1:]))


WORDS = {"title", "description"}


def in_draft_7(facts: object) -> Any:
    """A schema of 2020-12 in the older dialect that hypothesis-jsonschema reads."""
    if isinstance(facts, list):
        return [in_draft_7(each) for each in facts]
    if not isinstance(facts, dict):
        return facts
    told = {
        name: in_draft_7(inner)
        for name, inner in facts.items()
        # Words alone, which it would carry along at every step.
        if name not in {"discriminator", "default"}
        and not (name in WORDS and isinstance(inner, str))
    }
    if "properties" in told:
        # Rules between fields make it work for minutes; what breaks them is as good a question.
        told = {name: told[name] for name in told.keys() - {"anyOf", "allOf", "not"}}
    if isinstance(told.get("prefixItems"), list):
        told["items"] = told.pop("prefixItems")
        told["additionalItems"] = False
    if "$schema" in told:
        told["$schema"] = "http://json-schema.org/draft-07/schema#"
        del told["$id"], told["examples"]
    return told


@cache
def allowed_by_schema(version: Version) -> st.SearchStrategy[Any]:
    """Documents as the published schema describes them, whole numbers written as such."""
    return from_schema(in_draft_7(published(version))).map(as_python_spells_it)


def as_python_spells_it(value: Any) -> Any:
    """The value with whole numbers written as such: 1, not 1.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [as_python_spells_it(each) for each in value]
    if isinstance(value, dict):
        return {name: as_python_spells_it(inner) for name, inner in value.items()}
    return value


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(choices=st.data())
def test_what_a_schema_allows_the_model_takes(version: Version, choices: st.DataObject) -> None:
    plain = choices.draw(allowed_by_schema(version))

    assert_same_answer(plain, version)


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_what_the_model_writes_of_every_valid_file_passes_the_schema(version: Version) -> None:
    current = SCHEMAS[Version(version.kind, 1)]
    for plain in VALID[version]:
        loaded = validation.decode(json.dumps(plain).encode(), kind=version.kind, file="it")
        current.validate(json.loads(codec.encode(loaded.document)))


def places(tree: object) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a plain document; a list's index is a key as well."""
    if isinstance(tree, dict):
        pairs: list[tuple[Any, Any]] = list(tree.items())
    elif isinstance(tree, list):
        pairs = list(enumerate(tree))
    else:
        return
    for key, inner in pairs:
        yield tree, key
        yield from places(inner)


def odd_values() -> st.SearchStrategy[Any]:
    """What a careless program writes."""
    return (
        st.none()
        | st.booleans()
        | st.sampled_from([{}, [], "", [[]], [None], "null", "0", -1, 0, 1, 2, 10**400, -(10**30)])
        | st.integers(-300, 300)
        | st.floats(allow_nan=False, allow_infinity=False).map(as_python_spells_it)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
        | st.dictionaries(st.sampled_from(["name", "at", "x", "kind"]), st.integers(), max_size=2)
    )


def near(value: Any) -> st.SearchStrategy[Any]:
    """Values not far from ``value``: a little outside what it may be, if it was on the edge."""
    if isinstance(value, bool) or value is None:
        return st.booleans() | st.none()
    if isinstance(value, (int, float)) and abs(value) > 1e100:
        return st.sampled_from([0, -value])  # a step further would be no number any more
    if isinstance(value, (int, float)):
        steps: list[Any] = [value + 1, value - 1, -value, value * 2, value + 0.5, value * 1e-3]
        return st.sampled_from(steps).map(as_python_spells_it)
    if isinstance(value, str):
        return st.sampled_from(
            [value + "\n", value + " ", value.upper(), value[:-1], value + value[-1:],
             value.replace("-", "/"), "/" + value, value + "/", "u\u0308" + value, value + "\u200b",
             f"{value}." , value.replace("Z", "+05:00"), value.replace("01", "02"), "../" + value]
        )  # fmt: skip
    if isinstance(value, list):
        return st.sampled_from([value[:-1], value + value[-1:], value[::-1], value + value])
    return st.just({**value, "unheard_of": 1}) | st.just({**value, "x": {}})


def drop(container: Any, key: Any, _: Callable[..., Any]) -> None:
    del container[key]


def replace(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    container[key] = draw(odd_values())


def nudge(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    container[key] = draw(near(container[key]))


def add(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    if isinstance(container, dict):
        name = draw(st.sampled_from(["unheard_of", "x", "easing", "crf", "clip", "preset", "redo"]))
        container[name] = draw(odd_values())
    else:
        container.insert(key, draw(odd_values()))


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(choices=st.data())
def test_a_document_that_was_tampered_with_gets_one_answer_from_both(
    version: Version, choices: st.DataObject
) -> None:
    plain = copy.deepcopy(choices.draw(st.sampled_from(VALID[version])))
    for _ in range(choices.draw(st.integers(1, 2))):
        spots = list(places(plain))
        if not spots:
            break
        container, key = choices.draw(st.sampled_from(spots))
        choices.draw(st.sampled_from([drop, replace, nudge, add]))(container, key, choices.draw)

    assert_same_answer(plain, version)


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_each_field_of_each_valid_file_may_go_by_both_or_by_neither(version: Version) -> None:
    for plain in VALID[version]:
        for index in range(len(list(places(plain)))):
            less = copy.deepcopy(plain)
            container, key = list(places(less))[index]
            if isinstance(container, dict):
                del container[key]
                assert_same_answer(less, version)


@pytest.mark.parametrize("version", schema.MODELS, ids=str)
def test_each_schema_has_its_name_a_title_words_and_an_example(version: Version) -> None:
    plain = published(version)

    assert plain["$id"].endswith(f":{version.kind}:{version.number}")
    assert plain["title"]
    assert len(plain["description"]) > 20
    assert plain["examples"]
    for example in plain["examples"]:
        SCHEMAS[version].validate(example)
        assert model_says(example, version) == []
