"""The real work of both pools.  Backends stay loaded between shots: one worker keeps its model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fleet.generate.base import Generator
from fleet.interpolate.base import Interpolator
from fleet.stages.base import Chunk, FinishReport, FinishTask, GenerateReport, GenerateTask


class Work:
    """``Stages`` by the backends that each recipe names."""

    def __init__(self) -> None:
        self._generators: dict[str, Generator] = {}
        self._interpolators: dict[str, Interpolator] = {}

    def generate(self, task: GenerateTask, picture: bytes) -> Iterator[Chunk | GenerateReport]:
        """As ``Stages.generate``."""
        # Here and not above: pickling this object to a worker must not need OpenCV at the desk.
        from fleet.generate import registry
        from fleet.stages.generate import generate

        name = task.recipe.generation_params.model
        if name not in self._generators:
            self._generators = {name: registry.generator(name)}
        return generate(task, picture, self._generators[name])

    def finish(
        self, task: FinishTask, picture: bytes, chunks: Iterable[Chunk]
    ) -> Iterator[int | FinishReport | bytes]:
        """As ``Stages.finish``."""
        from fleet.interpolate import registry
        from fleet.stages.finish import finish

        name = task.recipe.interpolation.backend
        if name not in self._interpolators:
            self._interpolators = {name: registry.interpolator(name)}
        return finish(task, picture, chunks, self._interpolators[name])
