"""JSON as every reader of it agrees: bytes to one plain object, or the reason why not.

Called by ``codec`` before a model sees anything.  Refused is what JSON parsers disagree on
(duplicate keys, NaN, numbers beyond a double, half a surrogate pair) and what could exhaust this
one (nesting).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Final, NoReturn

MAX_NESTING: Final = 64

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
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
    if _nesting(data) > MAX_NESTING:
        raise NotStrictJson(f"objects are nested deeper than {MAX_NESTING}")
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
    except ValueError as error:  # an integer of more digits than Python converts
        raise NotStrictJson(f"holds a number no one can read: {error}") from None
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


def _nesting(data: bytes) -> int:
    """The nesting depth, as far as the bytes are JSON."""
    if data.count(b"[") + data.count(b"{") <= MAX_NESTING:
        return 0
    depth = deepest = 0
    in_text = escaped = False
    for byte in data:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


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
