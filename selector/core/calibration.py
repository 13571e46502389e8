"""The viability threshold that agrees best with what operators decided.

Pure: from the scores that stand beside decisions in journals, and whether each picture was picked.
A picture counts as viable from the threshold on; precision is the share of viable pictures that
were picked, recall the share of picked pictures that are viable.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from selector.core.decisions import Considered

FEWEST: Final = 20
"""Decided pictures with a score below which a threshold would be made of chance."""
STEPS: Final = 20
"""The table goes from 0 to 1 in so many steps."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one threshold agrees with what was decided; shares are 0 to 1.

    Attributes:
        threshold: pictures with this score or more count as viable.
        viable: how many do.
        precision: share of the viable that were picked; 1 where none is viable.
        recall: share of the picked that are viable.
        accept_rate: share of all pictures that are viable.
        f1: harmonic mean of precision and recall; 0 where nothing viable was picked.
    """

    threshold: float
    viable: int
    precision: float
    recall: float
    accept_rate: float
    f1: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found.

    Attributes:
        best: the threshold with the largest F1, the lowest of equals.
        table: how thresholds from 0 to 1 agree, in steps of 0.05.
        pictures: how many decided pictures had a score.
        picked: how many of these were picked.
        unscored: decided pictures that had not been looked at, and say nothing.
    """

    best: Agreement
    table: tuple[Agreement, ...]
    pictures: int
    picked: int
    unscored: int


def calibrate(considered: Iterable[Considered]) -> Calibration | None:
    """The threshold that fits ``considered``; None if they are too few, or all decided one way."""
    every = list(considered)
    scored = sorted((each.score, each.picked) for each in every if each.score is not None)
    picked = sum(was_picked for _, was_picked in scored)
    if len(scored) < FEWEST or not 0 < picked < len(scored):
        return None
    scores = [score for score, _ in scored]
    # picked_before[i]: how many of the i lowest were picked.
    picked_before = [0, *accumulate(int(was_picked) for _, was_picked in scored)]
    known = _Known(scores, picked_before)
    candidates = [known.at(score) for score in sorted(set(scores))]
    best = max(candidates, key=lambda each: (round(each.f1, 12), -each.threshold))
    return Calibration(
        best=best,
        table=tuple(known.at(step / STEPS) for step in range(STEPS + 1)),
        pictures=len(scored),
        picked=picked,
        unscored=len(every) - len(scored),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    scores: Sequence[float]
    picked_before: Sequence[int]

    def at(self, threshold: float) -> Agreement:
        below = bisect_left(self.scores, threshold)
        viable = len(self.scores) - below
        picked = self.picked_before[-1]
        right = picked - self.picked_before[below]
        return Agreement(
            threshold=threshold,
            viable=viable,
            precision=right / viable if viable else 1.0,
            recall=right / picked,
            accept_rate=viable / len(self.scores),
            f1=2.0 * right / (viable + picked),
        )
