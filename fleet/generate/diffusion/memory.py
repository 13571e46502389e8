"""How much of a GPU a model needs under each memory plan, reckoned from its size.  Pure.

    weights on the GPU  +  80 bytes x places of the latents x width of the denoiser

Weights are counted at what they are stored in.  The 80 bytes are fitted to what the authors of
Wan 2.2 A14B publish for one H100 (41 GB at 480p, 59.7 GB at 720p, one expert on the GPU at a time)
and agree with what the authors of HunyuanVideo say (60 GB).  What was measured replaces what is
reckoned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from companions.generation_params import MemoryPlan
from companions.geometry import Size
from fleet.generate.diffusion.family import Offload, Plan, Stored

_GIB: Final = 1024**3
_BYTES_OF_A_PLACE: Final = 80
# A tenth of the largest part: a few of its layers, and those that are on their way.
_GROUP_SHARE: Final = 0.1

# What is left of the GPUs that plans are meant for (80, 40 and 24 GB) once the driver is in.
_BUDGETS: Final = {
    MemoryPlan.CINEMA: 78 * _GIB,
    MemoryPlan.BALANCED: 38 * _GIB,
    MemoryPlan.FAST: int(22.5 * _GIB),
}
_RUNGS: Final = (
    (Offload.NONE, Stored.BF16, False),
    (Offload.MODEL, Stored.BF16, True),
    (Offload.MODEL, Stored.FP8_LAYERWISE, True),
    (Offload.GROUP, Stored.BF16, True),
)
"""From what costs no time and changes no frame to what fits the smallest GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a model's need of memory is reckoned from.

    Attributes:
        denoisers: parameters of each, in billions.
        others: of each other component that is larger than a tenth of a billion, likewise.
        width: of the denoiser: channels of what it works on.
        places: of the latents, as the denoiser counts them.
    """

    denoisers: Sequence[float]
    others: Sequence[float]
    width: int
    places: int

    @property
    def working_bytes(self) -> int:
        """What denoising needs besides weights."""
        return _BYTES_OF_A_PLACE * self.places * self.width


def places(size: Size, frames: int, *, pixels: int = 16, every: int = 4) -> int:
    """Places of the latents of ``frames`` frames: one for each ``pixels`` x ``pixels`` of the
    first frame, and of every ``every``-th after it."""
    return ((frames - 1) // every + 1) * (size.width // pixels) * (size.height // pixels)


def needed(measures: Measures, *, offload: Offload, stored: Stored) -> int:
    """Bytes of GPU memory, reckoned."""
    of_denoiser = 1e9 if stored in {Stored.FP8_LAYERWISE, Stored.FP8, Stored.INT8} else 2e9
    denoisers = [of_denoiser * each for each in measures.denoisers]
    others = [2e9 * each for each in measures.others]
    working = measures.working_bytes
    if offload is Offload.NONE:
        return int(sum(denoisers) + sum(others) + working)
    if offload is Offload.MODEL:
        return int(max(max(denoisers) + working, *others, 0.0))
    return int(_GROUP_SHARE * max(denoisers + others) + working)


def reckoned(measures: Measures) -> Mapping[MemoryPlan, Plan]:
    """The plans of a model: for each GPU the first way that fits it; none where none does."""
    plans: dict[MemoryPlan, Plan] = {}
    rung = 0
    for name, budget in _BUDGETS.items():
        while rung < len(_RUNGS):
            offload, stored, tiled = _RUNGS[rung]
            gpu_bytes = needed(measures, offload=offload, stored=stored)
            if gpu_bytes <= budget:
                plans[name] = Plan(
                    gpu_bytes=gpu_bytes,
                    source="reckoned",
                    offload=offload,
                    stored=stored,
                    tiled=tiled,
                )
                break
            rung += 1
    return MappingProxyType(plans)
