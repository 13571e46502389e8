"""Writing proposals beside pictures, and never over what a person drew.

Looking is done by ``proposal``; here pictures are read, motions written, and outcomes told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from companions import seen
from companions.errors import FileUnwritable, MotionfleetError
from companions.geometry import Size
from companions.lock import PATIENCE_S, locked
from companions.motion import (
    MotionCompanion,
    MotionOrigin,
    OutputSize,
    PictureIdentity,
    Provenance,
)
from companions.names import MOTION_SUFFIX, companion_path
from companions.picture import read_picture_bytes
from selector.core.folder import seen_motion, standing_motion
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
    REFUSED = "refused"  #: picture, name or motion cannot be used, or someone is at work on it


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


def propose_for(
    picture: Path, *, brief: Brief, now: datetime, patience_s: float = PATIENCE_S
) -> Proposed:
    """Propose a motion for ``picture`` and write it beside it, unless it has one to keep.

    A picture or motion that cannot be used, is held by another program for ``patience_s``, or
    changes meanwhile is an outcome, not an exception; the motion stays as it is.

    Raises:
        FileUnwritable: the folder or disk refuses, which no other picture would mend.
    """
    try:
        standing, as_seen = seen_motion(picture)
        if (kept := _kept(picture, standing, brief=brief)) is not None:
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
        identity = PictureIdentity(
            name=picture.name,
            width=reduced.size.width,
            height=reduced.size.height,
            sha256=hashlib.sha256(data).hexdigest(),
        )
        motion = companion_of(found, image=identity, output=brief.output, now=now)
        # Looking took a while, without the lock, and a person may have drawn a motion meanwhile.
        with locked(picture, patience_s=patience_s):
            if (kept := _kept(picture, standing_motion(picture), brief=brief)) is not None:
                return kept
            seen.replace(companion_path(picture, MOTION_SUFFIX), motion, seen=as_seen)
    except FileUnwritable:
        raise
    except MotionfleetError as error:
        return Proposed(picture=picture, outcome=Outcome.REFUSED, error=error)
    outcome = Outcome.PROPOSED if standing is None else Outcome.REPLACED
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


def _kept(picture: Path, standing: MotionCompanion | None, *, brief: Brief) -> Proposed | None:
    if standing is None:
        return None
    if standing.provenance.origin is MotionOrigin.EDITED:
        return Proposed(picture=picture, outcome=Outcome.KEPT_EDITED, motion=standing)
    if not brief.force:
        return Proposed(picture=picture, outcome=Outcome.KEPT, motion=standing)
    return None
