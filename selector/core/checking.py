"""Checking motions that exist: are they still safe, and is their picture still the same?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from companions import codec, files
from companions.errors import (
    CompanionError,
    DocumentInvalid,
    PictureProblem,
    PictureRefused,
    Problem,
)
from companions.motion import MotionCompanion, Safety, SafetyVerdict
from selector.core.drafting import output_size, picture_size
from selector.core.folder import picture_of
from selector.core.safety import PROFILES, STANDARD, Profile, judge


@dataclass(frozen=True, slots=True)
class Checked:
    """One motion: what its move measures, and what is wrong with its files."""

    motion: Path
    companion: MotionCompanion | None = None
    """None where the document cannot be read; then ``unreadable`` says why."""
    picture: Path | None = None
    sha256: str = ""
    """Hash of the picture as it is now; empty where there is none."""
    safety: Safety | None = None
    stale: PictureRefused | None = None
    """The picture is gone, or no longer the one the motion was drawn on."""
    unreadable: CompanionError | None = None

    @property
    def fault(self) -> CompanionError | PictureRefused | None:
        """What is wrong with the files, if anything."""
        return self.unreadable or self.stale

    @property
    def verdict(self) -> SafetyVerdict:
        """The worst of all: a motion without its picture is blocked, whatever its move."""
        if self.stale is not None or self.safety is None:
            return SafetyVerdict.BLOCK
        return self.safety.verdict


def check_motion(
    path: Path, *, profile: Profile | None = None, picture: Path | None = None
) -> Checked:
    """Check the motion at ``path`` against ``profile``, or the one it was written under.

    ``picture`` is looked for beside it, where none is given.  Nothing is raised for a bad document
    or picture: both are what a check is for.
    """
    try:
        companion = codec.read(path, MotionCompanion)
        safety = judge_companion(companion, file=path, profile=profile)
    except CompanionError as error:
        return Checked(motion=path, unreadable=error)
    if picture is None:
        picture = picture_of(path, companion)
    sha256, stale = _picture_now(picture, companion=companion, motion=path)
    return Checked(
        motion=path,
        companion=companion,
        picture=picture,
        sha256=sha256,
        safety=safety,
        stale=stale,
    )


def judge_companion(
    companion: MotionCompanion, *, file: Path, profile: Profile | None = None
) -> Safety:
    """The verdict on a motion's move now, whatever its file says; by its own profile if None.

    Raises:
        DocumentInvalid: its clip is so unlike its picture in shape that no window of it is a
            rectangle.
    """
    if profile is None:
        written = companion.safety.profile if companion.safety is not None else STANDARD.name
        profile = PROFILES.get(written, STANDARD)
    picture, output = picture_size(companion), output_size(companion)
    try:
        return judge(companion.move(), picture=picture, output=output, profile=profile)
    except ValueError:
        what = (
            f"a clip of {output.width} x {output.height} has no window in a picture of "
            f"{picture.width} x {picture.height}"
        )
        raise DocumentInvalid(
            file=str(file),
            problems=[Problem("output", what)],
            remedy="Give it another clip size in the selector.",
        ) from None


def _picture_now(
    picture: Path | None, *, companion: MotionCompanion, motion: Path
) -> tuple[str, PictureRefused | None]:
    if picture is None:
        return "", PictureRefused(
            file=str(motion.with_name(companion.image.name)),
            problem=PictureProblem.MISSING,
            what="there is no such picture beside its motion",
            remedy="Put it back, or remove its .motion.json.",
        )
    try:
        sha256 = files.sha256_of(picture)
    except OSError as error:
        return "", PictureRefused(
            file=str(picture),
            problem=PictureProblem.UNREADABLE,
            what=f"cannot be read ({error.strerror or error})",
            remedy="Check the file and its rights.",
        )
    if sha256 == companion.image.sha256:
        return sha256, None
    return sha256, PictureRefused(
        file=str(picture),
        problem=PictureProblem.CHANGED,
        what="has changed since its motion was drawn",
        remedy="Draw the motion again (selector propose --force replaces a proposal), or put the "
        "earlier picture back.",
    )
