"""What is known of the pictures of a desk: looks that have arrived, and what is asked for next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from selector.core.look import Look, Wanted
from selector.core.placement import Placement
from selector.media.darkroom import Darkroom

AHEAD: Final = 32
"""So many pictures are handed to the darkroom at once; the plan is made anew all the time."""


class Looking(QObject):
    """Looks at the pictures of one opened folder.

    Attributes:
        wanted: what moves are proposed for.

    Signals:
        looked(name): a look at that picture has arrived, or why there is none.
    """

    looked = Signal(str)

    def __init__(
        self,
        placement: Placement,
        darkroom: Darkroom,
        *,
        wanted: Wanted,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.wanted = wanted
        self._placement, self._darkroom = placement, darkroom
        self._looks: dict[str, Look] = {}
        self._problems: dict[str, str] = {}
        darkroom.looked.connect(self._take)
        darkroom.refused.connect(self._take_refusal)

    def look(self, name: str) -> Look | None:
        """What looking at it found, if it has been looked at."""
        return self._looks.get(name)

    def problem(self, name: str) -> str | None:
        """Why the picture cannot be used, if that was found out."""
        return self._problems.get(name)

    def is_known(self, name: str) -> bool:
        """Whether there is nothing left to find out about it."""
        return name in self._looks or name in self._problems

    @property
    def known(self) -> int:
        """Of how many pictures there is nothing left to find out."""
        return len(self._looks) + len(self._problems)

    def scores(self) -> dict[str, float]:
        """Viability by picture, as far as known."""
        return {name: look.viability.score for name, look in self._looks.items()}

    def plan(self, names: Iterable[str]) -> None:
        """Look at the first of these that are not known, in this order."""
        unknown = dict.fromkeys(islice((n for n in names if not self.is_known(n)), AHEAD))
        self._darkroom.want([self._placement.picture(n) for n in unknown], wanted=self.wanted)

    def forget(self, names: Sequence[str]) -> None:
        """Look at these anew: their files may have changed."""
        for name in names:
            self._looks.pop(name, None)
            self._problems.pop(name, None)
            self._darkroom.forget(self._placement.picture(name))

    def _take(self, picture: Path, look: Look) -> None:
        name = self._name_of(picture)
        self._looks[name] = look
        self.looked.emit(name)

    def _take_refusal(self, picture: Path, why: str) -> None:
        name = self._name_of(picture)
        self._problems[name] = why
        self.looked.emit(name)

    def _name_of(self, picture: Path) -> str:
        return self._placement.name_of(picture)
