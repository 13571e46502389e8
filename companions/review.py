"""The ``X.review.json`` contract: what a person said of a finished clip.

Written by the selector when a clip is reviewed; read by reports, for the share of clips accepted,
and when shots are submitted again.  It names the clip by its bytes: a review never passes over to
another attempt at the same picture.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from companions.base import Closed, Document, Instant, NamePart, Sha256
from companions.motion import Move
from companions.names import REVIEW_SUFFIX
from companions.video_meta import Label
from companions.wishes import PromptText, Seed


class Decision(StrEnum):
    """What follows from a review."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ReviewReason(StrEnum):
    """Why a clip is rejected, in the words reports count."""

    WRONG_MOTION = "wrong_motion"
    TOO_FAST = "too_fast"
    TOO_SLOW = "too_slow"
    FRAMING = "framing"
    WARPED = "warped"
    FACE_OR_HANDS = "face_or_hands"
    TEXT_BROKEN = "text_broken"
    FLICKER = "flicker"
    BLURRED = "blurred"
    COLOUR = "colour"
    OTHER = "other"


class Redo(Closed):
    """How another attempt should differ; what is not given stays as it was."""

    motion: Move | None = None
    """Another camera move."""
    prompt: PromptText | None = None
    """Another prompt, up to 20000 characters."""
    negative_prompt: PromptText | None = None
    """Another negative prompt, up to 20000 characters."""
    seed: Seed | None = None
    """Another seed of the generator's noise, 0 to 2^63 - 1."""


_WHOLE_DECISION: Final[dict[str, JsonValue]] = {
    "anyOf": [
        {
            "properties": {"decision": {"const": "rejected"}, "reasons": {"minItems": 1}},
            "required": ["reasons"],
        },
        {
            "properties": {
                "decision": {"const": "accepted"},
                "reasons": {"maxItems": 0},
                "redo": {"type": "null"},
            }
        },
    ]
}
"""For the schema: what each decision needs and forbids."""


class Review(Document):
    """What one person said of one clip."""

    model_config = ConfigDict(json_schema_extra=_WHOLE_DECISION)

    SUFFIX: ClassVar[str] = REVIEW_SUFFIX

    kind: Literal["review"] = "review"
    """Says what this document is."""
    shot_id: Label
    """The shot's id, as its meta has it."""
    shot_fingerprint: Sha256
    """The shot's fingerprint, as its meta has it."""
    image_sha256: Sha256
    """SHA-256 of the picture file's bytes."""
    clip_sha256: Sha256
    """SHA-256 of the clip that was looked at."""
    decision: Decision
    """Whether the clip may be used."""
    reasons: Annotated[
        tuple[ReviewReason, ...],
        Field(max_length=len(ReviewReason), json_schema_extra={"uniqueItems": True}),
    ] = ()
    """Why it is rejected: at least one then, none twice, the gravest first."""
    note: Annotated[str, Field(max_length=4000)] = ""
    """In the reviewer's own words, up to 4000 characters."""
    reviewer: NamePart
    """Who looked at it."""
    reviewed_at: Instant
    """When, in UTC."""
    redo: Redo | None = None
    """How to try again, for a rejected clip; null: not at all."""

    @model_validator(mode="after")
    def _a_decision_is_whole(self) -> Self:
        if len(set(self.reasons)) < len(self.reasons):
            raise ValueError("reasons: name one thing twice")
        if self.decision is Decision.REJECTED and not self.reasons:
            raise ValueError("reasons: decision rejected needs a reason")
        if self.decision is Decision.ACCEPTED and (self.reasons or self.redo is not None):
            raise ValueError("decision: accepted has no reasons against it and no redo")
        return self
