"""The real work of both pools.  Backends stay loaded between shots and manifests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Self

from companions.video_manifest import UpscalingParams
from fleet.generate.tuning import PLAIN, Tuning
from fleet.settings import Home, Settings
from fleet.stages.base import (
    Chunk,
    FinishReport,
    FinishTask,
    GenerateReport,
    GenerateTask,
    MasterPiece,
    PieceEnd,
    Pieces,
    Stopped,
    Tell,
    untold,
)
from fleet.stages.warm import Warm
from fleet.weights.shelf import NOWHERE, Shelf

if TYPE_CHECKING:
    from fleet.generate.base import Generator
    from fleet.interpolate.base import Interpolator
    from fleet.upscale.base import Upscaler


class Work:
    """``Stages`` by the backends that each recipe names."""

    def __init__(
        self,
        *,
        model_memory_bytes: int | None = None,
        shelf: Shelf = NOWHERE,
        tuning: Tuning = PLAIN,
    ) -> None:
        """``model_memory_bytes`` limits what loaded models of a kind may hold; by default the
        memory of the GPU they run on, else half of the machine's.  ``shelf`` has their weights,
        ``tuning`` says how they run."""
        self._limit_bytes, self._shelf, self._tuning = model_memory_bytes, shelf, tuning
        self._generators: Warm[Generator] | None = None
        self._interpolators: Warm[Interpolator] | None = None
        self._upscalers: Warm[Upscaler] | None = None

    @classmethod
    def of(cls, home: Home, settings: Settings) -> Self:
        """As the settings of ``home`` say."""
        limit_mb = settings.model_memory_mb
        return cls(
            model_memory_bytes=limit_mb * 1024**2 if limit_mb else None,
            shelf=Shelf(home.models, settings.weights, settings.loras),
            tuning=Tuning(
                attention=settings.attention,
                compile=settings.compile,
                quantise=settings.quantise,
                cache=home.cache / "prompts" if settings.prompt_cache_mb else None,
                cache_bytes=settings.prompt_cache_mb * 1024**2,
            ),
        )

    @property
    def models(self) -> tuple[str, ...]:
        """As ``Stages.models``."""
        made = self._generators.names if self._generators is not None else ()
        between = self._interpolators.names if self._interpolators is not None else ()
        enlarged = self._upscalers.names if self._upscalers is not None else ()
        return (*made, *between, *enlarged)

    def generate(
        self, task: GenerateTask, picture: bytes, stopped: Stopped, tell: Tell = untold
    ) -> Iterator[Pieces | Chunk | PieceEnd | GenerateReport]:
        """As ``Stages.generate``."""
        # Here and not above: pickling this object to a worker must not need OpenCV at the desk.
        from fleet.generate import registry
        from fleet.stages.generate import generate

        if self._generators is None:
            load = partial(registry.generator, shelf=self._shelf, tuning=self._tuning)
            self._generators = Warm(
                load,
                limit_bytes=lambda: self._limit(registry.model_memory_bytes()),
                unload=lambda generator: generator.unload(),
            )
        generator = self._generators.get(task.recipe.generation_params.model)
        return generate(task, picture, generator, stopped, tell)

    def finish(
        self, task: FinishTask, picture: bytes, chunks: Iterable[Chunk], stopped: Stopped
    ) -> Iterator[int | MasterPiece | FinishReport | bytes]:
        """As ``Stages.finish``."""
        from fleet.stages.finish import finish

        return finish(
            task,
            picture,
            chunks,
            self._interpolator(task.recipe.interpolation.interpolator),
            stopped,
            upscaler=self._upscaler(task.recipe.upscaling),
        )

    def _interpolator(self, name: str) -> Interpolator:
        from fleet.interpolate import registry

        if self._interpolators is None:
            load = partial(registry.interpolator, shelf=self._shelf)
            self._interpolators = Warm(load, limit_bytes=self._limit())
        return self._interpolators.get(name)

    def _upscaler(self, params: UpscalingParams | None) -> Upscaler | None:
        from fleet.upscale import registry

        if params is None:
            return None
        if self._upscalers is None:
            load = partial(registry.upscaler, shelf=self._shelf)
            self._upscalers = Warm(load, limit_bytes=self._limit())
        return self._upscalers.get(params.backend)

    def _limit(self, gpu_bytes: int = 0) -> int:
        if self._limit_bytes is not None:
            return self._limit_bytes
        if gpu_bytes:
            return gpu_bytes
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
