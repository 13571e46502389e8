"""How far an attempt is that makes nothing to see for minutes: steps, pieces, and the time left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the making of one shot is, for people: ``done`` of ``steps`` denoising steps of
    piece ``piece`` (from 1) of ``pieces``."""

    done: int
    steps: int
    piece: int = 1
    pieces: int = 1

    @property
    def share(self) -> float:
        """How much of the shot that is, 0..1."""
        within = self.done / self.steps if self.steps else 0.0
        return min(1.0, (self.piece - 1 + within) / self.pieces)

    def __str__(self) -> str:
        told = f"step {self.done}/{self.steps}"
        return f"{told}, piece {self.piece}/{self.pieces}" if self.pieces > 1 else told


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of an attempt's progress, and when, on any clock in seconds."""

    progress: Progress
    at_s: float


def left_s(first: Sighting, last: Sighting) -> float | None:
    """How long an attempt will take from ``last`` on, at its pace since ``first``.

    None while nothing was seen to move.
    """
    moved = last.progress.share - first.progress.share
    if moved <= 0.0:
        return None
    return (1.0 - last.progress.share) / moved * (last.at_s - first.at_s)
