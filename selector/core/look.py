"""One look at a picture: what it is, how promising, and which move is proposed over it.

One decode of the picture serves all of it.  Looks are made in a process of their own
(``media.darkroom``) and travel as JSON, so everything here is a document.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from companions.base import Closed
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Rect, Size
from companions.motion import (
    MotionCompanion,
    MotionOrigin,
    Move,
    OutputSize,
    PictureIdentity,
    Provenance,
    Safety,
    Viability,
)
from companions.picture import read_picture_bytes
from selector.core.candidates import has_room
from selector.core.proposal import propose
from selector.core.reduced import reduce_picture
from selector.core.release import TOOL, tool_version
from selector.core.safety import STANDARD, Profile

DEFAULT_OUTPUT: Final = Size(1280, 720)
DEFAULT_DURATION_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What moves are proposed for."""

    output: Size = DEFAULT_OUTPUT
    duration_s: float = DEFAULT_DURATION_S
    profile: Profile = STANDARD


class Look(Closed):
    """What was found in one picture."""

    image: PictureIdentity
    """Which picture it was, by name, size and hash."""
    move: Move
    """The move proposed over it."""
    safety: Safety
    """The safety check of that move."""
    viability: Viability
    """How promising the picture is."""
    faces: tuple[Rect, ...] = ()
    """Faces found, grown by 30 %, the largest first."""
    why: tuple[str, ...] = ()
    """Reasons for the proposal, for people."""


def look_at(picture: Path, *, wanted: Wanted) -> Look:
    """Look at the picture file once.

    Raises:
        PictureRefused: it is missing, damaged, no still picture, too large, or a strip in which
            no window has the clip's shape.
    """
    data = read_picture_bytes(picture)
    reduced = reduce_picture(data, file=str(picture))
    size, output = reduced.size, wanted.output
    if not has_room(picture=size, output=output):
        raise PictureRefused(
            file=str(picture),
            problem=PictureProblem.SHAPE,
            what=f"has {size.width} x {size.height} pixels, a strip in which no window has the "
            f"shape of a clip of {output.width} x {output.height}",
            remedy="Choose another size of clips, or cut the picture.",
        )
    found = propose(
        reduced.pixels,
        picture=size,
        output=output,
        duration_s=wanted.duration_s,
        profile=wanted.profile,
    )
    return Look(
        image=PictureIdentity(
            name=picture.name,
            width=size.width,
            height=size.height,
            sha256=hashlib.sha256(data).hexdigest(),
        ),
        move=found.move,
        safety=found.safety,
        viability=found.viability,
        faces=found.faces,
        why=found.why,
    )


def accepted(look: Look, *, output: Size, now: datetime) -> MotionCompanion:
    """The motion companion that carries what ``look`` proposes."""
    move = look.move
    return MotionCompanion(
        type=move.type,
        start_rect=move.start_rect,
        end_rect=move.end_rect,
        duration_sec=move.duration_sec,
        easing=move.easing,
        image=look.image,
        output=OutputSize(width=output.width, height=output.height),
        safety=look.safety,
        viability=look.viability,
        provenance=Provenance(
            tool=TOOL,
            version=tool_version(),
            origin=MotionOrigin.PROPOSED,
            at=now,
            why=look.why,
        ),
    )
