"""Writing proposals beside pictures, and never over what a person drew.

Looking is done by ``look``; here motions are written, and outcomes told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from companions import files, seen
from companions.errors import FileUnwritable, MotionfleetError
from companions.geometry import Size
from companions.lock import PATIENCE_S, locked
from companions.motion import MotionCompanion, MotionOrigin
from companions.names import MOTION_SUFFIX, companion_path
from selector.core.folder import seen_motion, standing_motion
from selector.core.look import Wanted, accepted, look_at
from selector.core.placement import Placement
from selector.core.safety import STANDARD, Profile
from selector.core.shelf import make_below


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
    picture: Path,
    *,
    brief: Brief,
    now: datetime,
    placement: Placement | None = None,
    patience_s: float = PATIENCE_S,
) -> Proposed:
    """Propose a motion for ``picture`` and write it beside it, unless it has one to keep.

    With ``placement`` it is written where that says.  A new proposal keeps the wishes and the
    users' own keys of the one it replaces.

    A picture or motion that cannot be used, is held by another program for ``patience_s``, or
    changes meanwhile is an outcome, not an exception; the motion stays as it is.

    Raises:
        FileUnwritable: the folder or disk refuses, which no other picture would mend.
    """
    try:
        place = picture if placement is None else placement.stand_in(picture)
        standing, as_seen = seen_motion(place)
        if (kept := _kept(picture, standing, brief=brief)) is not None:
            return kept
        wanted = Wanted(brief.output, duration_s=brief.duration_s, profile=brief.profile)
        look = look_at(picture, wanted=wanted)
        motion = accepted(look, output=brief.output, now=now)
        if standing is not None:
            motion = motion.model_copy(update={"wishes": standing.wishes, "x": standing.x})
        if placement is not None and placement.overlay is not None:
            with files.reporting_unwritable(place):
                make_below(placement.home, place.parent)
        # Looking took a while, without the lock, and a person may have drawn a motion meanwhile.
        with locked(place, patience_s=patience_s):
            if (kept := _kept(picture, standing_motion(place), brief=brief)) is not None:
                return kept
            seen.replace(companion_path(place, MOTION_SUFFIX), motion, seen=as_seen)
    except FileUnwritable:
        raise
    except MotionfleetError as error:
        return Proposed(picture=picture, outcome=Outcome.REFUSED, error=error)
    outcome = Outcome.PROPOSED if standing is None else Outcome.REPLACED
    return Proposed(picture=picture, outcome=outcome, motion=motion)


def _kept(picture: Path, standing: MotionCompanion | None, *, brief: Brief) -> Proposed | None:
    if standing is None:
        return None
    if standing.provenance.origin is MotionOrigin.EDITED:
        return Proposed(picture=picture, outcome=Outcome.KEPT_EDITED, motion=standing)
    if not brief.force:
        return Proposed(picture=picture, outcome=Outcome.KEPT, motion=standing)
    return None
