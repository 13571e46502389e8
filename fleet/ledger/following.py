"""Following some shots through the ledger's events: each event once, in order, to the last."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.rows import EventRow

AT_ONCE: Final = 500
"""Events of one batch at most."""


class Following:
    """What happens to some shots after an event; ``batches`` is called again and again.

    Attributes:
        seen: number of the last event that was looked at.
        over: whether every shot has ended, and all that happened to them was given.
    """

    def __init__(self, database: Database, shots: Collection[str], *, after: int) -> None:
        self._database = database
        self._shots = frozenset(shots)
        self.seen = after
        self.over = False

    def batches(self) -> Iterator[list[EventRow]]:
        """What has happened since the last call, which costs nothing where that is nothing."""
        if self.over or not self._database.changed():
            return
        # First whether all have ended, then what happened: so nothing stays untold at the end.
        over = reading.unfinished(self._database, list(self._shots)) == 0
        while found := reading.events(self._database, after=self.seen, limit=AT_ONCE):
            self.seen = found[-1].seq
            ours = [each for each in found if each.shot_id in self._shots]
            if ours:
                yield ours
        self.over = over
