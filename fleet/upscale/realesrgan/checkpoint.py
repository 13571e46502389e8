"""A file of Real-ESRGAN's weights as tensors of a known structure, or a refusal that says what is
wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from torch import Tensor

from fleet.upscale.realesrgan.tables import MODELS, Structure, told
from fleet.weights import reading
from fleet.weights.errors import WeightsRefused
from fleet.weights.tables import Table, check_shapes

ANY: Final = "realesrgan"
"""The name of whatever network of the family a file holds."""
_NAMED: Final = 3
"""As many tensors of a file that is none as its refusal names."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a file held.

    Attributes:
        structure: of the network.
        state: its tensors by name, float32, on the CPU.
        sha256: of the file's bytes.
    """

    structure: Structure
    state: Mapping[str, Tensor]
    sha256: str


def load(path: Path, *, name: str) -> Held:
    """The weights in ``path`` of the model ``name``: one of ``tables.MODELS``, or ``ANY``.

    Raises:
        WeightsRefused: not a file of weights (see ``fleet.weights.reading``), or not of this
            model's.
    """
    weights = reading.load(path)
    shapes = reading.shapes_of(weights.state)
    return Held(_structure(shapes, path=path, name=name), weights.state, weights.sha256)


def structure_of(path: Path, *, name: str) -> Structure:
    """The structure alone.  Asked for every shot of a manifest, so a file is read once only, until
    it changes.

    Raises:
        WeightsRefused: as for ``load``.
    """
    try:
        status = path.stat()
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise WeightsRefused(path=path, what=what, remedy="Give another file.") from error
    return _structure_once(path, name, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=16)
def _structure_once(path: Path, name: str, stamp: tuple[int, int, int]) -> Structure:  # noqa: ARG001  tells files apart
    return load(path, name=name).structure


def _structure(shapes: Table, *, path: Path, name: str) -> Structure:
    if name != ANY:
        structure = MODELS[name]
        check_shapes(shapes, structure.table(), path=path, model=name)
        return structure
    found = told(shapes)
    if found is None:
        first = ", ".join(key[:100] for key in sorted(shapes)[:_NAMED])
        what = f"holds no network of Real-ESRGAN for factor 2 or 4 (its first tensors: {first})"
        remedy = f"Give a file of one of the models {', '.join(MODELS)}, or one trained like them."
        raise WeightsRefused(path=path, what=what, remedy=remedy)
    return found
