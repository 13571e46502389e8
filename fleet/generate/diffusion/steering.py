"""Time-to-Move on a stock pipeline, by three hooks and no copy of its code.

``set_timesteps`` of the scheduler   the steps before the weak clock are left out
``prepare_latents`` of the pipeline  its noise becomes the reference with as much noise
``step`` of the scheduler            until the strong clock, what is masked is put back

Every pipeline of diffusers calls all three, in whatever order the first two; those without a
callback after each step are steered as well.  The hooks sit on the instances and go with the
``with`` block, also when the pipeline fails.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import torch

from fleet.generate.diffusion.clocks import Window
from fleet.generate.diffusion.layouts import Layout
from fleet.generate.diffusion.schedule import Schedule, schedule_of


@dataclass(frozen=True, slots=True)
class Guide:
    """What a run is held to.

    Attributes:
        reference: latents of the reference, [1, channels, time, height, width].
        mask: where it is held, 0 or 1, [1, 1, time, height, width].
        choose: gives, for the run's schedule, the steps at which the clocks strike.
        exact: whether a corrector of the scheduler is switched off while the reference is held;
            it would compute the masked part anew from samples before it was put back.
        first_is_given: whether the pipeline itself holds the first latent frame to the picture.
    """

    reference: torch.Tensor
    mask: torch.Tensor
    choose: Callable[[Schedule], Window]
    exact: bool = True
    first_is_given: bool = False


class Stopped(Exception):
    """The work was called off between two steps."""


@dataclass(slots=True)
class Step:
    """One step that was done: which of the schedule's, and of how many."""

    index: int
    steps: int


class Steered:
    """One run of a pipeline that is held to a guide, or only watched; a context manager.

    Attributes:
        schedule: of the run; None until the pipeline has made it.
        window: the steps at which the clocks strike; all and none where there is no guide.
        held: the steps after which the reference was put back, in order.
    """

    def __init__(
        self,
        pipeline: Any,
        *,
        layout: Layout,
        guide: Guide | None,
        stopped: Callable[[], bool] = lambda: False,
        tell: Callable[[Step], None] = lambda _: None,
    ) -> None:
        self._pipeline, self._layout, self._guide = pipeline, layout, guide
        self._stopped, self._tell = stopped, tell
        self.schedule: Schedule | None = None
        self.window = Window(0, 0)
        self.held: list[int] = []
        self._prepared: torch.Tensor | None = None
        self._noise: torch.Tensor | None = None
        self._done = 0
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        scheduler = self._pipeline.scheduler
        self._put(scheduler, "set_timesteps", self._sliced(scheduler.set_timesteps))
        self._put(scheduler, "step", self._held(scheduler.step))
        self._put(self._pipeline, "prepare_latents", self._begun(self._pipeline.prepare_latents))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._undo:
            self._undo.pop()()

    def _put(self, owner: Any, name: str, hook: Any) -> None:
        before = vars(owner).get(name)
        setattr(owner, name, hook)

        def undo() -> None:
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

        self._undo.append(undo)

    def _sliced(self, set_timesteps: Callable[..., None]) -> Callable[..., None]:
        # The signature stays readable: pipelines ask it what a scheduler can take.
        @functools.wraps(set_timesteps)
        def hook(*args: Any, **named: Any) -> None:
            set_timesteps(*args, **named)
            scheduler = self._pipeline.scheduler
            schedule = self.schedule = schedule_of(scheduler)
            if self._guide is None:
                return
            window = self.window = self._guide.choose(schedule).within(schedule.steps)
            scheduler.timesteps = scheduler.timesteps[window.begin :]
            if getattr(scheduler, "sigmas", None) is not None:
                scheduler.sigmas = scheduler.sigmas[window.begin :]
            if self._guide.exact and "disable_corrector" in scheduler.config:
                # It looks back one step: the first that is free is computed without it as well.
                self._put(scheduler, "disable_corrector", list(range(window.end - window.begin)))
            self._start()

        return hook

    def _begun(self, prepare: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(prepare)
        def hook(*args: Any, **named: Any) -> Any:
            made = prepare(*args, **named)
            self._prepared = made[0] if isinstance(made, tuple) else made
            self._start()
            return made

        return hook

    def _start(self) -> None:
        """Turn the pipeline's noise into the reference, once both it and the schedule are there."""
        if self._guide is None or self._prepared is None or self.schedule is None:
            return
        reference = self._guide.reference.to(self._prepared)
        scale = float(getattr(self._pipeline.scheduler, "init_noise_sigma", 1.0))
        self._noise = self._layout.unpacked(self._prepared, reference) / scale
        start = self.schedule.noised(reference, self._noise, step=self.window.begin)
        if self._guide.first_is_given:
            given = self._layout.unpacked(self._prepared, reference)
            start = torch.cat([given[:, :, :1], start[:, :, 1:]], dim=2)
        # In place: the pipeline has this very tensor.
        self._prepared.copy_(self._layout.packed(start))

    def _held(self, step: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(step)
        def hook(*args: Any, **named: Any) -> Any:
            if self._stopped():
                raise Stopped
            made = step(*args, **named)
            index, self._done = self.window.begin + self._done, self._done + 1
            if self._guide is not None and index < self.window.end:
                made = _replaced(made, self._put_back)
                self.held.append(index)
            assert self.schedule is not None
            self._tell(Step(index, self.schedule.steps))
            return made

        return hook

    def _put_back(self, sample: torch.Tensor) -> torch.Tensor:
        assert self._guide is not None
        assert self.schedule is not None
        assert self._noise is not None
        index = self.window.begin + self._done  # the step that comes next
        reference = self.schedule.noised(
            self._guide.reference.to(self._noise), self._noise, step=index
        )
        held = self._layout.stepped(reference).to(sample)
        mask = self._layout.stepped(self._guide.mask).to(sample)
        time = self._layout.time
        if sample.shape[time] < held.shape[time]:
            # The pipeline keeps the first frame to itself and steps the others.
            cut = held.shape[time] - sample.shape[time]
            held = held.narrow(time, cut, sample.shape[time])
            mask = mask.narrow(time, cut, sample.shape[time])
        return (1.0 - mask) * sample + mask * held


def _replaced(made: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """What ``step`` returned, with its sample changed; others may follow it."""
    if isinstance(made, tuple):
        return (change(made[0]), *made[1:])
    made.prev_sample = change(made.prev_sample)
    return made
