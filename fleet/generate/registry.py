"""The generators of this fleet, by the name a manifest gives in ``generation_params.model``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from fleet import registry
from fleet.generate.base import Generator
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.registry import Backend
from fleet.weights.shelf import NOWHERE, Shelf

GENERATORS: Final[Mapping[str, Backend]] = {
    "camera": Backend("fleet.generate.camera", "Camera", extra="fleet"),
}


def generator(name: str, shelf: Shelf = NOWHERE) -> Generator:
    """A new generator; its model is not loaded yet, and its weights need not be here.

    Raises:
        UnknownBackend: no generator has that name.
        ExtraMissing: its packages are not installed.
    """
    if name in FAMILIES:
        return Diffusion(FAMILIES[name], shelf)
    backends = {**GENERATORS, **dict.fromkeys(FAMILIES, GENERATORS["camera"])}
    made = registry.load(name, kind="generator", backends=backends, find=shelf.find)
    return cast("Generator", made)


def known() -> tuple[str, ...]:
    """The names of all generators, sorted; those whose extra or weights are missing among them."""
    return tuple(sorted({*GENERATORS, *FAMILIES}))
