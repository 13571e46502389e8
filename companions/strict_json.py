"""JSON as every reader of it agrees: bytes to one plain object, or the reason why not.

Called by ``codec`` before a model sees anything.  Refused is what JSON parsers disagree on
(duplicate keys, NaN, numbers beyond a double, half a surrogate pair) and what could exhaust this
one (nesting).
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

MAX_NESTING: Final = 64
MAX_CONTAINERS: Final = 2_000_000
"""Lists and objects of one document.  Each takes some hundred bytes of memory, whatever is in it,
and more while what is wrong is being told; a hundred thousand shots have a million."""
MAX_VALUES: Final = 8_000_000
"""Commas of one document, that is its values; a hundred thousand shots have four million."""

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
# Possessive, so that a text of a quarter of a gigabyte leaves no way back to remember.
_TEXT: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)'
# Texts, and what lies between them, go by as one.
_BRACKETS: Final = re.compile(
    rb"(?:" + _TEXT + rb'[^]["{}]*+)++|(?P<opening>[\[{]+)|(?P<closing>[\]}]+)', re.DOTALL
)
_COMMAS: Final = re.compile(rb"(?:" + _TEXT + rb'[^",]*+)++|(?P<comma>,)', re.DOTALL)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class NotStrictJson(ValueError):
    """The bytes are no strict JSON object: ``what`` says why, ``field`` where, if that is known."""

    def __init__(self, what: str, *, field: str = "") -> None:
        super().__init__(what)
        self.what, self.field = what, field


def parse_object(data: bytes) -> dict[str, object]:
    """The one JSON object that ``data`` holds.

    Raises:
        NotStrictJson: it holds something else, or not in strict JSON.
    """
    if not data.strip():
        raise NotStrictJson("the file is empty")
    if (what := _too_much(data)) is not None:
        raise NotStrictJson(what)
    try:
        raw = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        what = f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise NotStrictJson(what) from None
    except NotStrictJson:
        raise
    except ValueError:  # an integer of more digits than Python converts
        what = f"holds a number of more than {sys.get_int_max_str_digits()} digits"
        raise NotStrictJson(what) from None
    if not isinstance(raw, dict):
        raise NotStrictJson("is not a JSON object")
    # Python's parser accepts half a pair; no file can hold one, and pydantic cannot say where.
    if _SURROGATE_ESCAPE.search(data) and (where := _half_pair(raw, "")) is not None:
        raise NotStrictJson("holds half a character (a lone UTF-16 surrogate)", field=where)
    return raw


def shown(value: object) -> str:
    """``value`` as a message may hold it: short, and without characters that act on a terminal."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise NotStrictJson(f"the key {key[:80]!r} stands twice in one object")
            seen.add(key)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise NotStrictJson(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotStrictJson(f"the number {shown(text)} is too large")
    return value


def _too_much(data: bytes) -> str | None:
    """What there is too much of in the bytes for them to be parsed, as far as they are JSON."""
    if data.count(b"[") + data.count(b"{") > MAX_NESTING:
        depth = opened = 0
        for token in _BRACKETS.finditer(data):
            count = token.end() - token.start()
            if token.lastgroup == "opening":
                depth, opened = depth + count, opened + count
                if depth > MAX_NESTING:
                    return f"objects are nested deeper than {MAX_NESTING}"
                if opened > MAX_CONTAINERS:
                    return f"holds more than {MAX_CONTAINERS} lists and objects"
            elif token.lastgroup == "closing":
                depth -= count
    if data.count(b",") > MAX_VALUES:
        values = 0
        for token in _COMMAS.finditer(data):
            values += token.lastgroup == "comma"
            if values > MAX_VALUES:
                return f"holds more than {MAX_VALUES} values"
    return None


def _half_pair(value: object, where: str) -> str | None:
    """The dotted path of the first text under ``value`` with a lone surrogate, or None."""
    if isinstance(value, str):
        return where if _SURROGATES.search(value) else None
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{where}.{shown(key)}" if where else shown(key)
            found = path if _SURROGATES.search(key) else _half_pair(inner, path)
            if found is not None:
                return found
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if (found := _half_pair(inner, f"{where}[{index}]")) is not None:
                return found
    return None
