"""How long a stage will take, from how long it took: by model, and by the pixels it has to make.

A line through what was measured, seconds over megapixel-frames, by medians throughout: one shot
that waited for a slow disk moves nothing.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fleet.errors import TimesUnknown
from fleet.jobs.model import Stage

ENOUGH: Final = 8
"""Measurements from which a fixed cost per shot is told apart from the cost per frame."""
SPREAD: Final = 1.5
"""And the largest of them has to be this many times the smallest, or the slope is noise."""
NEWEST: Final = 64
"""Measurements that are looked at, for each model: the newest."""
PUBLISH_S: Final = 0.05
"""Publishing, where it was never measured: two small files and two durable commits."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One attempt that succeeded.

    Attributes:
        stage: what was done.
        model: generator or interpolator, by name; empty for publishing.
        work: megapixel-frames: frames times pixels of a frame, over a million.
        seconds: how long it took.
        loaded: whether its worker had to load the model first.
    """

    stage: Stage
    model: str
    work: float
    seconds: float
    loaded: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    fixed_s: float
    per_work_s: float
    samples: int

    def at(self, work: float) -> float:
        return self.fixed_s + self.per_work_s * work


class Times:
    """Seconds of a stage, measured or declared."""

    def __init__(
        self,
        samples: Iterable[Sample] = (),
        *,
        declared_s: Mapping[Stage, float] | None = None,
        declared_load_s: float | None = None,
    ) -> None:
        """Learn from ``samples``, newest first; what is declared counts instead of them.

        ``declared_load_s`` is the time to load a generator.
        """
        self._declared_s = dict(declared_s or {})
        self._declared_load_s = declared_load_s
        taken: dict[tuple[Stage, str], list[Sample]] = {}
        loading: list[Sample] = []
        for sample in samples:
            if sample.loaded:
                loading.append(sample)
                continue
            known = taken.setdefault((sample.stage, sample.model), [])
            if len(known) < NEWEST:
                known.append(sample)
        for sample in loading:  # the only measurements of a model are better than none
            if (sample.stage, sample.model) not in taken:
                taken[sample.stage, sample.model] = [sample]
        self._lines = {key: _line(known) for key, known in taken.items()}
        self._loads_s: dict[Stage, list[float]] = {}
        for sample in loading:
            rest_s = sample.seconds - self._lines[sample.stage, sample.model].at(sample.work)
            self._loads_s.setdefault(sample.stage, []).append(max(0.0, rest_s))

    def seconds(self, stage: Stage, model: str, work: float) -> float:
        """How long ``stage`` will take with ``model`` for so many megapixel-frames.

        Publishing that was neither is assumed to be quick.

        Raises:
            TimesUnknown: it was neither declared nor ever measured here.
        """
        if stage in self._declared_s:
            return self._declared_s[stage]
        line = self._lines.get((stage, model))
        if line is None and stage is Stage.PUBLISH:
            return PUBLISH_S
        if line is None:
            raise TimesUnknown(stage=stage.value, what=repr(model))
        return line.at(work)

    def load_s(self, stage: Stage) -> float:
        """Seconds to load a model of ``stage``; 0 where none was measured."""
        if stage is Stage.GENERATE and self._declared_load_s is not None:
            return self._declared_load_s
        return statistics.median(self._loads_s.get(stage, [0.0]))

    def source(self, stage: Stage, model: str) -> str:
        """Where the time comes from, in words."""
        if stage in self._declared_s:
            return "declared"
        line = self._lines.get((stage, model))
        if line is not None:
            return f"measured, {line.samples} shots"
        return "assumed" if stage is Stage.PUBLISH else "unknown"


def _line(samples: list[Sample]) -> _Line:
    """Theil and Sen's line: the median of the slopes of all pairs; through 0 if there are few."""
    each = [(sample.work, sample.seconds) for sample in samples]
    least, most = min(each)[0], max(each)[0]
    if len(each) >= ENOUGH and most > least and most >= SPREAD * least:
        slopes = [
            (b_s - a_s) / (b - a)
            for (a, a_s), (b, b_s) in itertools.combinations(each, 2)
            if a != b
        ]
        slope = max(0.0, statistics.median(slopes))
        fixed_s = statistics.median(seconds - slope * work for work, seconds in each)
        if fixed_s >= 0.0:
            return _Line(fixed_s, slope, len(each))
    if least <= 0.0:
        return _Line(statistics.median(seconds for _, seconds in each), 0.0, len(each))
    return _Line(0.0, statistics.median(seconds / work for work, seconds in each), len(each))
