"""From the generator's frames to exactly the clip's frames.

The plan says where each clip frame falls; a clip frame that coincides with a generated one is
that frame, byte for byte; between two frames of one scene the interpolator is asked; across a
scene cut nothing is invented, the nearer frame is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from companions.picture import Pixels
from companions.timing import FramePlan
from fleet.errors import BackendFailed
from fleet.interpolate.base import Interpolator
from fleet.interpolate.cuts import cut_evidence


@dataclass(slots=True)
class Resampling:
    """What ``resample`` did, filled in while it runs and complete when its iterator ends.

    Attributes:
        taken: generated frames read.
        passed: clip frames that are generated frames, untouched.
        interpolated: clip frames that the interpolator made.
        held: clip frames repeated from the nearer generated frame, because of a cut.
        cuts: indices of the generated frames that begin a new scene; only pairs that had to be
            interpolated are examined.
    """

    taken: int = 0
    passed: int = 0
    interpolated: int = 0
    held: int = 0
    cuts: list[int] = field(default_factory=list)


def resample(
    frames: Iterator[Pixels],
    plan: FramePlan,
    interpolator: Interpolator,
    *,
    source: str = "the generator",
    report: Resampling | None = None,
) -> Iterator[Pixels]:
    """Yield exactly ``plan.clip`` frames, in order; two generated frames are held at a time.

    ``source`` names the maker of ``frames`` in messages; ``report`` is filled in.

    Raises:
        BackendFailed: ``frames`` has fewer or more frames than planned.
    """
    done = report if report is not None else Resampling()
    pairs = _Pairs(frames, planned=plan.generated, source=source, report=done)
    positions = (plan.position(index) for index in range(plan.clip))
    for j, group in groupby(positions, key=lambda position: position[0]):
        fractions = [fraction for _, fraction in group]
        while pairs.index < j:
            pairs.advance()
        for _ in range(fractions.count(0.0)):
            done.passed += 1
            yield pairs.current
        wanted = [fraction for fraction in fractions if fraction > 0.0]
        if wanted:
            yield from _between(pairs, wanted, interpolator, done)
    pairs.finish()


def _between(
    pairs: _Pairs, fractions: list[float], interpolator: Interpolator, done: Resampling
) -> Iterator[Pixels]:
    before, after = pairs.current, pairs.following()
    if cut_evidence(before, after).is_cut:
        done.cuts.append(pairs.index + 1)
        done.held += len(fractions)
        yield from (before if fraction < 0.5 else after for fraction in fractions)
        return
    made = interpolator.between(before, after, fractions)
    done.interpolated += len(fractions)
    yield from made


class _Pairs:
    """The current frame and, once asked for, the one that follows."""

    def __init__(
        self, frames: Iterator[Pixels], *, planned: int, source: str, report: Resampling
    ) -> None:
        self._frames, self._planned, self._source = frames, planned, source
        self._report = report
        self._following: Pixels | None = None
        self.index = 0
        self.current = self._take()

    def following(self) -> Pixels:
        if self._following is None:
            self._following = self._take()
        return self._following

    def advance(self) -> None:
        self.current, self._following = self.following(), None
        self.index += 1

    def finish(self) -> None:
        """Read what no clip frame needs, so that a source of the wrong length is not missed."""
        while self._report.taken < self._planned:
            self._take()
        if next(self._frames, None) is not None:
            raise BackendFailed(
                backend=self._source, what=f"it made more than the {self._planned} frames planned"
            )

    def _take(self) -> Pixels:
        frame = next(self._frames, None)
        if frame is None:
            raise BackendFailed(
                backend=self._source,
                what=f"it made {self._report.taken} of {self._planned} frames",
            )
        self._report.taken += 1
        return frame
