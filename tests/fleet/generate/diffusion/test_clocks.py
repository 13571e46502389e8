"""Clocks as noise and as steps, on the schedules of the real models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations_with_replacement
from typing import Any, Final

import pytest

from fleet.errors import BackendFailed
from fleet.generate.diffusion.clocks import END, AtNoise, AtStep, Clocks, Window, clocks, window
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.schedule import Schedule, schedule_of
from tests.fleet.generate.diffusion import tiny_parts as parts


def _cogvideox(kind: str) -> Any:
    import diffusers

    return getattr(diffusers, kind)(**parts.COGVIDEOX_NOISE)


def _dpm() -> Any:
    from diffusers import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(
        use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=5.0
    )


SCHEDULERS: Final[Mapping[str, Callable[[], Any]]] = {
    "unipc": lambda: parts.unipc(5.0),
    "euler of flows": lambda: parts.euler(shift=7.0),
    "dpm of flows": _dpm,
    "ddim": lambda: _cogvideox("CogVideoXDDIMScheduler"),
    "dpm": lambda: _cogvideox("CogVideoXDPMScheduler"),
    "euler of svd": parts.svd_euler,
}


def schedule(name: str, steps: int) -> Schedule:
    scheduler = SCHEDULERS[name]()
    scheduler.set_timesteps(steps)
    return schedule_of(scheduler)


@pytest.mark.parametrize("steps", [4, 8, 30, 50])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_steps_become_noise_and_the_same_steps_again(name: str, steps: int) -> None:
    noise = schedule(name, steps).fractions

    windows = [
        Window(begin, end) for begin, end in combinations_with_replacement(range(steps + 1), 2)
        if begin < steps
    ]  # fmt: skip

    for steps_given in windows:
        as_noise = clocks(steps_given, noise)
        again = window(AtNoise(as_noise.weak), AtNoise(as_noise.strong), noise)
        assert again == steps_given


@pytest.mark.parametrize(
    ("name", "steps", "given", "expected"),
    [
        ("unipc", 50, Window(3, 7), (0.987, 0.968)),
        ("unipc", 50, Window(2, 5), (0.992, 0.978)),
        ("euler of svd", 50, Window(16, 21), (0.987, 0.969)),
        ("ddim", 50, Window(4, 9), (0.960, 0.895)),
    ],
    ids=["Wan, objects", "Wan, camera", "SVD", "CogVideoX"],
)
def test_the_authors_steps_are_the_noise_that_families_declare(
    name: str, steps: int, given: Window, expected: tuple[float, float]
) -> None:
    found = clocks(given, schedule(name, steps).fractions)

    assert (found.weak, found.strong) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("family", "name", "camera", "objects"),
    [
        ("wan-2.2-i2v-a14b", "unipc", Window(2, 5), Window(3, 7)),
        ("svd-xt", "euler of svd", Window(16, 21), Window(16, 21)),
        ("cogvideox-5b-i2v", "ddim", Window(4, 9), Window(4, 9)),
    ],
)
def test_a_familys_clocks_are_the_authors_steps_on_their_own_schedule(
    family: str, name: str, camera: Window, objects: Window
) -> None:
    own = FAMILIES[family].time_to_move
    noise = schedule(name, 50).fractions
    assert own is not None

    found = [
        window(AtNoise(each.weak), AtNoise(each.strong), noise)
        for each in (own.camera, own.objects)
    ]

    assert found == [camera, objects]


def test_where_few_steps_leave_none_in_between_what_is_to_be_held_is_held_for_one() -> None:
    noise = (1.0, 0.9375, 0.833, 0.625)

    assert window(AtNoise(0.992), AtNoise(0.978), noise) == Window(0, 1)
    assert window(AtNoise(0.992), AtNoise(0.992), noise) == Window(0, 0)


def test_one_step_is_left_to_run_and_the_end_is_after_the_last() -> None:
    noise = (1.0, 0.8, 0.4)

    assert window(AtNoise(0.01), END, noise) == Window(2, 3)
    assert window(AtStep(1), AtStep(2), noise) == Window(1, 2)


def test_a_strong_clock_before_the_weak_one_holds_nothing() -> None:
    assert window(AtStep(3), AtStep(1), (1.0, 0.8, 0.6, 0.4)) == Window(3, 3)


def test_clocks_that_run_backwards_are_refused() -> None:
    with pytest.raises(ValueError, match="the weak one first"):
        Clocks(weak=0.5, strong=0.6)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_noise_falls_from_step_to_step_and_nothing_is_left_after_the_last(name: str) -> None:
    made = schedule(name, 20)

    assert list(made.fractions) == sorted(made.fractions, reverse=True)
    assert made.steps == 20
    assert (made.signal[-1], made.noise[-1]) == (1.0, 0.0)


def test_a_schedule_that_runs_the_other_way_cannot_be_steered() -> None:
    scheduler = parts.euler(invert_sigmas=True)
    scheduler.set_timesteps(4)

    with pytest.raises(BackendFailed, match="cannot be steered"):
        schedule_of(scheduler)
