"""How much of the clip and how much of the noise is in a sample, before each step of a schedule.

Whatever a scheduler's own terms are, a sample is ``signal * clip + noise * one fixed noise``:

flow matching      (1 - s) and s
EDM (Euler, SVD)   1 and s
VP by sigmas       1 / sqrt(1 + s^2) and s / sqrt(1 + s^2)
DDIM, DPM (VP)     sqrt(a) and sqrt(1 - a)

The fraction of noise, ``noise / (signal + noise)``, is what clocks are stated in; it is the same
for equal images of equal noise whatever the scheduler's scaling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleet.errors import BackendFailed

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Schedule:
    """The N steps of one run.

    Attributes:
        signal, noise: before each step and after the last, N + 1 each; the last are 1 and 0.
    """

    signal: tuple[float, ...]
    noise: tuple[float, ...]

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.noise) - 1

    @property
    def fractions(self) -> tuple[float, ...]:
        """The fraction of noise before each step, N of them, falling from at most 1."""
        pairs = zip(self.signal[:-1], self.noise[:-1], strict=True)
        return tuple(noise / (signal + noise) for signal, noise in pairs)

    def noised(self, clip: torch.Tensor, noise: torch.Tensor, *, step: int) -> torch.Tensor:
        """``clip`` as it is before ``step``; for N the clip itself."""
        if step >= self.steps:
            return clip
        return self.signal[step] * clip + self.noise[step] * noise


def schedule_of(scheduler: Any) -> Schedule:
    """The schedule that ``scheduler.set_timesteps`` has just made.

    Raises:
        BackendFailed: a kind of scheduler that is not known.
    """
    config, sigmas, steps = scheduler.config, _sigmas(scheduler), len(scheduler.timesteps)
    name = type(scheduler).__name__
    if config.get("invert_sigmas"):
        pass
    elif len(sigmas) > steps:
        sigmas = sigmas[:steps]
        if config.get("use_flow_sigmas") or "FlowMatch" in name:
            return Schedule((*(1.0 - s for s in sigmas), 1.0), (*sigmas, 0.0))
        if name.startswith("Euler"):
            return Schedule((1.0,) * (steps + 1), (*sigmas, 0.0))
        signal = [1.0 / math.sqrt(1.0 + s**2) for s in sigmas]
        noise = [s * part for s, part in zip(sigmas, signal, strict=True)]
        return Schedule((*signal, 1.0), (*noise, 0.0))
    elif getattr(scheduler, "alphas_cumprod", None) is not None:
        kept = [float(scheduler.alphas_cumprod[int(t)]) for t in scheduler.timesteps]
        return Schedule((*(a**0.5 for a in kept), 1.0), (*((1.0 - a) ** 0.5 for a in kept), 0.0))
    raise BackendFailed(backend=name, what="its schedule is of a kind that cannot be steered")


def _sigmas(scheduler: Any) -> Sequence[float]:
    """Empty for schedulers that have none."""
    held = getattr(scheduler, "sigmas", None)
    return [] if held is None else [float(sigma) for sigma in held]
