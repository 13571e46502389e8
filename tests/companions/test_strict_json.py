"""What is refused before it is parsed: too deep, too many; and nothing that only looks like it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions import strict_json
from companions.strict_json import MAX_CONTAINERS, MAX_NESTING, MAX_VALUES, NotStrictJson

TRAPS = st.text('[]{}",:\\ a\n\u00e9', max_size=12)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(
    levels=st.lists(st.tuples(st.booleans(), TRAPS, TRAPS), min_size=58, max_size=68),
    indent=st.sampled_from([None, 0, 1]),
)
def test_what_is_nested_is_refused_by_its_depth_and_never_by_its_texts(
    levels: list[tuple[bool, str, str]], indent: int | None
) -> None:
    value: Any = "[[[[" * 30
    for is_list, key, text in levels:
        value = [text, value, [text]] if is_list else {"a" + key: value, "b": {text: text}}
    plain = {"x": value}
    data = json.dumps(plain, indent=indent, ensure_ascii=False).encode()

    if depth_of(plain) <= MAX_NESTING:
        assert strict_json.parse_object(data) == plain
    else:
        with pytest.raises(NotStrictJson, match="nested deeper than 64"):
            strict_json.parse_object(data)


def test_what_is_wide_is_not_deep() -> None:
    data = b'{"a":[' + b",".join([b"[" * 62 + b"]" * 62, b'[[{"a":{}}]]'] * 200) + b"]}"

    assert len(_list_in(strict_json.parse_object(data))) == 400


def test_as_many_lists_as_may_be_are_read_and_one_more_is_not() -> None:
    most = MAX_CONTAINERS - 2  # the object, and the list they are in

    assert len(_list_in(strict_json.parse_object(_filled(b"[]", most)))) == most
    with pytest.raises(NotStrictJson, match="more than 2000000 lists and objects"):
        strict_json.parse_object(_filled(b"[]", most + 1))


def test_as_many_values_as_may_be_are_read_and_one_more_is_not() -> None:
    most = MAX_VALUES + 1  # one more than there are commas

    assert len(_list_in(strict_json.parse_object(_filled(b"0", most)))) == most
    with pytest.raises(NotStrictJson, match="more than 8000000 values"):
        strict_json.parse_object(_filled(b"0", most + 1))


def test_brackets_and_commas_in_a_text_are_text() -> None:
    text = '[{,\\"' * (MAX_VALUES // 2)

    read = strict_json.parse_object(json.dumps({"a": [text, text, {}]}).encode())

    assert read == {"a": [text, text, {}]}


@pytest.mark.parametrize(
    "data",
    [
        b'"' * 9_000_000,
        b'{"a": "' + b"," * 9_000_000,
        b"," * 9_000_000,
        b"]" * 9_000_000,
        b"\\" * 99,
    ],
    ids=["quotes", "an open text", "commas", "closing brackets", "backslashes"],
)
def test_what_is_no_json_at_all_is_refused_as_well(data: bytes) -> None:
    with pytest.raises(NotStrictJson):
        strict_json.parse_object(data)


def _filled(part: bytes, times: int) -> bytes:
    return b'{"a":[' + b",".join([part] * times) + b"]}"


def _list_in(read: dict[str, object]) -> list[object]:
    found = read["a"]
    assert isinstance(found, list)
    return found
