"""The default interpolator (for now the flow alone)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from companions.picture import Pixels
from fleet.interpolate.flow import Flow


class FlowRefine:
    """Interpolator along optical flow."""

    name = "flow-refine"
    memory_bytes = 0
    weights_sha256: Mapping[str, str] = {}

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        """One frame for each fraction."""
        return Flow().between(before, after, fractions)
