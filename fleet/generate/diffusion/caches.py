"""What is not computed again from one denoising step to the next; diffusers' own caches.

A cache begins after the strong clock: a step that is put back to the reference afterwards says
nothing about how little the next will change.  It is taken off when the run is over, so that no
state of one shot reaches the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from companions.generation_params import StepCache

FIRST_BLOCK_THRESHOLD: Final = 0.05
"""Change of the first block's output below which the others are not asked; diffusers' default."""
TAYLOR_INTERVAL: Final = 5
"""Steps from one that is computed whole to the next; diffusers' default."""
TAYLOR_WARM_STEPS: Final = 3
"""Steps that are computed whole before any is extrapolated; diffusers' default."""


class Caching:
    """One run of a pipeline with a step cache; a context manager.

    ``after`` is told each step that is done; the cache begins when those up to the strong clock
    are.
    """

    def __init__(
        self, denoisers: Sequence[Any], *, cache: StepCache | None, ratios: Sequence[float] = ()
    ) -> None:
        """``ratios`` are the magnitudes that ``StepCache.MAG`` needs, one a step."""
        self._denoisers, self._cache, self._ratios = denoisers, cache, ratios
        self._on = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._on:
            for denoiser in self._denoisers:
                denoiser.disable_cache()

    def after(self, *, done: int, held: int, steps: int) -> None:
        """``done`` steps of the schedule's ``steps`` are over; until ``held`` something is held."""
        if self._cache is None or self._on or done < held or done >= steps:
            return
        for denoiser in self._denoisers:
            denoiser.enable_cache(self._config(begin=done, steps=steps))
        self._on = True

    def _config(self, *, begin: int, steps: int) -> Any:
        from diffusers import FirstBlockCacheConfig, MagCacheConfig, TaylorSeerCacheConfig

        match self._cache:
            case StepCache.MAG:
                # The ratios are a whole schedule's; what is left of it is what will be counted.
                left = self._ratios[round(begin * len(self._ratios) / steps) :]
                return MagCacheConfig(num_inference_steps=steps - begin, mag_ratios=list(left))
            case StepCache.TAYLOR:
                return TaylorSeerCacheConfig(
                    cache_interval=TAYLOR_INTERVAL, disable_cache_before_step=TAYLOR_WARM_STEPS
                )
            case _:
                return FirstBlockCacheConfig(threshold=FIRST_BLOCK_THRESHOLD)
