"""Bytes to document and back: canonical JSON, fingerprints, errors that name the field.

Canonical form is UTF-8, sorted keys, no insignificant space beyond two-space indentation, no NaN,
one trailing newline, so that equal documents are equal bytes.  What may be read at all is
decided by ``strict_json``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from companions import files, strict_json
from companions.base import IDENTITY, Document
from companions.errors import CompanionError, DocumentInvalid, DocumentTooNew, Problem
from companions.strict_json import NotStrictJson, shown

MAX_DOCUMENT_BYTES: Final = 256 * 1024 * 1024
KNOWN_VERSION: Final = 1
_PLAUSIBLE_VERSION: Final = 10_000
_NAMED_FIELD: Final = re.compile(r"([a-z_]+(?:[.][a-z_]+|\[[0-9]+\])*): ")

D = TypeVar("D", bound=Document)


def encode(document: BaseModel) -> bytes:
    """``document`` in canonical form, for a file.

    Raises:
        CompanionError: a value under ``x`` has no canonical form (NaN, infinity).
    """
    values = document.model_dump(mode="json", exclude_unset=_is_sparse(document))
    if isinstance(document, Document):
        values |= {"kind": _kind_of(type(document)), "schema_version": document.schema_version}
    return _dump(values, indent=2) + b"\n"


def fingerprint(document: BaseModel) -> str:
    """SHA-256 of the compact canonical form; equal for equal content, on every machine.

    What is null or empty is left out of it: an optional part that the contract gains later must
    not give old shots, which do not have it, another fingerprint.
    """
    values = _without_empty(document.model_dump(mode="json", context=IDENTITY))
    return hashlib.sha256(_dump(values, indent=None)).hexdigest()


def decode(data: bytes, kind: type[D], *, file: str) -> D:
    """Parse ``data`` as a document of ``kind``; ``file`` names it in messages.

    Raises:
        DocumentInvalid: not JSON, not this kind, or a field breaks the contract.
        DocumentTooNew: written by a newer motionfleet.
    """
    return decode_parsed(data, kind, raw=parse(data, file=file), file=file)


def decode_parsed(data: bytes, kind: type[D], *, raw: Mapping[str, object], file: str) -> D:
    """As ``decode``, for a caller that has looked at what ``parse`` made of ``data``.

    Raises:
        DocumentInvalid, DocumentTooNew: as ``decode``.
    """
    expected = _kind_of(kind)
    _check_kind(raw, expected=expected, file=file)
    try:
        # From the bytes, not from ``raw``: JSON mode knows arrays as tuples and text as enums.
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise DocumentInvalid(
            file=file,
            problems=problems_of(error),
            remedy=f"Correct the named fields, or write the {expected} again; nothing was changed.",
        ) from None


def read(path: Path, kind: type[D]) -> D:
    """Read the document at ``path``.

    Raises:
        DocumentInvalid, DocumentTooNew: as ``decode``; also for a missing or oversized file.
    """
    return decode(read_bytes(path), kind, file=str(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a document file, within the size limit.

    Raises:
        DocumentInvalid: the file is missing, unreadable or too large.
    """
    try:
        return files.read_limited(path, limit=MAX_DOCUMENT_BYTES)
    except OSError as error:
        what = error.strerror or str(error)
        raise DocumentInvalid(
            file=str(path),
            problems=[Problem("", f"cannot be read ({what})")],
            remedy="Check the path and the file's rights.",
        ) from None


def write(path: Path, document: Document, *, only_writer: str | None = None) -> None:
    """Write ``document`` to ``path`` in canonical form, whole or not at all.

    ``only_writer`` is as in ``files.Pending``.

    Raises:
        FileUnwritable: the folder or disk refuses.
    """
    files.write_atomic(path, encode(document), only_writer=only_writer)


def problems_of(error: ValidationError) -> tuple[Problem, ...]:
    """Pydantic's findings as field paths and words."""
    items = error.errors(include_url=False, include_context=False, include_input=False)
    blamed = {item["loc"][:depth] for item in items for depth in range(len(item["loc"]))}
    return tuple(
        _problem(
            _field_path(item["loc"], unknown=item["type"] == "extra_forbidden"),
            _plain_words(item["type"], item["msg"]),
        )
        for item in items
        # A list whose only member is wrong is reported as too short as well: that is no second
        # problem, and would send the reader to the wrong place.
        if not (item["type"] == "too_short" and item["loc"] in blamed)
    )


def _problem(field: str, what: str) -> Problem:
    """The problem at ``field``, or nearer to it where a rule of several fields says which."""
    named = _NAMED_FIELD.match(what)
    if named is None:
        return Problem(field, what)
    return Problem(f"{field}.{named[1]}" if field else named[1], what[named.end() :])


def _is_sparse(document: BaseModel) -> bool:
    return isinstance(document, Document) and document.SPARSE


def _kind_of(kind: type[Document]) -> str:
    return str(kind.model_fields["kind"].default)


def _without_empty(value: object) -> object:
    """``value`` less the null and empty members of its objects, at every depth."""
    if isinstance(value, dict):
        pruned = {name: _without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in pruned.items() if inner not in (None, {}, [])}
    if isinstance(value, list):
        return [_without_empty(inner) for inner in value]
    return value


def _dump(values: object, *, indent: int | None) -> bytes:
    try:
        text = _json_text(values, indent=indent)
        if "-0.0" in text:  # equals 0.0, so it has to be the same bytes
            text = _json_text(json.loads(text, parse_float=_no_minus_zero), indent=indent)
        return text.encode("utf-8")
    except ValueError as error:  # NaN under ``x``, or a lone surrogate
        raise CompanionError(f"the document cannot be written as JSON: {error}") from None


def _json_text(values: object, *, indent: int | None) -> str:
    return json.dumps(
        values,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=(",", ": ") if indent else (",", ":"),
    )


def _no_minus_zero(text: str) -> float:
    return float(text) + 0.0


def parse(data: bytes, *, file: str) -> dict[str, object]:
    """The one strict JSON object that ``data`` holds, of whatever kind and version.

    Raises:
        DocumentInvalid: it holds something else.
    """
    try:
        return strict_json.parse_object(data)
    except NotStrictJson as error:
        raise DocumentInvalid(
            file=file,
            problems=[Problem(error.field, error.what)],
            remedy="Write it again with the tool that made it; nothing was changed.",
        ) from None


def _check_kind(raw: Mapping[str, object], *, expected: str, file: str) -> None:
    problems = []
    kind, version = raw.get("kind"), raw.get("schema_version")
    if kind != expected:
        found = "is missing" if kind is None else f"is {shown(repr(kind))}"
        problems.append(Problem("kind", f"{found}; this file must be a {expected!r}"))
    if version is None:
        problems.append(Problem("schema_version", "is missing; the current version is 1"))
    elif type(version) is not int or not 1 <= version <= _PLAUSIBLE_VERSION:
        # Exactly an integer: 1.0 and true equal 1 in Python, but not in other readers.
        problems.append(Problem("schema_version", f"is {shown(repr(version))}; it must be 1"))
    elif version > KNOWN_VERSION and kind == expected:
        raise DocumentTooNew(file=file, kind=expected, version=version, known=KNOWN_VERSION)
    if problems:
        remedy = f"Give the file that was written as {expected!r}, or write it again."
        if "keyframes" in raw and kind is None:
            remedy = "It looks like a manifest of version 0: see fleet companions upgrade."
        raise DocumentInvalid(file=file, problems=problems, remedy=remedy)


def _field_path(loc: tuple[int | str, ...], *, unknown: bool) -> str:
    """``loc`` in dotted form, less the tags pydantic puts in for the branches of a union.

    ``unknown``: the last part is a key of the file's own, whatever it looks like.
    """
    text = ""
    for place, part in enumerate(loc, start=1):
        if isinstance(part, int):
            text += f"[{part}]"
        elif (unknown and place == len(loc)) or not (part.startswith("function-") or "[" in part):
            text += f".{shown(part)}" if text else shown(part)
    return text


def _plain_words(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is not a field of this document (your own keys belong under 'x')"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ").replace("Input should be", "must be")
