"""Following some shots through the ledger's events: each event once, in order, to the last."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Final

from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.rows import EventRow

AT_ONCE: Final = 500
"""Events of one batch at most."""

_OPEN: Final = (
    "SELECT id FROM shots WHERE verdict IS NULL AND id IN (SELECT value FROM json_each(?))"
)


class Following:
    """What happens to some shots after an event; ``batches`` is called again and again.

    Attributes:
        seen: number of the last event that was looked at.
        over: whether every shot has ended, and all that happened to them was given.
    """

    def __init__(self, database: Database, shots: Collection[str], *, after: int) -> None:
        self._database = database
        self._shots = frozenset(shots)
        self._open: set[str] = set()
        self.seen = after
        self.over = False

    def batches(self) -> Iterator[list[EventRow]]:
        """What has happened since the last call, which costs nothing where that is nothing."""
        for _ in range(2):  # the second finds at once that the last has ended
            if self.over or not (self._database.changed() or not self._open):
                return
            # All shots are looked up only where none seems to be open: there may be many.  And
            # first that, then what happened: so nothing stays untold at the end.
            if not self._open:
                rows = self._database.rows(_OPEN, (json.dumps(list(self._shots)),))
                self._open = {row["id"] for row in rows}
            over = not self._open
            while found := reading.events(self._database, after=self.seen, limit=AT_ONCE):
                self.seen = found[-1].seq
                ours = [each for each in found if each.shot_id in self._shots]
                self._open -= {each.shot_id for each in ours if each.kind == "ended"}
                if ours:
                    yield ours
            self.over = over
