"""What every document of the contract shares: closed, frozen, strict, versioned.

A field the model does not know is an error and not a surprise for later; users keep keys of
their own under ``x``, which round-trips untouched and never changes a fingerprint.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


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


class Document(Closed):
    """A file of the contract: it names its kind and version and leaves room for users' keys."""

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
    AfterValidator(_utc),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment in UTC to the millisecond, ISO 8601 with ``Z``."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in 64 lower-case hexadecimal digits."""

NamePart = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[\w .:+@-]+$")]
"""A short name without control characters or path separators."""
