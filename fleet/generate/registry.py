"""The generators of this fleet, by the name a manifest gives in ``generation_params.model``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final, cast

from fleet import registry
from fleet.errors import UnknownBackend
from fleet.generate.base import Generator
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.tuning import PLAIN, Tuning
from fleet.registry import Backend
from fleet.weights.shelf import NOWHERE, Shelf

GENERATORS: Final[Mapping[str, Backend]] = {
    "camera": Backend("fleet.generate.camera", "Camera", extra="fleet"),
}


def generator(name: str, shelf: Shelf = NOWHERE, tuning: Tuning = PLAIN) -> Generator:
    """A new generator; its model is not loaded yet, and its weights need not be here.

    Raises:
        UnknownBackend: no generator has that name.
        ExtraMissing: its packages are not installed.
    """
    if name in FAMILIES:
        return Diffusion(FAMILIES[name], shelf, tuning)
    if name not in GENERATORS:
        raise UnknownBackend(kind="generator", name=name, known=known())
    made = registry.load(name, kind="generator", backends=GENERATORS, find=shelf.find)
    return cast("Generator", made)


def model_memory_bytes() -> int:
    """Memory of the GPU that this process's models run on; 0: none, or none has run yet.

    Imports nothing: a worker that only renders moves never needs torch.
    """
    if "torch" not in sys.modules:
        return 0
    from fleet.generate.diffusion.placing import gpu_bytes

    return gpu_bytes()


def known() -> tuple[str, ...]:
    """The names of all generators, sorted; those whose extra or weights are missing among them."""
    return tuple(sorted({*GENERATORS, *FAMILIES}))
