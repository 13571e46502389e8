"""A frame in pieces: where each begins and ends, and how much around it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open rows or columns, in pixels of one grid."""

    start: int
    stop: int

    def scaled(self, factor: int) -> slice:
        """The same on a grid ``factor`` times as fine."""
        return slice(self.start * factor, self.stop * factor)

    def within(self, outer: Span, factor: int = 1) -> slice:
        """Where it lies in ``outer``, on a grid ``factor`` times as fine."""
        return slice((self.start - outer.start) * factor, (self.stop - outer.start) * factor)

    def widened(self, margin: int, *, end: int) -> Span:
        """With ``margin`` more on each side, but nothing before 0 or from ``end`` on."""
        return Span(max(0, self.start - margin), min(end, self.stop + margin))


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a grid."""

    rows: Span
    columns: Span

    def widened(self, margin: int, *, height: int, width: int) -> Tile:
        """With ``margin`` more on each side, within a grid of ``height`` x ``width``."""
        return Tile(self.rows.widened(margin, end=height), self.columns.widened(margin, end=width))

    def cut(self, side: int) -> Iterator[Tile]:
        """Its pieces: every pixel in exactly one, none longer than ``side``, all of nearly one
        size, because a sliver at the edge costs as much around it as a whole piece."""
        for rows in _parts(self.rows, side):
            for columns in _parts(self.columns, side):
                yield Tile(rows, columns)


def _parts(span: Span, side: int) -> Iterator[Span]:
    length = span.stop - span.start
    count = -(-length // side)
    for i in range(count):
        yield Span(span.start + length * i // count, span.start + length * (i + 1) // count)
