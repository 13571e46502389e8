"""What every document of the contract shares: closed, frozen, strict, versioned.

A field the model does not know is an error and not a surprise for later; users keep keys of
their own under ``x``, which round-trips untouched and never changes a fingerprint.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

IDENTITY: Final = "identity"
"""Context in which a document is serialised to be fingerprinted, and not to be read."""


class Closed(BaseModel):
    """A frozen model that refuses unknown fields, coercion, NaN and infinity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


def told_apart(field: str, *kinds: type[Closed]) -> Discriminator:
    """How a union of ``kinds`` finds the right one: by the word in ``field``.

    Each member of the union carries ``Tag("[" + its class name + "]")``; what is in brackets
    ``codec`` leaves out of a problem's place, since it stands in no file.
    """
    tags = {
        word: f"[{kind.__name__}]"
        for kind in kinds
        for word in get_args(kind.model_fields[field].annotation)
    }

    def tag(value: object) -> str | None:
        word = value.get(field) if isinstance(value, dict) else getattr(value, field, None)
        return tags.get(word) if isinstance(word, str) else None

    return Discriminator(
        tag,
        custom_error_type="unknown_kind",
        custom_error_message=f"{field} must be one of {', '.join(map(repr, tags))}",
    )


class Document(Closed):
    """A file of the contract: it names its kind and version and leaves room for users' keys."""

    SUFFIX: ClassVar[str] = ""
    """What the names of such files end in."""
    SPARSE: ClassVar[bool] = False
    """Whether a field that was not given stays absent from the file, because absence means
    "as the document's defaults say" and writing a value out would change the meaning."""

    schema_version: Literal[1] = 1
    """Version of this document's contract. A published version never changes."""
    x: dict[str, JsonValue] = Field(default_factory=dict)
    """Your own keys; motionfleet keeps them as they are and never reads them."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # Defaults are for Python callers only: a file must state what it is (see codec.decode).
        schema = handler.resolve_ref_schema(handler(core_schema))
        stated = ["kind", "schema_version"]
        schema["required"] = stated + [k for k in schema.get("required", []) if k not in stated]
        return schema


_MOMENT: Final = (
    r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339 as every reader of it agrees: capital T and Z, seconds always, no leap second."""
_IS_MOMENT: Final = re.compile(_MOMENT)


def portable(pattern: str) -> str:
    """``pattern``, which ends in ``$``, for the validators of any language.

    In some of them ``$`` also matches before a last line break.
    """
    return pattern + r"(?!\n)"


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    # Not pydantic's parser: it takes more spellings (a blank for the T, no seconds) than others do.
    if not _IS_MOMENT.fullmatch(value):
        raise ValueError("time is written like 2026-01-31T08:30:00Z, in UTC or with its offset")
    return datetime.fromisoformat(value)


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("time has no zone; write UTC with a trailing Z")
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("time lies outside the years 1 to 9999 in UTC") from None
    # What is kept is what is written: a finer moment would not be equal to itself after reading.
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def instant_text(value: datetime) -> str:
    """``value`` as the contract spells it: UTC, ISO 8601, trailing Z."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    BeforeValidator(_parsed),
    AfterValidator(_utc),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": portable(_MOMENT)}),
]
"""A moment in UTC to the millisecond, ISO 8601 with ``Z``."""

_SHA256: Final = r"^[0-9a-f]{64}$"

Sha256 = Annotated[str, Field(pattern=_SHA256, json_schema_extra={"pattern": portable(_SHA256)})]
"""A SHA-256 in 64 lower-case hexadecimal digits."""

# Said by what is left out, since ``\w`` means ASCII to some readers and all letters to others.
_UNPRINTABLE: Final = (
    r"\u0000-\u001f\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_OTHER_SIGNS: Final = r"!-*,/;-?\[-^`{-~"
_NAME: Final = f"^[^{_UNPRINTABLE}{_OTHER_SIGNS}]+$"
_IS_NAME: Final = re.compile(_NAME)


def _plain_name(value: str) -> str:
    if not _IS_NAME.fullmatch(value):
        raise ValueError("a name is letters, digits, blanks and _ - . : + @ only")
    return value


NamePart = Annotated[
    str,
    Field(min_length=1, max_length=120, json_schema_extra={"pattern": portable(_NAME)}),
    AfterValidator(_plain_name),
]
"""A short name: letters and digits of any script, blanks, and ``_ - . : + @``; 1 to 120 signs."""
