"""The upscalers of this fleet, by the name a manifest gives in ``upscaling.backend``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from fleet import registry
from fleet.registry import Backend
from fleet.upscale.base import Upscaler
from fleet.weights.shelf import NOWHERE, Shelf


def _network(name: str, attribute: str) -> Backend:
    return Backend("fleet.upscale.realesrgan.backend", attribute, extra="gpu", weights=name)


UPSCALERS: Final[Mapping[str, Backend]] = {
    "lanczos": Backend("fleet.upscale.lanczos", "Lanczos", extra="fleet"),
    "realesrgan": _network("realesrgan", "RealEsrgan"),
    "realesrgan-x4": _network("realesrgan-x4", "X4"),
    "realesrgan-x2": _network("realesrgan-x2", "X2"),
    "realesrgan-anime-x4": _network("realesrgan-anime-x4", "ANIME_X4"),
    "realesr-general-x4": _network("realesr-general-x4", "GENERAL_X4"),
    "realesr-animevideo-x4": _network("realesr-animevideo-x4", "ANIMEVIDEO_X4"),
}


def upscaler(name: str, shelf: Shelf = NOWHERE) -> Upscaler:
    """A new upscaler, its weights found on ``shelf``.

    Raises:
        UnknownBackend: no upscaler has that name.
        ExtraMissing: its packages are not installed.
        WeightsMissing: its weights are not on this machine.
    """
    made = registry.load(name, kind="upscaler", backends=UPSCALERS, find=shelf.find)
    return cast("Upscaler", made)


def known() -> tuple[str, ...]:
    """The names of all upscalers, sorted; those whose extra or weights are missing among them."""
    return tuple(sorted(UPSCALERS))
