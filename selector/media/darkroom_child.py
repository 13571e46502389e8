"""The darkroom's own process: a line in is a picture to look at, a line out is what was found.

``python -m selector.media.darkroom_child`` reads requests as JSON lines until its input ends, so
it never outlives the window that started it.  A decoder that crashes on a hostile file takes this
process down and not the window.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from pydantic import Field

from companions.base import Closed
from companions.errors import MotionfleetError
from companions.geometry import Size
from selector.core.look import Look, Wanted, look_at
from selector.core.safety import PROFILES

NICENESS: Final = 10


class Request(Closed):
    """One picture to look at."""

    picture: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    duration_s: float = Field(gt=0.0)
    profile: str

    def wanted(self) -> Wanted:
        """What moves are to be proposed for."""
        return Wanted(
            output=Size(self.width, self.height),
            duration_s=self.duration_s,
            profile=PROFILES[self.profile],
        )


class Answer(Closed):
    """What was found: a look, or why there is none."""

    picture: str
    look: Look | None = None
    why: str = ""


def answer(request: Request) -> Answer:
    """Look at the requested picture."""
    try:
        look = look_at(Path(request.picture), wanted=request.wanted())
    except MotionfleetError as error:
        return Answer(picture=request.picture, why=str(error))
    return Answer(picture=request.picture, look=look)


def main() -> None:
    """Answer until the input ends."""
    os.nice(NICENESS)
    for line in sys.stdin:
        told = answer(Request.model_validate_json(line))
        sys.stdout.write(told.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
