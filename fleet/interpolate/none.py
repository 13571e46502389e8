"""No interpolation: the earlier frame stands until the next, as in stop motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from companions.picture import Pixels


class Hold:
    """Interpolator that repeats the earlier frame; the clip steps at the generator's rate."""

    name = "none"
    memory_bytes = 0
    weights_sha256: Mapping[str, str] = {}
    side_by_side = True

    def between(
        self,
        before: Pixels,
        after: Pixels,  # noqa: ARG002 -- of the Protocol; the next frame has no say here
        fractions: Sequence[float],
    ) -> list[Pixels]:
        """``before`` itself for each fraction."""
        return [before for _ in fractions]
