"""The generators of this fleet, by the name a manifest gives in ``generation_params.model``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from fleet import registry
from fleet.generate.base import Generator
from fleet.registry import Backend
from fleet.weights.shelf import NOWHERE

GENERATORS: Final[Mapping[str, Backend]] = {
    "camera": Backend("fleet.generate.camera", "Camera", extra="fleet"),
}


def generator(name: str) -> Generator:
    """A new generator; its model is not loaded yet.

    Raises:
        UnknownBackend: no generator has that name.
        ExtraMissing: its packages are not installed.
    """
    made = registry.load(name, kind="generator", backends=GENERATORS, find=NOWHERE.find)
    return cast("Generator", made)


def known() -> tuple[str, ...]:
    """The names of all generators, sorted; those whose extra is missing are among them."""
    return tuple(sorted(GENERATORS))
