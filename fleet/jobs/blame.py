"""Is it the shot or the node?  Pure.

A shot that fails on every node is at fault itself; a node on which one shot after the other
fails, and none succeeds, is at fault.  One shot alone never blames a node, however often it
fails there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fleet.jobs.model import Stage

BLOCK_AFTER: Final = 5
"""Different shots that fail on a node in a row, with no success between, before it is blocked."""


@dataclass(frozen=True, slots=True)
class Blame:
    """A node is at fault: why, in words, and the shots whose tries there were not their own."""

    node: str
    reason: str
    shot_ids: tuple[str, ...]


@dataclass(slots=True)
class Suspicions:
    """What speaks against each node, per stage, since it last did anything right."""

    _against: dict[tuple[str, Stage], dict[str, str]] = field(default_factory=dict)

    def succeeded(self, node: str, stage: Stage) -> None:
        """An attempt succeeded there: nothing speaks against the node any more."""
        self._against.pop((node, stage), None)

    def failed(self, node: str, stage: Stage, *, shot_id: str, message: str) -> Blame | None:
        """An attempt failed there; the node's blame, once it is beyond doubt."""
        elsewhere = [
            shots
            for (other, at), shots in self._against.items()
            if other != node and at is stage and shot_id in shots
        ]
        if elsewhere:
            # It fails wherever it goes: it speaks against no node.
            for shots in elsewhere:
                del shots[shot_id]
            self._against.get((node, stage), {}).pop(shot_id, None)
            return None
        against = self._against.setdefault((node, stage), {})
        against[shot_id] = message
        if len(against) < BLOCK_AFTER:
            return None
        del self._against[node, stage]
        return Blame(
            node=node,
            reason=f"{len(against)} different shots in a row failed at {stage.value} on it, "
            f"the last with: {message}",
            shot_ids=tuple(against),
        )

    def forgive(self, node: str) -> None:
        """Begin anew with a node: it was unblocked by hand, or joined again."""
        for key in [key for key in self._against if key[0] == node]:
            del self._against[key]
