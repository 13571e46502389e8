"""Snapping: where a rectangle that is nearly right belongs.  Pure.

A rectangle snaps with its edges and middle: to the picture's edges and middle, to the other
rectangles' edges and middles, to faces (their edges, so that none is trimmed, and their middle on
the rectangle's own middle or thirds), and with its middle to the picture's thirds.  A line that it
could only reach by leaving the picture is always further than the picture's edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from companions.geometry import Rect, Size


@dataclass(frozen=True, slots=True)
class Guide:
    """A line that a rectangle snapped to.

    Attributes:
        vertical: whether it stands (``at`` is an x) or lies (a y).
        at: where, as a fraction of the picture.
        what: "edge", "middle", "third", "face" or "other".
    """

    vertical: bool
    at: float
    what: str


@dataclass(frozen=True, slots=True)
class Snapped:
    """A rectangle and the guides it was moved to."""

    rect: Rect
    guides: tuple[Guide, ...]


def snapped(
    rect: Rect,
    *,
    picture: Size,
    others: Sequence[Rect] = (),
    faces: Sequence[Rect] = (),
    reach_px: float,
) -> Snapped:
    """``rect`` moved, at its size, by at most ``reach_px`` picture pixels each way."""
    shift_x, guide_x = _best(
        _offers(rect.x1, rect.x2, [(r.x1, r.x2) for r in others], [(r.x1, r.x2) for r in faces]),
        reach=reach_px / picture.width,
    )
    shift_y, guide_y = _best(
        _offers(rect.y1, rect.y2, [(r.y1, r.y2) for r in others], [(r.y1, r.y2) for r in faces]),
        reach=reach_px / picture.height,
    )
    cx, cy = rect.centre
    guides = []
    if guide_x is not None:
        guides.append(Guide(vertical=True, at=guide_x[0], what=guide_x[1]))
    if guide_y is not None:
        guides.append(Guide(vertical=False, at=guide_y[0], what=guide_y[1]))
    return Snapped(Rect.around(cx + shift_x, cy + shift_y, rect.width, rect.height), tuple(guides))


def snapped_point(
    point: tuple[float, float],
    *,
    picture: Size,
    others: Sequence[Rect] = (),
    faces: Sequence[Rect] = (),
    reach_px: float,
) -> tuple[tuple[float, float], tuple[Guide, ...]]:
    """``point`` (picture pixels), a corner or edge that is dragged, moved to what it is nearly on.

    A corner snaps to all that an edge would: edges, middles and thirds of the picture, edges of
    the other rectangles and of faces.
    """
    x, upright = _nearest_line(
        point[0] / picture.width,
        [(r.x1, r.x2) for r in others],
        [(r.x1, r.x2) for r in faces],
        reach=reach_px / picture.width,
    )
    y, level = _nearest_line(
        point[1] / picture.height,
        [(r.y1, r.y2) for r in others],
        [(r.y1, r.y2) for r in faces],
        reach=reach_px / picture.height,
    )
    guides = []
    if upright:
        guides.append(Guide(vertical=True, at=x, what=upright))
    if level:
        guides.append(Guide(vertical=False, at=y, what=level))
    return (x * picture.width, y * picture.height), tuple(guides)


def _nearest_line(
    at: float,
    others: Iterable[tuple[float, float]],
    faces: Iterable[tuple[float, float]],
    *,
    reach: float,
) -> tuple[float, str]:
    """The line nearest to ``at`` and what it is; ``at`` and nothing, where none is near."""
    lines = [(0.0, "edge"), (1.0, "edge"), (0.5, "middle")]
    lines += [(1.0 / 3.0, "third"), (2.0 / 3.0, "third")]
    lines += [(line, "other") for ends in others for line in ends]
    lines += [(line, "face") for ends in faces for line in ends]
    line, what = min(lines, key=lambda each: abs(each[0] - at))
    return (line, what) if abs(line - at) <= reach else (at, "")


def _offers(
    low: float,
    high: float,
    others: Iterable[tuple[float, float]],
    faces: Iterable[tuple[float, float]],
) -> list[tuple[float, float, str]]:
    """(shift, line, what) for every line along one axis."""
    middle, extent = (low + high) / 2.0, high - low
    offers = [(0.0 - low, 0.0, "edge"), (1.0 - high, 1.0, "edge"), (0.5 - middle, 0.5, "middle")]
    offers += [(third - middle, third, "third") for third in (1.0 / 3.0, 2.0 / 3.0)]
    for a, b in others:
        offers += [(a - low, a, "other"), (b - high, b, "other")]
        offers += [((a + b) / 2.0 - middle, (a + b) / 2.0, "other")]
    for a, b in faces:
        offers += [(a - low, a, "face"), (b - high, b, "face"), (a - high, a, "face")]
        offers += [(b - low, b, "face")]
        own = (low + extent / 3.0, middle, low + 2.0 * extent / 3.0)
        offers += [((a + b) / 2.0 - line, (a + b) / 2.0, "face") for line in own]
    return offers


def _best(
    offers: Iterable[tuple[float, float, str]], *, reach: float
) -> tuple[float, tuple[float, str] | None]:
    near = [offer for offer in offers if abs(offer[0]) <= reach]
    if not near:
        return 0.0, None
    shift, line, what = min(near, key=lambda offer: abs(offer[0]))
    return shift, (line, what)
