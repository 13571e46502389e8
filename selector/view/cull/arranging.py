"""How tiles share the room they have: pure arithmetic, the same for one tile and for 20,000."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

from companions.geometry import Size

GAP: Final = 10
"""Pixels around and between tiles."""
CAPTION: Final = 26
"""Height of a tile's line of words in pixels."""
SMALLEST: Final = 240
"""Narrowest tile in pixels before the grid scrolls."""
_SCROLLED: Final = 300
_ASPECT: Final = 1.5
_FITTED: Final = 12
"""Grids of more tiles than this always scroll; the fitting arrangement is searched for."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a tile lies, in pixels of the whole grid."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Tiles in equal cells.

    Attributes:
        count: how many tiles.
        columns: how many beside each other.
        cell: size of a cell without its gap.
        height: of the whole grid, which scrolls where it is higher than the room.
    """

    count: int
    columns: int
    cell: Size
    height: int

    def box(self, index: int) -> Box:
        """Where the tile of that number lies."""
        row, column = divmod(index, self.columns)
        return Box(
            GAP + column * (self.cell.width + GAP),
            GAP + row * (self.cell.height + GAP),
            self.cell.width,
            self.cell.height,
        )

    def between(self, top: int, bottom: int) -> range:
        """The tiles that show between two heights of the grid."""
        step = self.cell.height + GAP
        first = max(0, (top - GAP) // step) * self.columns
        last = (max(0, bottom) // step + 1) * self.columns
        return range(min(first, self.count), min(last, self.count))

    def at(self, x: int, y: int) -> int | None:
        """The tile at that point of the grid."""
        column, row = x // (self.cell.width + GAP), y // (self.cell.height + GAP)
        index = row * self.columns + column
        if x < 0 or y < 0 or column >= self.columns or index >= self.count:
            return None
        return index


def arrange(count: int, *, room: Size) -> Arrangement:
    """The arrangement in which pictures are shown largest; many tiles are as wide as a thumb."""
    found = [_columns(count, columns, room) for columns in range(1, min(count, _FITTED) + 1)]
    best = max(found, key=_shown, default=None)
    if best is not None and count <= _FITTED and _picture_width(best.cell) >= SMALLEST:
        return best
    if count <= 1 and best is not None:
        return best
    columns = max(1, (room.width - GAP) // (_SCROLLED + GAP))
    width = max(1, (room.width - GAP) // columns - GAP)
    height = round(width / _ASPECT) + CAPTION
    rows = ceil(count / columns)
    return Arrangement(count, columns, Size(width, height), GAP + rows * (height + GAP))


def _columns(count: int, columns: int, room: Size) -> Arrangement:
    rows = ceil(count / columns)
    width = max(1, (room.width - GAP) // columns - GAP)
    height = max(CAPTION + 1, (room.height - GAP) // rows - GAP)
    return Arrangement(count, columns, Size(width, height), GAP + rows * (height + GAP))


def _shown(arranged: Arrangement) -> float:
    return _picture_width(arranged.cell)


def _picture_width(cell: Size) -> float:
    return min(cell.width, (cell.height - CAPTION) * _ASPECT)
