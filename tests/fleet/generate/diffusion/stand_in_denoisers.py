"""Denoisers of which it is known where they lead, laid over a real one's output."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch

from fleet.generate.diffusion.family import Axes
from tests.fleet.generate.diffusion.steering_cases import Case, Truth

Predict = Callable[[int, torch.Tensor], torch.Tensor]
"""What is predicted before a step, from the clip as the denoiser sees it."""


@contextmanager
def instead_of(pipeline: Any, case: Case, predict: Predict, *, begin: int) -> Iterator[None]:
    """While it lasts, the pipeline's denoisers run and say ``predict``; ``begin`` is the step of
    their first call."""
    calls = count()

    def hook(_: Any, args: Any, named: dict[str, Any], made: Any) -> Any:
        step = begin + next(calls) // case.per_step
        said = made[0] if isinstance(made, tuple) else made.sample
        clip = predict(step, case.clip_of(named, args))
        if case.axes is Axes.TOKENS:
            clip = clip.flatten(2).transpose(1, 2)
        elif case.axes is Axes.TIME_FIRST:
            clip = clip.transpose(1, 2)
        led_in = said.clone()
        time = 1 if case.axes is Axes.TIME_FIRST else 2
        if case.axes is Axes.TOKENS:
            led_in.copy_(clip.expand_as(said))
        else:
            own = led_in.narrow(time, said.shape[time] - case.shape[1], case.shape[1])
            own.copy_(clip.expand_as(own))
        return (led_in, *made[1:]) if isinstance(made, tuple) else type(made)(sample=led_in)

    parts = [getattr(pipeline, name, None) for name in ("transformer", "transformer_2", "unet")]
    hooks = [part.register_forward_hook(hook, with_kwargs=True) for part in parts if part]
    try:
        yield
    finally:
        for each in hooks:
            each.remove()


def towards(truth: Truth, target: torch.Tensor, *, looks: bool) -> Predict:
    """Says what a perfect denoiser says of ``target`` under the run's own noise.

    Args:
        looks: at what it is shown: it then leads to ``target`` from anywhere.  Else it says what
            would be right, and whatever was wrong in the sample stays in it.
    """
    scheduler = truth.scheduler

    def predict(step: int, seen: torch.Tensor) -> torch.Tensor:
        clip = seen if looks else truth.clip_before(step, target)
        name = type(scheduler).__name__
        if name.startswith("CogVideoX"):
            kept = float(scheduler.alphas_cumprod[int(scheduler.timesteps[step])])
            signal, noise = math.sqrt(kept), math.sqrt(1.0 - kept)
            return signal * (clip - signal * target) / noise - noise * target
        sigma = float(scheduler.sigmas[step])
        if name == "EulerDiscreteScheduler":
            root = math.sqrt(sigma**2 + 1.0)
            return (clip / root - target) * root / sigma
        return (clip - target) / sigma

    return predict


def by_itself(step: int, seen: torch.Tensor) -> torch.Tensor:
    """Looks at each number alone, and at nothing around it."""
    return torch.sin(3.0 * seen + step)
