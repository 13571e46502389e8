"""Time-to-Move on a stock pipeline, by hooks and no copy of its code.

``set_timesteps`` of the scheduler   the steps before the weak clock are left out
``prepare_latents`` of the pipeline  its noise becomes the reference with as much noise
``step`` of the scheduler            until its clock, what is held is put back

Every pipeline of diffusers calls all three, in whatever order the first two; those without a
callback after each step are steered as well.  A scheduler that corrects its sample afterwards
(UniPC) has a fourth: it would compute what is held anew, from samples before it was put back.

The hooks sit on the instances and go with the ``with`` block, also when the pipeline fails.  A
scheduler that a pipeline copies for itself (LTX-2 steps its sound with one) leaves out the same
steps and holds nothing.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import torch

from fleet.errors import BackendFailed
from fleet.generate.diffusion.clocks import END, Moment, Window, window
from fleet.generate.diffusion.layouts import Layout
from fleet.generate.diffusion.schedule import Schedule, schedule_of

_CORRECTOR: Final = "multistep_uni_c_bh_update"


@dataclass(frozen=True, slots=True)
class Hold:
    """Cells that are held to the reference, and how long.

    Attributes:
        mask: which, 0 or 1, [1, 1, time, height, width].
        until: up to when; ``END``: they come out equal to the reference.
    """

    mask: torch.Tensor
    until: Moment


@dataclass(frozen=True, slots=True)
class Guide:
    """What a run is held to: cells have clocks of their own, the reference is one.

    Attributes:
        reference: latents of the reference, [1, channels, time, height, width].
        start: the weak clock: when denoising begins, at the reference with as much noise.
        holds: what is held longer than that; a cell of several for as long as the longest.
        exact: whether a scheduler that corrects itself leaves alone what is held.
        first_is_given: whether the pipeline itself holds the first latent frame to the picture.
    """

    reference: torch.Tensor
    start: Moment
    holds: Sequence[Hold]
    exact: bool = True
    first_is_given: bool = False

    @property
    def held_share(self) -> float:
        """Share of the latent frames' area that is held at all, 0 to 1."""
        if not self.holds:
            return 0.0
        return float(torch.stack([hold.mask for hold in self.holds]).amax(dim=0).float().mean())


class Stopped(Exception):
    """The work was called off between two steps."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was done: which of the schedule's, and of how many."""

    index: int
    steps: int


class Steered:
    """One run of a pipeline that is held to a guide, or only watched; a context manager.

    Attributes:
        steps: of the schedule, those that are left out among them; 0 until the pipeline has one.
        schedule: of the run; None without a guide.
        window: the first step that runs, and the first from which only what is held to the end
            is still put back; all and none where there is no guide.
        held: the steps after which anything was put back, in order.
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
        self.steps = 0
        self.schedule: Schedule | None = None
        self.window = Window(0, 0)
        self.held: list[int] = []
        self._prepared: _Prepared | None = None
        self._run: _Run | None = None
        self._done = 0
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        scheduler = self._pipeline.scheduler
        self._put(scheduler, "set_timesteps", self._sliced)
        self._put(scheduler, "step", self._held)
        self._put(self._pipeline, "prepare_latents", self._begun)
        if self._guide is not None and self._guide.exact and hasattr(scheduler, _CORRECTOR):
            self._put(scheduler, _CORRECTOR, self._corrected)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._undo:
            self._undo.pop()()
        # The run keeps two clips of latents, on the GPU.
        self._run = self._prepared = None

    def _put(self, owner: Any, name: str, around: _Around) -> None:
        before = vars(owner).get(name)
        setattr(owner, name, _Hook(owner, name, around))

        def undo() -> None:
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

        self._undo.append(undo)

    def _sliced(self, scheduler: Any, set_timesteps: Callable[..., Any]) -> Callable[..., Any]:
        def hook(*args: Any, **named: Any) -> Any:
            made = set_timesteps(*args, **named)
            steps, schedule = len(scheduler.timesteps), None
            # A run that is only watched needs no levels: not every schedule's are understood.
            if self._guide is not None:
                schedule = schedule_of(scheduler)
                begin = _window(self._guide, schedule).begin
                scheduler.timesteps = scheduler.timesteps[begin:]
                if getattr(scheduler, "sigmas", None) is not None:
                    scheduler.sigmas = scheduler.sigmas[begin:]
            if scheduler is self._pipeline.scheduler:
                self.steps, self.schedule = steps, schedule
                self._start()
            return made

        return hook

    def _begun(self, pipeline: Any, prepare: Callable[..., Any]) -> Callable[..., Any]:
        def hook(*args: Any, **named: Any) -> Any:
            made = prepare(*args, **named)
            latents = made[0] if isinstance(made, tuple) else made
            # Asked now: what it is depends on whether the steps have been left out yet.
            scale = float(getattr(pipeline.scheduler, "init_noise_sigma", 1.0))
            self._prepared = _Prepared(latents, latents.detach().clone(), scale)
            self._start()
            return made

        return hook

    def _start(self) -> None:
        """Turn the pipeline's noise into the reference, once both it and the schedule are there."""
        if self._guide is None or self._prepared is None or self.schedule is None:
            return
        self.window = _window(self._guide, self.schedule)
        self._run = _Run.of(self._guide, self._prepared, self.schedule, self._layout)
        # In place: the pipeline has this very tensor.
        self._prepared.latents.copy_(self._layout.packed(self._run.begun(self.window.begin)))

    def _held(self, scheduler: Any, step: Callable[..., Any]) -> Callable[..., Any]:
        if scheduler is not self._pipeline.scheduler:
            return step

        def hook(*args: Any, **named: Any) -> Any:
            if self._stopped():
                raise Stopped
            run = self._run
            if run is None and self._guide is not None:
                raise BackendFailed(
                    backend=type(self._pipeline).__name__,
                    what="it denoises without preparing its latents, so it cannot be held to a "
                    "move; take control: none for it",
                )
            made = step(*args, **named)
            index, self._done = self.window.begin + self._done, self._done + 1
            if run is not None and run.holds(index):
                made = _replaced(made, functools.partial(run.put_back, after=index))
                self.held.append(index)
            self._tell(Step(index, self.steps))
            return made

        return hook

    def _corrected(self, scheduler: Any, correct: Callable[..., Any]) -> Callable[..., Any]:
        del scheduler

        def hook(*args: Any, **named: Any) -> Any:
            made = correct(*args, **named)
            before = self.window.begin + self._done - 1
            if self._run is None or not self._run.holds(before):
                return made
            mask = self._run.mask(before, like=made)
            return torch.where(mask > 0.0, named["this_sample"], made)

        return hook


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The pipeline's latents, what they were before anything was changed, and their scale."""

    latents: torch.Tensor
    noise: torch.Tensor
    scale: float


@dataclass(frozen=True, slots=True)
class _Run:
    """A guide on the grid of one run, in float32; shapes as the pipeline has them.

    Attributes:
        reference: with as many latent frames as the pipeline denoises.
        noise: the one that the whole run has.
        given: what the pipeline began with, unchanged.
        until: for each hold, the first step after which it is not put back.
        masks: of the holds.
    """

    layout: Layout
    schedule: Schedule
    reference: torch.Tensor
    noise: torch.Tensor
    given: torch.Tensor | None
    until: tuple[int, ...]
    masks: tuple[torch.Tensor, ...]

    @classmethod
    def of(cls, guide: Guide, prepared: _Prepared, schedule: Schedule, layout: Layout) -> _Run:
        device = prepared.noise.device
        reference = guide.reference.to(device=device, dtype=torch.float32)
        given = layout.unpacked(prepared.noise.float(), reference)
        more = given.shape[2] - reference.shape[2]
        return cls(
            layout=layout,
            schedule=schedule,
            reference=_led_in(reference, more),
            noise=given / prepared.scale,
            given=given if guide.first_is_given else None,
            until=_ends(guide, schedule),
            masks=tuple(_led_in(hold.mask.to(reference), more) for hold in guide.holds),
        )

    def begun(self, step: int) -> torch.Tensor:
        """All of it as it is before ``step``."""
        start = self.schedule.noised(self.reference, self.noise, step=step)
        if self.given is not None:
            start = torch.cat([self.given[:, :, :1], start[:, :, 1:]], dim=2)
        return start

    def holds(self, step: int) -> bool:
        """Whether anything is put back after ``step``."""
        return any(step < until for until in self.until)

    def mask(self, step: int, *, like: torch.Tensor) -> torch.Tensor:
        """What is put back after ``step``, in the shape that is stepped."""
        held = zip(self.masks, self.until, strict=True)
        both = torch.stack([mask for mask, until in held if step < until]).amax(dim=0)
        return self._stepped(both, like)

    def put_back(self, sample: torch.Tensor, *, after: int) -> torch.Tensor:
        """``sample``, as ``after`` made it, with what is held as the next step is to see it."""
        clip = self.schedule.noised(self.reference, self.noise, step=after + 1)
        mask = self.mask(after, like=sample)
        return torch.where(mask > 0.0, self._stepped(clip, sample), sample)

    def _stepped(self, latents: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        made = self.layout.stepped(latents).to(like)
        time = self.layout.time
        # The pipeline may keep the first frame to itself and step the others.
        kept = made.shape[time] - like.shape[time]
        return made.narrow(time, kept, like.shape[time]) if kept > 0 else made


def _ends(guide: Guide, schedule: Schedule) -> tuple[int, ...]:
    noise = schedule.fractions
    return tuple(window(guide.start, hold.until, noise).end for hold in guide.holds)


def _window(guide: Guide, schedule: Schedule) -> Window:
    begin = window(guide.start, END, schedule.fractions).begin
    ends = _ends(guide, schedule)
    let_go = [end for end in ends if end < schedule.steps] or ends
    return Window(begin, max([begin, *let_go])).within(schedule.steps)


def _led_in(latents: torch.Tensor, more: int) -> torch.Tensor:
    """With ``more`` frames before it, equal to its first: CogVideoX 1.5 denoises one more than it
    gives where two are one patch, and drops the first."""
    if more <= 0:
        return latents
    return torch.cat([latents[:, :, :1].expand(-1, -1, more, -1, -1), latents], dim=2)


def _replaced(made: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """What ``step`` returned, with its sample changed; others may follow it."""
    if isinstance(made, tuple):
        return (change(made[0]), *made[1:])
    made.prev_sample = change(made.prev_sample)
    return made


_Around = Callable[[Any, Callable[..., Any]], Callable[..., Any]]


class _Hook:
    """Stands on ``owner`` in place of its method ``name``; a copy of the owner has one around its
    own.  The signature stays readable: pipelines ask it what a scheduler can take."""

    def __init__(self, owner: Any, name: str, around: _Around) -> None:
        self._owner, self._name, self._around = owner, name, around
        plain = vars(owner).get(name)
        if plain is None or isinstance(plain, _Hook):
            plain = types.MethodType(getattr(type(owner), name), owner)
        functools.update_wrapper(self, plain)
        self._call = around(owner, plain)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._call(*args, **named)

    def __deepcopy__(self, memo: dict[int, Any]) -> _Hook:
        return _Hook(memo[id(self._owner)], self._name, self._around)
