"""Writing proposals beside pictures, and never over what a person drew.

Looking is done by ``proposal``; here pictures are read, motions written, and outcomes told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from companions import codec
from companions.errors import MotionfleetError
from companions.geometry import Size
from companions.motion import (
    MotionCompanion,
    MotionOrigin,
    OutputSize,
    PictureIdentity,
    Provenance,
)
from companions.names import MOTION_SUFFIX, companion_path
from companions.picture import read_picture_bytes
from selector.core.folder import standing_motion
from selector.core.proposal import Proposal, propose
from selector.core.reduced import reduce_picture
from selector.core.release import TOOL, tool_version
from selector.core.safety import STANDARD, Profile


class Outcome(StrEnum):
    """What became of one picture."""

    PROPOSED = "proposed"  #: it had no motion and has one now
    REPLACED = "replaced"  #: an earlier proposal gave way to a new one
    KEPT = "kept"  #: it had a proposal, and none was forced
    KEPT_EDITED = "kept_edited"  #: a person drew its motion
    REFUSED = "refused"  #: picture, name or motion cannot be used


@dataclass(frozen=True, slots=True)
class Brief:
    """What proposals are made for."""

    output: Size
    duration_s: float
    profile: Profile = STANDARD
    force: bool = False
    """Whether earlier proposals give way; edited motions never do."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """One picture's outcome: with its motion, or with the reason why it has none."""

    picture: Path
    outcome: Outcome
    motion: MotionCompanion | None = None
    error: MotionfleetError | None = None


def propose_for(picture: Path, *, brief: Brief, now: datetime) -> Proposed:
    """Propose a motion for ``picture`` and write it beside it, unless it has one to keep.

    A picture or motion that cannot be used is an outcome, not an exception; the motion stays as
    it is.

    Raises:
        FileUnwritable: the folder or disk refuses, which no other picture would mend.
    """
    try:
        kept = _kept(picture, brief=brief)
        if kept is not None:
            return kept
        data = read_picture_bytes(picture)
        reduced = reduce_picture(data, file=str(picture))
        found = propose(
            reduced.pixels,
            picture=reduced.size,
            output=brief.output,
            duration_s=brief.duration_s,
            profile=brief.profile,
        )
        # Asked again, since a person may have drawn a motion while this was looking.
        kept = _kept(picture, brief=brief)
        if kept is not None:
            return kept
        replaces = standing_motion(picture) is not None
    except MotionfleetError as error:
        return Proposed(picture=picture, outcome=Outcome.REFUSED, error=error)
    identity = PictureIdentity(
        name=picture.name,
        width=reduced.size.width,
        height=reduced.size.height,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    motion = companion_of(found, image=identity, output=brief.output, now=now)
    codec.write(companion_path(picture, MOTION_SUFFIX), motion)
    outcome = Outcome.REPLACED if replaces else Outcome.PROPOSED
    return Proposed(picture=picture, outcome=outcome, motion=motion)


def companion_of(
    proposal: Proposal, *, image: PictureIdentity, output: Size, now: datetime
) -> MotionCompanion:
    """The document that carries ``proposal``."""
    move = proposal.move
    return MotionCompanion(
        type=move.type,
        start_rect=move.start_rect,
        end_rect=move.end_rect,
        duration_sec=move.duration_sec,
        easing=move.easing,
        image=image,
        output=OutputSize(width=output.width, height=output.height),
        safety=proposal.safety,
        viability=proposal.viability,
        provenance=Provenance(
            tool=TOOL,
            version=tool_version(),
            origin=MotionOrigin.PROPOSED,
            at=now,
            why=proposal.why,
        ),
    )


def _kept(picture: Path, *, brief: Brief) -> Proposed | None:
    standing = standing_motion(picture)
    if standing is None:
        return None
    if standing.provenance.origin is MotionOrigin.EDITED:
        return Proposed(picture=picture, outcome=Outcome.KEPT_EDITED, motion=standing)
    if not brief.force:
        return Proposed(picture=picture, outcome=Outcome.KEPT, motion=standing)
    return None
