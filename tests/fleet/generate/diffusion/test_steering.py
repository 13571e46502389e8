"""Time-to-Move on the stock pipelines: which steps run, what is put back after which of them, and
what the denoiser sees; what it ought to see is the scheduler's own word, after a run that nothing
held."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import pytest
import torch

from fleet.generate.diffusion.clocks import END, AtStep
from fleet.generate.diffusion.steering import Guide, Hold, Step, Stopped
from tests.fleet.generate.diffusion.stand_in_denoisers import by_itself, instead_of, towards
from tests.fleet.generate.diffusion.steering_cases import CASES, STEPS, Case, Truth, run

BEGIN: Final = 2
UNTIL: Final = 5
CLOSE: Final = 1e-4


@dataclass(frozen=True)
class Ready:
    """A pipeline, and what its scheduler says of a run that nothing holds."""

    case: Case
    pipeline: Any
    truth: Truth


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def ready(request: pytest.FixtureRequest) -> Ready:
    pipeline = request.param.pipeline()
    return Ready(request.param, pipeline, Truth.of(request.param, pipeline))


@pytest.fixture(scope="module")
def unipc() -> Ready:
    """Wan's two experts with their own scheduler."""
    pipeline = CASES[0].pipeline()
    return Ready(CASES[0], pipeline, Truth.of(CASES[0], pipeline))


def left(case: Case) -> torch.Tensor:
    """The left quarter of every latent frame."""
    mask = torch.zeros(1, 1, *case.shape[1:])
    mask[..., : max(1, case.shape[3] // 4)] = 1.0
    return mask


def right(case: Case) -> torch.Tensor:
    return left(case).flip(-1)


def guide(case: Case, *, exact: bool = True) -> Guide:
    """The left is held until a step, the right to the end."""
    torch.manual_seed(3)
    return Guide(
        torch.randn(1, *case.shape), AtStep(BEGIN),
        [Hold(left(case), AtStep(UNTIL)), Hold(right(case), END)],
        exact=exact, first_is_given=case.first_is_given,
    )  # fmt: skip


def off(case: Case, a: torch.Tensor, b: torch.Tensor, where: torch.Tensor) -> float:
    """The largest difference ``where`` that is 1, in the frames that both have; of the first only
    where it is ours to hold."""
    both = min(a.shape[2], b.shape[2], case.shape[1] - case.first_is_given)
    return float(((a[:, :, -both:] - b[:, :, -both:]) * where[:, :, -both:]).abs().max())


def test_every_cell_is_the_noised_reference_until_its_own_clock_strikes(ready: Ready) -> None:
    case, pipeline, truth = ready.case, ready.pipeline, ready.truth
    held = guide(case)

    ran = run(case, pipeline, guide=held)

    expected = [truth.clip_before(step, held.reference) for step in range(BEGIN, STEPS)]
    seen = list(zip(range(BEGIN, STEPS), ran.inputs, expected, strict=True))
    everywhere = torch.ones_like(left(case))
    assert ran.told == list(range(BEGIN, STEPS))
    assert ran.calls == case.per_step * (STEPS - BEGIN)
    assert ran.steered is not None
    assert ran.steered.held == list(range(BEGIN, STEPS))
    assert off(case, ran.inputs[0], expected[0], everywhere) < CLOSE
    if case.first_is_given:
        first = truth.noise[:, :, :1]
        assert max(float((x[:, :, :1] - first).abs().max()) for x in ran.inputs) < CLOSE
    assert [off(case, x, z, left(case)) < CLOSE for step, x, z in seen if step <= UNTIL] == [
        True
    ] * (UNTIL - BEGIN + 1)
    assert max(off(case, x, z, right(case)) for _, x, z in seen) < CLOSE
    assert off(case, ran.result, held.reference, right(case)) < CLOSE
    free = everywhere - left(case) - right(case)
    assert min(off(case, x, z, free) for step, x, z in seen if step > BEGIN) > CLOSE
    assert min(off(case, x, z, left(case)) for step, x, z in seen if step > UNTIL) > CLOSE


def test_a_denoiser_that_sees_the_reference_arrives_at_it_where_it_was_held(ready: Ready) -> None:
    """What is put back fits what the sampler remembers of earlier steps: had it kept anything of
    before, it would arrive elsewhere."""
    case, pipeline, truth = ready.case, ready.pipeline, ready.truth
    held = replace(guide(case), holds=[Hold(left(case), AtStep(UNTIL))])
    elsewhere = torch.randn(1, *case.shape)
    target = torch.where(left(case) > 0.0, held.reference, elsewhere)
    # One scheduler adds noise of its own: what it remembers is not the run's noise alone.
    random = case.name.endswith("DPMScheduler")

    with instead_of(pipeline, case, towards(truth, target, looks=random), begin=BEGIN):
        ran = run(case, pipeline, guide=held)

    assert off(case, ran.result, held.reference, left(case)) < 1e-3
    assert off(case, ran.result, held.reference, right(case)) > 0.1


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "soft"])
def test_a_corrector_moves_what_was_held_unless_it_is_kept_from_it(
    unipc: Ready, *, exact: bool
) -> None:
    case, pipeline, stepped = unipc.case, unipc.pipeline, {}
    held = guide(case, exact=exact)

    def remember(step: Step) -> None:
        # The sample that the scheduler went on from, after it had corrected it.
        stepped[step.index] = pipeline.scheduler.last_sample.clone()

    run(case, pipeline, guide=held, after=remember)

    expected = unipc.truth.clip_before(UNTIL, held.reference)
    error = off(case, stepped[UNTIL], expected, left(case))
    assert error < CLOSE if exact else error > 0.05


def test_what_is_not_held_is_corrected_as_ever(unipc: Ready) -> None:
    case, pipeline = unipc.case, unipc.pipeline
    held = replace(guide(case), holds=[Hold(left(case), END)])
    nothing = replace(held, holds=[])
    # A denoiser that looks at nothing around: what is held has no other way to the rest.
    with instead_of(pipeline, case, by_itself, begin=0):
        free = run(case, pipeline, guide=nothing)
    with instead_of(pipeline, case, by_itself, begin=0):
        ran = run(case, pipeline, guide=held)

    assert off(case, free.result, ran.result, 1.0 - left(case)) < CLOSE


def test_experts_share_the_steps_as_they_do_when_none_is_left_out(unipc: Ready) -> None:
    case, pipeline = unipc.case, unipc.pipeline

    def calls(held: Guide | None) -> tuple[int, int]:
        counts = [0, 0]
        hooks = [
            part.register_forward_pre_hook(partial(_count, counts, index))
            for index, part in enumerate((pipeline.transformer, pipeline.transformer_2))
        ]
        run(case, pipeline, guide=held)
        for hook in hooks:
            hook.remove()
        return counts[0], counts[1]

    whole, cut = calls(None), calls(guide(case))

    # Steps at 0.9 of the noise and over are the first expert's: 3 of the 8 at a shift of 5.
    assert whole == (2 * 3, 2 * 5)
    assert cut == (2 * (3 - BEGIN), 2 * 5)


def _count(counts: list[int], index: int, *_: object) -> None:
    counts[index] += 1


def test_a_run_that_is_only_watched_is_the_pipelines_own(unipc: Ready) -> None:
    case, pipeline = unipc.case, unipc.pipeline

    watched, plain = run(case, pipeline), run(case, pipeline, steered=False)

    assert torch.equal(watched.result, plain.result)
    assert watched.told == list(range(STEPS))


@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
def test_nothing_of_a_run_stays_on_the_pipeline(unipc: Ready, *, fails: bool) -> None:
    case, pipeline = unipc.case, unipc.pipeline
    run(case, pipeline)
    before = set(vars(pipeline)), set(vars(pipeline.scheduler))

    def broken(step: Step) -> None:
        if fails and step.index == UNTIL:
            raise Stopped

    with pytest.raises(Stopped) if fails else nullcontext():
        run(case, pipeline, guide=guide(case), after=broken)

    assert (set(vars(pipeline)), set(vars(pipeline.scheduler))) == before
    assert torch.equal(run(case, pipeline).result, run(case, pipeline, steered=False).result)


def test_steps_that_are_no_window_of_the_schedule_are_refused(unipc: Ready) -> None:
    case = unipc.case

    with pytest.raises(ValueError, match="no window of a schedule of 8"):
        run(case, unipc.pipeline, guide=replace(guide(case), start=AtStep(STEPS)))
