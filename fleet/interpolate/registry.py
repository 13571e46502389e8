"""The interpolators of this fleet, by the name a manifest gives in ``interpolation.backend``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from fleet import registry
from fleet.interpolate.base import Interpolator
from fleet.registry import Backend

INTERPOLATORS: Final[Mapping[str, Backend]] = {
    "blend": Backend("fleet.interpolate.blend", "Blend", extra="fleet"),
    "flow": Backend("fleet.interpolate.flow", "Flow", extra="fleet"),
    "none": Backend("fleet.interpolate.none", "Hold", extra="fleet"),
}


def interpolator(name: str) -> Interpolator:
    """A new interpolator.

    Raises:
        UnknownBackend: no interpolator has that name.
        ExtraMissing: its packages are not installed.
    """
    return cast("Interpolator", registry.load(name, kind="interpolator", backends=INTERPOLATORS))


def known() -> tuple[str, ...]:
    """The names of all interpolators, sorted; those whose extra is missing are among them."""
    return tuple(sorted(INTERPOLATORS))
