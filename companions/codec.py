"""Bytes to document and back: canonical JSON, fingerprints, errors that name the field.

Canonical form is UTF-8, sorted keys, no insignificant space beyond two-space indentation, no NaN,
one trailing newline, so that equal documents are equal bytes.  Reading refuses what JSON parsers
disagree on (duplicate keys, NaN) and what could exhaust this one (size, nesting).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from companions import files
from companions.base import Document
from companions.errors import CompanionError, DocumentInvalid, DocumentTooNew, Problem

MAX_DOCUMENT_BYTES: Final = 256 * 1024 * 1024
MAX_NESTING: Final = 64
KNOWN_VERSION: Final = 1

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
    """SHA-256 of the compact canonical form; equal for equal content, on every machine."""
    return hashlib.sha256(_dump(document.model_dump(mode="json"), indent=None)).hexdigest()


def decode(data: bytes, kind: type[D], *, file: str) -> D:
    """Parse ``data`` as a document of ``kind``; ``file`` names it in messages.

    Raises:
        DocumentInvalid: not JSON, not this kind, or a field breaks the contract.
        DocumentTooNew: written by a newer motionfleet.
    """
    raw = _parse(data, file=file)
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


def write(path: Path, document: Document) -> None:
    """Write ``document`` to ``path`` in canonical form, whole or not at all.

    Raises:
        FileUnwritable: the folder or disk refuses.
    """
    files.write_atomic(path, encode(document))


def problems_of(error: ValidationError) -> tuple[Problem, ...]:
    """Pydantic's findings as field paths and words."""
    return tuple(
        Problem(_field_path(item["loc"]), _plain_words(item["type"], item["msg"]))
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _is_sparse(document: BaseModel) -> bool:
    return isinstance(document, Document) and document.SPARSE


def _kind_of(kind: type[Document]) -> str:
    return str(kind.model_fields["kind"].default)


def _dump(values: Mapping[str, object], *, indent: int | None) -> bytes:
    try:
        text = json.dumps(
            values,
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            indent=indent,
            separators=(",", ": ") if indent else (",", ":"),
        )
        return text.encode("utf-8")
    except ValueError as error:  # NaN under ``x``, or a lone surrogate
        raise CompanionError(f"the document cannot be written as JSON: {error}") from None


def _parse(data: bytes, *, file: str) -> dict[str, object]:
    def refuse(what: str) -> NoReturn:
        raise DocumentInvalid(
            file=file,
            problems=[Problem("", what)],
            remedy="Write it again with the tool that made it; nothing was changed.",
        )

    def once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) != len(pairs):
            keys = [key for key, _ in pairs]
            double = next(key for key in keys if keys.count(key) > 1)
            refuse(f"the key {double!r} stands twice in one object")
        return result

    def constant(name: str) -> NoReturn:
        refuse(f"{name} is not a JSON number")

    if not data.strip():
        refuse("the file is empty")
    if _nesting(data) > MAX_NESTING:
        refuse(f"objects are nested deeper than {MAX_NESTING}")
    try:
        raw = json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=constant)
    except UnicodeDecodeError as error:
        refuse(f"is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        refuse(f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    except ValueError as error:  # an integer of more digits than Python converts
        refuse(f"holds a number no one can read: {error}")
    if not isinstance(raw, dict):
        refuse("is not a JSON object")
    return raw


def _nesting(data: bytes) -> int:
    """Upper bound of the nesting depth; brackets inside text count too, which is harmless."""
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


def _check_kind(raw: dict[str, object], *, expected: str, file: str) -> None:
    problems = []
    kind, version = raw.get("kind"), raw.get("schema_version")
    if kind != expected:
        found = "is missing" if kind is None else f"is {kind!r}"
        problems.append(Problem("kind", f"{found}; this file must be a {expected!r}"))
    if version is None:
        problems.append(Problem("schema_version", "is missing; the current version is 1"))
    elif isinstance(version, int) and version > KNOWN_VERSION and kind == expected:
        raise DocumentTooNew(file=file, kind=expected, version=version, known=KNOWN_VERSION)
    if problems:
        raise DocumentInvalid(
            file=file,
            problems=problems,
            remedy=f"Give the file that was written as {expected!r}, or write it again.",
        )


def _field_path(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and not part.startswith("function-") and "[" not in part:
            text += f".{part}" if text else part
    return text


def _plain_words(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is not a field of this document (your own keys belong under 'x')"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ").replace("Input should be", "must be")
