"""The interpolators of this fleet, by the name a manifest gives in ``interpolation.backend``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from fleet import registry
from fleet.interpolate.base import Interpolator
from fleet.registry import Backend
from fleet.weights.shelf import NOWHERE, Shelf

INTERPOLATORS: Final[Mapping[str, Backend]] = {
    "blend": Backend("fleet.interpolate.blend", "Blend", extra="fleet"),
    "flow-refine": Backend("fleet.interpolate.refine.backend", "FlowRefine", extra="fleet"),
    "flow": Backend("fleet.interpolate.flow", "Flow", extra="fleet"),
    "none": Backend("fleet.interpolate.none", "Hold", extra="fleet"),
    "rife": Backend("fleet.interpolate.rife.backend", "Rife", extra="gpu", weights="rife"),
    "rife-4.6": Backend(
        "fleet.interpolate.rife.backend", "rife_4_6", extra="gpu", weights="rife-4.6"
    ),
    "rife-4.25": Backend(
        "fleet.interpolate.rife.backend", "rife_4_25", extra="gpu", weights="rife-4.25"
    ),
    "rife-4.26": Backend(
        "fleet.interpolate.rife.backend", "rife_4_26", extra="gpu", weights="rife-4.26"
    ),
}


def interpolator(name: str, shelf: Shelf = NOWHERE) -> Interpolator:
    """A new interpolator, its weights found on ``shelf``.

    Raises:
        UnknownBackend: no interpolator has that name.
        ExtraMissing: its packages are not installed.
        WeightsMissing: its weights are not on this machine.
    """
    made = registry.load(name, kind="interpolator", backends=INTERPOLATORS, find=shelf.find)
    return cast("Interpolator", made)


def known() -> tuple[str, ...]:
    """The names of all interpolators, sorted; those whose extra is missing are among them."""
    return tuple(sorted(INTERPOLATORS))
