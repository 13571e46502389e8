"""Saying what becomes of a clip: the review as a document, and its file, written whole.

A review names the clip by its bytes.  Every write holds the picture's lock and names what was
there when it was last looked at, so that two reviewers never write over each other.
"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from companions import codec, files, seen
from companions.errors import CompanionChanged, CompanionError
from companions.lock import locked
from companions.names import META_SUFFIX, stem_of
from companions.review import Decision, Redo, Review, ReviewReason
from companions.seen import ABSENT
from companions.video_manifest import Recipe
from companions.video_meta import VideoMeta
from selector.core.batch import name_part
from selector.core.placement import Placement
from selector.core.returned import Returned, Reviewed, review_path
from selector.core.shelf import PATIENCE_S, make_below

_MOST_SEEDS: Final = 2**63

REASON_KEYS: Final = tuple("1234567890-")
"""The key of each reason, in the reasons' order."""

REASON_WORDS: Final = {
    ReviewReason.WRONG_MOTION: "wrong motion",
    ReviewReason.TOO_FAST: "too fast",
    ReviewReason.TOO_SLOW: "too slow",
    ReviewReason.FRAMING: "framing",
    ReviewReason.WARPED: "warped",
    ReviewReason.FACE_OR_HANDS: "face or hands",
    ReviewReason.TEXT_BROKEN: "text broken",
    ReviewReason.FLICKER: "flicker",
    ReviewReason.BLURRED: "blurred",
    ReviewReason.COLOUR: "colour",
    ReviewReason.OTHER: "other",
}
"""The reasons for people."""

REASONS: Final = dict(zip(REASON_KEYS, ReviewReason, strict=True))
"""The reason of each key."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person says of a clip.

    Attributes:
        decision: whether it may be used.
        reasons: why not, the gravest first; none for an accepted clip.
        note: in their own words.
        redo: how to try again, for a rejected clip; None: not at all.
    """

    decision: Decision
    reasons: tuple[ReviewReason, ...] = ()
    note: str = ""
    redo: Redo | None = None

    @classmethod
    def accept(cls, *, note: str = "") -> Saying:
        """The clip may be used."""
        return cls(Decision.ACCEPTED, note=note)

    @classmethod
    def reject(
        cls, reasons: Sequence[ReviewReason], *, recipe: Recipe, note: str = "", again: bool = True
    ) -> Saying:
        """It may not; ``again``: another attempt takes the next seed."""
        redo = Redo(seed=next_seed(recipe)) if again else None
        return cls(Decision.REJECTED, tuple(dict.fromkeys(reasons)), note, redo)

    @classmethod
    def of(cls, review: Review) -> Saying:
        """What a review says."""
        return cls(review.decision, review.reasons, review.note, review.redo)


def next_seed(recipe: Recipe) -> int:
    """The seed after the recipe's."""
    return (recipe.generation_params.seed + 1) % _MOST_SEEDS


def review_of(shot: Returned, saying: Saying, *, reviewer: str, now: datetime) -> Review:
    """The document that says so of ``shot``'s clip.

    Raises:
        ValueError: the shot has no clip that could be reviewed.
    """
    meta, facts = shot.meta, shot.facts
    if meta is None or facts is None:
        raise ValueError(f"{shot.name} has no clip to review")
    return Review(
        shot_id=meta.shot_id,
        shot_fingerprint=meta.shot_fingerprint,
        image_sha256=meta.recipe.image_sha256,
        clip_sha256=facts.sha256,
        decision=saying.decision,
        reasons=saying.reasons,
        note=saying.note,
        reviewer=reviewer,
        reviewed_at=now,
        redo=saying.redo,
    )


def reviewer_name(asked: str | None = None) -> str:
    """Who reviews: ``asked``, else the name the system knows the person by."""
    if asked is not None:
        return name_part(asked, otherwise="reviewer")
    try:
        return name_part(getpass.getuser(), otherwise="reviewer")
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "reviewer"


def save_review(placement: Placement, shot: Returned, review: Review | None) -> Returned:
    """Write ``review`` over what ``shot`` was seen to have; None takes our own review back.

    Raises:
        CompanionChanged: the review, or the clip's meta, is no longer as it was seen; both stay.
        SetBusy: another program is at work on this picture.
        FileUnwritable: the folder or disk refuses; nothing was changed.
    """
    path = review_path(placement, shot.name)
    if placement.overlay is not None:
        with files.reporting_unwritable(path):
            make_below(placement.overlay, path.parent)
    with locked(path.with_name(Path(shot.name).name), patience_s=PATIENCE_S):
        if review is not None:
            _refuse_another_clip(shot)
            as_seen = seen.replace(path, review, seen=shot.reviewed.seen)
            return replace(shot, reviewed=Reviewed(review, as_seen))
        seen.refuse_changed(path, seen=shot.reviewed.seen)
        files.remove_durably(path)
    return replace(shot, reviewed=Reviewed(seen=ABSENT))


def _refuse_another_clip(shot: Returned) -> None:
    """Refuse if the fleet has published another attempt since this one was looked at."""
    if shot.clip is None or shot.facts is None:
        return
    meta = shot.clip.with_name(stem_of(shot.clip.name) + META_SUFFIX)
    try:
        now = codec.read(meta, VideoMeta)
    except CompanionError:
        raise CompanionChanged(path=meta, how="was removed or damaged") from None
    if now.clip is None or now.clip.sha256 != shot.facts.sha256:
        raise CompanionChanged(path=meta, how="came to describe another clip")
