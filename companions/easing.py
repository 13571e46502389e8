"""Easing: how a move spends its time.

A curve maps elapsed fraction to progressed fraction, both 0..1, as CSS ``cubic-bezier`` does
(https://www.w3.org/TR/css-easing-2/).  Curves that overshoot are refused: an overshooting
camera leaves the operator's rectangles, and possibly the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field

Unit = Annotated[float, Field(ge=0.0, le=1.0)]

Bezier = tuple[Unit, Unit, Unit, Unit]
"""``[x1, y1, x2, y2]``, the two inner control points of a cubic Bezier from (0, 0) to (1, 1)."""


class EasingName(StrEnum):
    """The named curves."""

    LINEAR = "linear"
    EASE_IN = "ease_in"
    EASE_OUT = "ease_out"
    EASE_IN_OUT = "ease_in_out"


Easing = EasingName | Bezier

CURVES: Mapping[EasingName, Bezier] = {
    EasingName.LINEAR: (0.0, 0.0, 1.0, 1.0),
    EasingName.EASE_IN: (0.42, 0.0, 1.0, 1.0),
    EasingName.EASE_OUT: (0.0, 0.0, 0.58, 1.0),
    EasingName.EASE_IN_OUT: (0.42, 0.0, 0.58, 1.0),
}


_MOST_STEPS: Final = 60
"""Halves alone would take 52 to the last bit of a double."""
_LAST_BIT: Final = 2.0**-52


# The desk asks for the same moments again with every movement of the pointer.
@lru_cache(maxsize=8192)
def eased(easing: Easing, u: float) -> float:
    """Progress (0..1) after the fraction ``u`` (0..1) of the time.

    Exact at both ends and monotone, because both control ordinates lie in 0..1.
    """
    if u <= 0.0:
        return 0.0
    if u >= 1.0:
        return 1.0
    x1, y1, x2, y2 = CURVES[easing] if isinstance(easing, EasingName) else easing
    if x1 == y1 and x2 == y2:
        return u
    # Newton's steps, kept between what is known to be too early and too late: the slope vanishes
    # for steep curves, where halves are taken instead.  Five or six steps do where halves alone
    # take 52, and the desk asks for thousands of moments with every movement of the pointer.
    low, high, s = 0.0, 1.0, u
    for _ in range(_MOST_STEPS):
        r = 1.0 - s
        beyond = 3.0 * r * s * (r * x1 + s * x2) + s * s * s - u
        slope = 3.0 * (r * r * x1 + 2.0 * r * s * (x2 - x1) + s * s * (1.0 - x2))
        if beyond < 0.0:
            low = s
        else:
            high = s
        nearer = s - beyond / slope if slope > 0.0 else low
        if not low < nearer < high:
            nearer = 0.5 * (low + high)
        if abs(nearer - s) <= _LAST_BIT:
            break
        s = nearer
    r = 1.0 - s
    return min(1.0, max(0.0, 3.0 * r * s * (r * y1 + s * y2) + s * s * s))
