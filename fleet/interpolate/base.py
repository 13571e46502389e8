"""What an interpolator is: it makes the frames between two frames.

Which instants are wanted is decided by ``companions.timing.FramePlan``; which pairs must not be
interpolated across (cuts) by ``resample``; a backend only sees one pair at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from companions.picture import Pixels


class Interpolator(Protocol):
    """Makes frames between two frames of equal size.  Holds its model between shots."""

    @property
    def name(self) -> str:
        """Name as in the manifest."""
        ...

    @property
    def memory_bytes(self) -> int:
        """Memory that its loaded model holds; 0 for one without a model."""
        ...

    @property
    def weights_sha256(self) -> Mapping[str, str]:
        """SHA-256 of each weight file, by its name; empty for one without a model."""
        ...

    @property
    def side_by_side(self) -> bool:
        """Whether ``between`` may be at work in several threads at once; one that has a device,
        or all cores, for itself takes a pair at a time.
        """
        ...

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        """One frame for each fraction (0 < f < 1) of the time from ``before`` to ``after``."""
        ...
