"""The families, one file each; whoever adds one adds a file with a ``FAMILY`` in it.

Modules whose names begin with an underscore are no families: they hold what several share.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fleet.generate.diffusion.family import Family


def _declared() -> Mapping[str, Family]:
    found: dict[str, Family] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        if not module.name.startswith("_"):
            family: Family = importlib.import_module(f"{__name__}.{module.name}").FAMILY
            found[family.name] = family
    return MappingProxyType(found)


FAMILIES: Final = _declared()
"""Every family by its name."""
