"""The real work of both pools.  Backends stay loaded between shots and manifests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    GenerateReport,
    GenerateTask,
    Stopped,
)
from fleet.stages.warm import Warm

if TYPE_CHECKING:
    from fleet.generate.base import Generator
    from fleet.interpolate.base import Interpolator


class Work:
    """``Stages`` by the backends that each recipe names."""

    def __init__(self, *, model_memory_bytes: int | None = None) -> None:
        """``model_memory_bytes`` limits what loaded models may hold; by default half the memory
        of the machine the worker runs on."""
        self._limit_bytes = model_memory_bytes
        self._generators: Warm[Generator] | None = None
        self._interpolators: Warm[Interpolator] | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """As ``Stages.models``."""
        made = self._generators.names if self._generators is not None else ()
        between = self._interpolators.names if self._interpolators is not None else ()
        return (*made, *between)

    def generate(
        self, task: GenerateTask, picture: bytes, stopped: Stopped
    ) -> Iterator[Chunk | GenerateReport]:
        """As ``Stages.generate``."""
        # Here and not above: pickling this object to a worker must not need OpenCV at the desk.
        from fleet.generate import registry
        from fleet.stages.generate import generate

        if self._generators is None:
            self._generators = Warm(registry.generator, limit_bytes=self._limit())
        generator = self._generators.get(task.recipe.generation_params.model)
        return generate(task, picture, generator, stopped)

    def finish(
        self, task: FinishTask, picture: bytes, chunks: Iterable[Chunk], stopped: Stopped
    ) -> Iterator[int | FinishReport | bytes]:
        """As ``Stages.finish``."""
        from fleet.interpolate import registry
        from fleet.stages.finish import finish

        if self._interpolators is None:
            self._interpolators = Warm(registry.interpolator, limit_bytes=self._limit())
        interpolator = self._interpolators.get(task.recipe.interpolation.interpolator)
        return finish(task, picture, chunks, interpolator, stopped)

    def _limit(self) -> int:
        if self._limit_bytes is not None:
            return self._limit_bytes
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
