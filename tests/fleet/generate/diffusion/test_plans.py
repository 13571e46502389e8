"""The choice of a memory plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from companions.generation_params import MemoryPlan
from fleet.errors import GpuTooSmall, ParameterRefused
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Offload, Stored
from fleet.generate.diffusion.plans import Setup, setup_for
from fleet.generate.tuning import PLAIN, Tuning

GIB = 1024**3
WAN = FAMILIES["wan-2.2-i2v-a14b"]


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("gib", [15.7, 23.6, 31.4, 47.5, 79.1, 139.8])
def test_the_largest_plan_that_fits_the_gpu_is_taken(name: str, gib: float) -> None:
    family, gpu = FAMILIES[name], int(gib * GIB)
    fitting = {plan: p.gpu_bytes for plan, p in family.plans.items() if p.gpu_bytes <= gpu}
    if not fitting:
        return

    setup = setup_for(family, wanted="", gpu_bytes=gpu, tuning=PLAIN)

    assert setup.plan is not None
    assert family.plans[setup.plan].gpu_bytes >= max(fitting.values())
    assert family.plans[setup.plan].gpu_bytes * 0.97 <= gpu


def test_a_gpu_that_is_too_small_for_every_plan_is_told_what_is_needed() -> None:
    least = min(plan.gpu_bytes for plan in WAN.plans.values())

    with pytest.raises(GpuTooSmall, match="larger GPU") as told:
        setup_for(WAN, wanted="", gpu_bytes=8 * GIB, tuning=PLAIN)

    assert told.value.needed_bytes == least
    assert f"{least / GIB:.0f} GiB" in str(told.value)


def test_a_plan_that_is_named_is_taken_however_small_the_gpu_is() -> None:
    setup = setup_for(WAN, wanted="cinema", gpu_bytes=8 * GIB, tuning=PLAIN)

    assert (setup.plan, setup.on_gpu) == (MemoryPlan.CINEMA, True)


def test_without_a_gpu_and_without_a_plan_the_model_is_as_it_is() -> None:
    assert setup_for(WAN, wanted="", gpu_bytes=0, tuning=PLAIN) == Setup()


@pytest.mark.parametrize("plan", [plan.value for plan in WAN.plans])
def test_without_a_gpu_a_named_plan_keeps_what_needs_none(plan: str) -> None:
    declared = WAN.plans[MemoryPlan(plan)]

    setup = setup_for(WAN, wanted=plan, gpu_bytes=0, tuning=PLAIN)

    assert (setup.on_gpu, setup.offload) == (False, Offload.NONE)
    assert (setup.stored, setup.tiled) == (declared.stored, declared.tiled)


def test_a_plan_that_a_model_has_not_is_refused_by_name() -> None:
    plans = dict(WAN.plans)
    del plans[MemoryPlan.FAST]

    with pytest.raises(ParameterRefused, match="has no plan fast"):
        setup_for(replace(WAN, plans=plans), wanted="fast", gpu_bytes=80 * GIB, tuning=PLAIN)


def test_what_settings_say_goes_over_the_plan_and_is_told_as_a_shortcut() -> None:
    tuning = Tuning(attention="flash", compile=True, quantise="int8")

    setup = setup_for(WAN, wanted="cinema", gpu_bytes=80 * GIB, tuning=tuning)

    assert setup.stored is Stored.INT8
    assert {"weights:int8", "attention:flash", "compiled"} <= set(setup.shortcuts)


def test_a_plain_setup_has_nothing_to_tell() -> None:
    assert Setup(plan=MemoryPlan.CINEMA, on_gpu=True).shortcuts == ()
