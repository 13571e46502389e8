"""What came back from the fleet: each clip with its picture, its meta and its review.

A clip goes by the name of its picture (or by its own, where the picture is not there), relative
to the opened folder.  With an overlay, metas and clips are looked for there first and beside the
pictures second; reviews are written to the overlay only.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from companions import codec, files
from companions.errors import CompanionError, MotionfleetError
from companions.names import CLIP_SUFFIX, META_SUFFIX, REVIEW_SUFFIX, is_picture, stem_of
from companions.review import Decision, Review
from companions.seen import ABSENT, Seen, read_seen
from companions.video_meta import Check, CheckVerdict, ClipFacts, Verdict, VideoMeta
from selector.core.placement import Placement

_TELLING: Final = frozenset({CheckVerdict.WARN, CheckVerdict.FAIL})


class ReviewState(StrEnum):
    """How far the review of one shot is."""

    TO_REVIEW = "to_review"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NO_CLIP = "no_clip"
    """It ended without a clip: nothing to review; its meta says why."""
    UNUSABLE = "unusable"
    """Something about its files has to be put right first."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a clip's review file holds.

    Attributes:
        review: None where there is none, or ``problem`` says why it cannot be used.
        seen: what the file was, where reviews are written, when it was looked at.
        problem: a review that cannot be read blocks its clip and is kept as it is.
    """

    review: Review | None = None
    seen: Seen = ABSENT
    problem: MotionfleetError | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """One shot that came back.

    Attributes:
        name: its picture's, relative to the opened folder; the clip's, without a picture.
        picture: the picture, if it is there.
        clip: the clip's file, if it is there.
        meta: how the shot ended; None where ``trouble`` says why it is not known.
        reviewed: what was said of it.
        trouble: why it cannot be reviewed, and what to do; empty if it can.
    """

    name: str
    picture: Path | None = None
    clip: Path | None = None
    meta: VideoMeta | None = None
    reviewed: Reviewed = Reviewed()
    trouble: str = ""

    @property
    def state(self) -> ReviewState:
        """Where it stands; a review of another attempt at the picture says nothing of this one."""
        if self.trouble:
            return ReviewState.UNUSABLE
        facts = self.facts
        if facts is None:
            return ReviewState.NO_CLIP
        if self.reviewed.problem is not None:
            return ReviewState.UNUSABLE
        review = self.review
        if review is None:
            return ReviewState.TO_REVIEW
        return ReviewState(review.decision.value)

    @property
    def review(self) -> Review | None:
        """The review of this very clip, if there is one."""
        review, facts = self.reviewed.review, self.facts
        if review is None or facts is None or review.clip_sha256 != facts.sha256:
            return None
        return review

    @property
    def facts(self) -> ClipFacts | None:
        """The clip as its meta describes it."""
        return self.meta.clip if self.meta is not None else None

    @property
    def findings(self) -> tuple[Check, ...]:
        """The quality figures that warn or fail."""
        checks = self.meta.checks if self.meta is not None else ()
        return tuple(check for check in checks if check.verdict in _TELLING)

    @property
    def is_flagged(self) -> bool:
        """Whether the fleet asks that a person look at it."""
        return self.meta is not None and self.meta.verdict is Verdict.FLAGGED

    @property
    def why(self) -> str:
        """Why there is nothing to review, in words; empty if there is."""
        if self.trouble:
            return self.trouble
        if self.state is ReviewState.NO_CLIP and self.meta is not None:
            said = " ".join(reason.message for reason in self.meta.reasons)
            return f"{self.meta.verdict.value}: {said}"
        return str(self.reviewed.problem) if self.reviewed.problem is not None else ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How many of the clips that were looked at may be used."""

    accepted: int
    rejected: int
    to_review: int

    @property
    def reviewed(self) -> int:
        """How many were decided on."""
        return self.accepted + self.rejected

    @property
    def rate(self) -> float | None:
        """Accepted ones over decided ones, 0 to 1; None before the first decision."""
        return self.accepted / self.reviewed if self.reviewed else None

    @property
    def words(self) -> str:
        """Such as ``91 % of 120 accepted``."""
        if self.rate is None:
            return "nothing reviewed yet"
        return f"{100 * self.rate:.0f} % of {self.reviewed} accepted"


def acceptance(shots: tuple[Returned, ...] | list[Returned]) -> Acceptance:
    """The acceptance rate over ``shots``."""
    states = [shot.state for shot in shots]
    return Acceptance(
        accepted=states.count(ReviewState.ACCEPTED),
        rejected=states.count(ReviewState.REJECTED),
        to_review=states.count(ReviewState.TO_REVIEW),
    )


def scan_returned(placement: Placement) -> tuple[Returned, ...]:
    """All that came back to the opened folder and the folders in it, in the order of names.

    Damaged documents, clips that are gone and clips that nobody described are outcomes, not
    exceptions.  The clips' bytes are not read here: ``examine`` does that.

    Raises:
        OSError: the folder cannot be read.
    """
    os.scandir(placement.root).close()  # a walk passes over what it cannot read in silence
    pictures: defaultdict[str, list[Path]] = defaultdict(list)
    metas: dict[str, Path] = {}
    clips: dict[str, Path] = {}
    # The overlay last, so that what lies there wins.
    for base in dict.fromkeys((placement.root, placement.home)):
        for path in _files_below(base):
            name = path.relative_to(base).as_posix()
            if name.endswith(META_SUFFIX):
                metas[name.removesuffix(META_SUFFIX)] = path
            elif name.endswith(CLIP_SUFFIX):
                clips[name.removesuffix(CLIP_SUFFIX)] = path
            elif base == placement.root and is_picture(path):
                pictures[stem_of(name)].append(path)
    stems = sorted(metas.keys() | (clips.keys() & pictures.keys()))
    return tuple(
        _returned(
            stem,
            placement=placement,
            pictures=pictures.get(stem, []),
            meta=metas.get(stem),
            clip=clips.get(stem),
        )
        for stem in stems
    )


def load_review(placement: Placement, name: str) -> Reviewed:
    """What was said of the clip of that name; an unreadable review is an outcome."""
    for base in dict.fromkeys((placement.home, placement.root)):
        path = base / _beside(name, REVIEW_SUFFIX)
        if not os.path.lexists(path):
            continue
        try:
            review, seen = read_seen(path, Review)
        except CompanionError as error:
            return Reviewed(problem=error)
        # Found beside the pictures while reviews go to an overlay: there is none there yet.
        return Reviewed(review, seen if base == placement.home else ABSENT)
    return Reviewed()


def review_path(placement: Placement, name: str) -> Path:
    """Where the review of the clip of that name is written."""
    return placement.home / _beside(name, REVIEW_SUFFIX)


def examine(shot: Returned) -> str:
    """Why ``shot``'s clip is not the one that its meta describes; empty if it is.

    Reads the whole clip: some ten milliseconds.
    """
    if shot.clip is None or shot.facts is None:
        return shot.trouble
    try:
        sha256 = files.sha256_of(shot.clip)
    except OSError as error:
        return f"{shot.clip.name} cannot be read ({error.strerror or error}). Check its rights."
    return "" if sha256 == shot.facts.sha256 else _edited(shot.clip)


def decided(shot: Returned) -> Decision | None:
    """What was decided on this very clip."""
    return shot.review.decision if shot.review is not None else None


def _returned(
    stem: str,
    *,
    placement: Placement,
    pictures: list[Path],
    meta: Path | None,
    clip: Path | None,
) -> Returned:
    document, trouble = _read_meta(meta)
    if document is not None:
        trouble = _clip_trouble(clip, document)
    elif meta is None and clip is not None:
        trouble = (
            f"{clip.name} has no meta beside it: it was not made by the fleet, or its meta has not "
            f"arrived. Fetch it again (fleet pull), or move the clip away."
        )
    picture = _picture(pictures, document)
    name = placement.name_of(picture) if picture is not None else stem + CLIP_SUFFIX
    if len(pictures) > 1 and not trouble:
        trouble = (
            f"{' and '.join(sorted(each.name for each in pictures))} would share one review. "
            f"Rename one of them."
        )
    return Returned(
        name=name,
        picture=picture,
        clip=clip,
        meta=document,
        reviewed=load_review(placement, name),
        trouble=trouble,
    )


def _read_meta(path: Path | None) -> tuple[VideoMeta | None, str]:
    if path is None:
        return None, ""
    try:
        return codec.read(path, VideoMeta), ""
    except CompanionError as error:
        return None, str(error)


def _clip_trouble(clip: Path | None, meta: VideoMeta) -> str:
    if meta.clip is None:
        return ""
    if clip is None:
        return f"{meta.clip.file} is not here, only its meta is. Fetch it again (fleet pull)."
    try:
        size_bytes = clip.stat().st_size
    except OSError as error:
        return f"{clip.name} cannot be read ({error.strerror or error}). Check its rights."
    return "" if size_bytes == meta.clip.size_bytes else _edited(clip)


def _edited(clip: Path) -> str:
    return (
        f"{clip.name} is not the clip that its meta describes: it was edited or is incomplete. "
        f"Fetch it again (fleet pull), or give the edited one another name."
    )


def _picture(pictures: list[Path], meta: VideoMeta | None) -> Path | None:
    """The picture the meta names, else the first with the clip's stem."""
    named = PurePosixPath(meta.image).name if meta is not None else ""
    return min(pictures, key=lambda each: (each.name != named, each.name), default=None)


def _files_below(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in sorted(names) if not name.startswith("."))


def _beside(name: str, suffix: str) -> str:
    return stem_of(name) + suffix
