"""What is known of the pictures of a desk: looks that have arrived, and what is asked for next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from selector.core.look import Look, Wanted
from selector.core.placement import Placement
from selector.media.darkroom import Darkroom

AHEAD: Final = 256
"""So many pictures are handed to the darkroom at once; when it has told of all of them, and
whenever the operator moves, the plan is made anew."""
PARSED: Final = 64
"""So many looks are kept as objects, of 7 kB each; the others as text, of 1 kB."""


class Looking(QObject):
    """Looks at the pictures of one opened folder.

    Attributes:
        wanted: what moves are proposed for.

    Signals:
        looked(name): a look at that picture has arrived, or why there is none.
        hungry: all that was planned is known.
    """

    looked = Signal(str)
    hungry = Signal()

    def __init__(
        self,
        placement: Placement,
        darkroom: Darkroom,
        *,
        wanted: Wanted,
        parent: QObject | None = None,
    ) -> None:
        """Nothing is looked at before ``follow`` says which pictures there are."""
        super().__init__(parent)
        self.wanted = wanted
        self._names: frozenset[str] = frozenset()
        self._placement, self._darkroom = placement, darkroom
        self._looks: dict[str, bytes] = {}
        self._scores: dict[str, float] = {}
        self._parsed: OrderedDict[str, Look] = OrderedDict()
        self._problems: dict[str, str] = {}
        darkroom.looked.connect(self._take)
        darkroom.refused.connect(self._take_refusal)
        darkroom.idle.connect(self.hungry)

    def follow(self, names: frozenset[str]) -> None:
        """These are the pictures that can be looked at; what is known of others is forgotten."""
        self._names = names
        for name in {*self._looks, *self._problems} - names:
            self._drop(name)

    def look(self, name: str) -> Look | None:
        """What looking at it found, if it has been looked at."""
        if name not in self._parsed:
            if name not in self._looks:
                return None
            self._keep_parsed(name, Look.model_validate_json(self._looks[name]))
        self._parsed.move_to_end(name)
        return self._parsed[name]

    def problem(self, name: str) -> str | None:
        """Why the picture cannot be used, if that was found out."""
        return self._problems.get(name)

    @property
    def known(self) -> int:
        """Of how many pictures there is nothing left to find out."""
        return len(self._looks) + len(self._problems)

    @property
    def knows_all(self) -> bool:
        """Whether there is nothing left to find out."""
        return self.known == len(self._names)

    def scores(self) -> dict[str, float]:
        """Viability by picture, as far as known."""
        return dict(self._scores)

    def plan(self, names: Iterable[str]) -> None:
        """Look at the first of these that are not known, in this order."""
        unknown = dict.fromkeys(islice((n for n in names if self._is_open(n)), AHEAD))
        self._darkroom.want([self._placement.picture(n) for n in unknown], wanted=self.wanted)

    def forget(self, names: Sequence[str]) -> None:
        """Look at these anew: their files may have changed."""
        for name in names:
            self._drop(name)
            self._darkroom.forget(self._placement.picture(name))

    def _drop(self, name: str) -> None:
        self._looks.pop(name, None)
        self._scores.pop(name, None)
        self._parsed.pop(name, None)
        self._problems.pop(name, None)

    def _is_open(self, name: str) -> bool:
        return name in self._names and name not in self._looks and name not in self._problems

    def _take(self, picture: Path, look: Look) -> None:
        name = self._placement.name_of(picture)
        if name not in self._names:
            return  # it went while it was looked at
        self._problems.pop(name, None)
        self._looks[name] = look.model_dump_json().encode()
        self._scores[name] = look.viability.score
        self._keep_parsed(name, look)
        self.looked.emit(name)

    def _take_refusal(self, picture: Path, why: str) -> None:
        name = self._placement.name_of(picture)
        if self._is_open(name):
            self._problems[name] = why
            self.looked.emit(name)

    def _keep_parsed(self, name: str, look: Look) -> None:
        self._parsed[name] = look
        if len(self._parsed) > PARSED:
            self._parsed.popitem(last=False)
