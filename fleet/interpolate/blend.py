"""Cross-fade: the cheapest frame between two, good where nothing moves far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from companions.picture import Pixels


class Blend:
    """Interpolator that mixes both frames in proportion to their nearness."""

    name = "blend"
    memory_bytes = 0
    weights_sha256: Mapping[str, str] = {}
    side_by_side = True

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        """One mixed frame for each fraction; moving things show twice."""
        return [mix(before, after, fraction) for fraction in fractions]


def mix(before: Pixels, after: Pixels, fraction: float) -> Pixels:
    """``before`` times (1 - fraction) plus ``after`` times fraction, rounded."""
    mixed = cv2.addWeighted(before, 1.0 - fraction, after, fraction, 0.0)
    return np.asarray(mixed, dtype=np.uint8)
