"""Lines of the conversation: a frozen, closed message as one line of JSON, and back.

Both sides treat the other's lines as hostile: what is too long, is no JSON, or breaks a model is
refused in words, never acted upon.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from companions import codec
from companions.base import Closed, Sha256
from companions.names import RelativePath

PROTOCOL: Final = 1
"""Version of the conversation; both sides must have the same."""
MAX_LINE_BYTES: Final = 512 * 1024 * 1024
"""The longest line: an offer that carries the largest manifest there may be."""

Label = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
"""Names one desk folder on every host: ``stills-3fa94c21``."""
SetId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""Names one set: the first 16 digits of its manifest's SHA-256."""
Size = Annotated[int, Field(ge=0, le=2**53)]
"""A number of bytes."""

__all__ = ["Label", "NotUnderstood", "RelativePath", "Sha256", "SetId", "Size", "decode", "encode"]


class NotUnderstood(ValueError):
    """A line that is no message; says why."""


def encode(message: Closed) -> bytes:
    """``message`` as one line, newline included."""
    return message.model_dump_json(exclude_defaults=False).encode() + b"\n"


def decode(line: bytes, kinds: TypeAdapter[Closed]) -> Closed:
    """The message in ``line``, one of ``kinds``.

    Raises:
        NotUnderstood: it is none of them.
    """
    try:
        return kinds.validate_json(line)
    except ValidationError as error:
        problems = "; ".join(str(problem) for problem in codec.problems_of(error)[:3])
        raise NotUnderstood(problems) from None
