"""How a model shares out memory: the choice among its plans, and what follows from it.  Pure.

A manifest may name the plan.  Where it names none, the largest that fits the GPU is taken; without
a GPU there is nothing to share out, and the model runs plainly in the machine's memory.
``placing`` carries the choice out.
"""

from __future__ import annotations

from dataclasses import dataclass

from companions.generation_params import MemoryPlan
from fleet.errors import GpuTooSmall, ParameterRefused
from fleet.generate.diffusion.family import Family, Offload, Plan, Stored
from fleet.generate.tuning import Tuning

_SHARE = 0.97
"""Of a plan's figure, what a GPU must have: cards give a little less than their name says."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a pipeline is to be loaded and placed.  Equal setups need no loading anew.

    Attributes:
        plan: the memory plan; None: the model as it is.
        on_gpu: whether it runs on a GPU, in bfloat16; else on the processor, in float32.
        offload: where weights wait; nowhere else without a GPU.
        stored: how the denoisers' weights are kept.
        tiled: whether the autoencoder works in tiles.
        attention: what computes attention, a name of diffusers; empty: its own choice.
        compiled: whether repeated blocks of the denoisers are compiled.
    """

    plan: MemoryPlan | None = None
    on_gpu: bool = False
    offload: Offload = Offload.NONE
    stored: Stored = Stored.BF16
    tiled: bool = False
    attention: str = ""
    compiled: bool = False

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """What of it changes the frames a little, as metas call it."""
        told = []
        if self.stored is not Stored.BF16:
            told.append(f"weights:{self.stored.name.lower()}")
        if self.tiled:
            told.append("vae:tiled")
        if self.attention:
            told.append(f"attention:{self.attention}")
        if self.compiled:
            told.append("compiled")
        return tuple(told)


def setup_for(family: Family, *, wanted: str, gpu_bytes: int, tuning: Tuning) -> Setup:
    """How ``family`` is to run on this machine.

    Args:
        family: what is to run.
        wanted: the memory plan a manifest names; empty: none.
        gpu_bytes: memory of the GPU, all of it; 0: there is none.
        tuning: what the fleet's settings say.

    Raises:
        GpuTooSmall: no plan was named, and none fits.
        ParameterRefused: the model has no such plan.
    """
    name = MemoryPlan(wanted) if wanted else _largest(family, gpu_bytes)
    if name is None:
        stored = _stored(tuning, Stored.BF16)
        return Setup(stored=stored, attention=tuning.attention, compiled=tuning.compile)
    if name not in family.plans:
        raise ParameterRefused(
            field="generation_params.memory_plans",
            what=f"{family.name} has no plan {name.value}; it has "
            f"{', '.join(plan.value for plan in family.plans)}",
        )
    plan = family.plans[name]
    return Setup(
        plan=name,
        on_gpu=gpu_bytes > 0,
        offload=plan.offload if gpu_bytes else Offload.NONE,
        stored=_stored(tuning, plan.stored),
        tiled=plan.tiled,
        attention=tuning.attention,
        compiled=tuning.compile,
    )


def _stored(tuning: Tuning, planned: Stored) -> Stored:
    return Stored[tuning.quantise.upper()] if tuning.quantise else planned


def _largest(family: Family, gpu_bytes: int) -> MemoryPlan | None:
    if not gpu_bytes:
        return None
    by_size = sorted(family.plans.items(), key=_needs, reverse=True)
    for name, plan in by_size:
        if plan.gpu_bytes * _SHARE <= gpu_bytes:
            return name
    name, least = by_size[-1]
    raise GpuTooSmall(
        model=family.name, plan=name.value, needed_bytes=least.gpu_bytes, there_bytes=gpu_bytes
    )


def _needs(named: tuple[MemoryPlan, Plan]) -> int:
    return named[1].gpu_bytes
