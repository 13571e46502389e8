"""What becomes of proposals: a pick makes a picture's the motion that is drawn on it.

A picture that was not looked at yet has its proposal accepted when it was.
"""

from __future__ import annotations

from datetime import UTC, datetime

from companions.motion import MotionCompanion
from selector.core.look import accepted
from selector.view.looking import Looking
from selector.view.writing import Writing


class Proposals:
    """The proposals of one opened folder.

    Attributes:
        awaited: picked pictures that are to be looked at first.
    """

    def __init__(self, writing: Writing, looking: Looking) -> None:
        self._writing, self._looking = writing, looking
        self.awaited: set[str] = set()
        self._given: dict[str, MotionCompanion] = {}

    def drawn(self, name: str) -> MotionCompanion | None:
        """A picture's motion, or the one its proposal would become, once it was looked at."""
        motion = self._writing.standing(name).motion
        if motion is not None or (look := self._looking.look(name)) is None:
            return motion
        return accepted(look, output=self._looking.wanted.output, now=datetime.now(UTC))

    def accept(self, name: str, *, again: MotionCompanion | None = None) -> bool:
        """Give a picture without a motion its proposal; whether it was looked at, so that it could.

        ``again`` is what it was given before this was taken back.
        """
        if self._writing.standing(name).motion is not None:
            return True
        motion = again or self.drawn(name)
        if motion is None:
            self.awaited.add(name)
            return False
        self._given[name] = motion
        self._writing.write_motion(name, motion)
        return True

    def given(self, name: str) -> MotionCompanion | None:
        """The proposal that picture was given, if it was."""
        return self._given.get(name)

    def take_back(self, name: str) -> MotionCompanion | None:
        """Undo ``accept``, unless the motion has been changed since; what had been given."""
        self.awaited.discard(name)
        given = self._given.pop(name, None)
        if given is not None and self._writing.standing(name).motion == given:
            self._writing.write_motion(name, None)
        return given

    def take_look(self, name: str) -> str | None:
        """That picture was looked at; why it cannot have the proposal it waited for, if so."""
        if name not in self.awaited:
            return None
        self.awaited.discard(name)
        problem = self._looking.problem(name)
        if problem is None:
            self.accept(name)
        return problem
