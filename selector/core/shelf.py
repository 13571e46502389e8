"""The motions of an opened folder: read, written whole, taken back; never over another's change.

Every write holds the picture's lock and names what was there when it was last looked at, so a
motion that a person's editor or another program changed meanwhile is left as it is, and told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions import files, seen
from companions.errors import MotionfleetError
from companions.lock import locked
from companions.motion import MotionCompanion
from companions.names import MOTION_SUFFIX
from companions.seen import ABSENT, Seen, read_seen
from selector.core.placement import Placement

PATIENCE_S: Final = 0.5
"""How long a window may wait for another program that is at work on a picture."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a picture has: a motion, none, or one that cannot be read.

    Attributes:
        motion: None where there is none, or ``problem`` says why it cannot be used.
        seen: what its file was when it was looked at.
        problem: a motion that cannot be read blocks its picture and is kept as it is.
    """

    motion: MotionCompanion | None
    seen: Seen
    problem: MotionfleetError | None = None


class Shelf:
    """The motions of the pictures of one folder."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement

    def path(self, picture: Path) -> Path:
        """The motion's file."""
        return self.placement.companion(picture, MOTION_SUFFIX)

    def load(self, picture: Path) -> Standing:
        """What ``picture`` has now; an unreadable motion is an outcome, not an exception."""
        path = self.path(picture)
        if not os.path.lexists(path):
            return Standing(None, ABSENT)
        try:
            motion, as_seen = read_seen(path, MotionCompanion)
        except MotionfleetError as error:
            return Standing(None, ABSENT, error)
        return Standing(motion, as_seen)

    def save(self, picture: Path, motion: MotionCompanion | None, *, seen_as: Seen) -> Standing:
        """Write ``motion`` over the file that was ``seen_as``; None removes that file.

        Raises:
            CompanionChanged: the file is no longer as it was seen; it stays as it is.
            SetBusy: another program is at work on this picture.
            FileUnwritable: the folder or disk refuses; nothing was changed.
        """
        path = self.path(picture)
        if self.placement.overlay is not None:
            with files.reporting_unwritable(path):
                make_below(self.placement.overlay, path.parent)
        with locked(self.placement.stand_in(picture), patience_s=PATIENCE_S):
            if motion is not None:
                return Standing(motion, seen.replace(path, motion, seen=seen_as))
            seen.refuse_changed(path, seen=seen_as)
            files.remove_durably(path)
        return Standing(None, ABSENT)


def make_below(home: Path, folder: Path) -> None:
    """Make ``folder`` within ``home``, and never ``home`` itself: it may be a disk that has gone.

    Raises:
        OSError: it cannot be made, or ``home`` is not there.
    """
    if folder != home and not folder.is_dir():
        make_below(home, folder.parent)
        folder.mkdir(exist_ok=True)
