"""Backends by name: declared as data, imported only when asked for.

Generators and interpolators are found here alike.  Importing this module imports no backend, so
a machine without torch can list, check and refuse what needs it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import ExtraMissing, UnknownBackend


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a backend lives and what must be installed for it.

    Attributes:
        module: dotted name of the module that defines it.
        attribute: the class (or factory) in that module, called without arguments, or with the
            path of its weights.
        extra: the extra of motionfleet that installs the packages it needs.
        weights: name of the weights it needs; empty: none but what comes with it.
    """

    module: str
    attribute: str
    extra: str
    weights: str = ""


def load(
    name: str, *, kind: str, backends: Mapping[str, Backend], find: Callable[[str], Path]
) -> object:
    """A new instance of the backend ``name`` from ``backends``; ``kind`` names it in messages.

    ``find`` gives the file of the weights of a name.

    Raises:
        UnknownBackend: ``name`` is not among ``backends``; the known ones are listed.
        ExtraMissing: a package it needs is not installed; the extra that has it is named.
        WeightsMissing: ``find`` knows no file of its weights.
    """
    try:
        backend = backends[name]
    except KeyError:
        raise UnknownBackend(kind=kind, name=name, known=backends) from None
    try:
        module = importlib.import_module(backend.module)
    except ModuleNotFoundError as error:
        missing = error.name or backend.module
        if missing.split(".")[0] in {"fleet", "companions"}:
            raise  # our own module is missing: a bug, and no extra would mend it
        raise ExtraMissing(
            kind=kind, name=name, extra=backend.extra, module=missing.split(".")[0]
        ) from error
    factory = getattr(module, backend.attribute)
    made: object = factory(find(backend.weights)) if backend.weights else factory()
    return made
