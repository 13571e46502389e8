"""Whether a file of weights holds what its model needs: names and shapes, and nothing else.

A table is plain data of the model's own module, so that asking needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fleet.weights.errors import WeightsRefused

Shape = tuple[int, ...]
Table = Mapping[str, Shape]
"""The shape of each tensor of a model, by its name."""

_FIRST: Final = 3
"""As many wrong names as a message gives; the rest are counted."""


def check_shapes(shapes: Table, table: Table, *, path: Path, model: str) -> None:
    """Refuse ``shapes``, those of the file ``path``, unless they are the ``table`` of ``model``.

    Raises:
        WeightsRefused: names are missing or unexpected, or a tensor has another shape; the first
            few are named.
    """
    faults = []
    if missing := sorted(table.keys() - shapes.keys()):
        faults.append(f"lacks {_told(missing)}")
    if unexpected := sorted(shapes.keys() - table.keys()):
        faults.append(f"holds {_told(unexpected)}, which {model} has not")
    if other := [
        f"{name} {list(shapes[name])} instead of {list(shape)}"
        for name, shape in table.items()
        if name in shapes and tuple(shapes[name]) != shape
    ]:
        faults.append(f"has other shapes: {_told(other)}")
    if faults:
        raise WeightsRefused(
            path=path,
            what=f"is not a file of {model}'s weights: it {'; it '.join(faults)}",
            remedy=f"Give the file that {model}'s authors publish, or name the model it is of.",
        )


def nearest(shapes: Table, tables: Sequence[Table]) -> Table:
    """The table whose names ``shapes`` has; the first of ``tables`` where none has just those."""
    return next((table for table in tables if shapes.keys() == table.keys()), tables[0])


def _told(names: list[str]) -> str:
    # A hostile file may name a tensor with a megabyte.
    first = ", ".join(name if len(name) <= 100 else f"{name[:100]}..." for name in names[:_FIRST])
    rest = len(names) - _FIRST
    return f"{first} and {rest} more" if rest > 0 else first
