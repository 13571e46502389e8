"""Faces, found without a model file to download: OpenCV's Haar cascades.

A face is a hard constraint for motion rectangles.  As one score among others it lost: the
best-scoring window trimmed a forehead.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from companions.geometry import MIN_EXTENT, Rect
from companions.picture import Pixels

if TYPE_CHECKING:
    import cv2

GROWTH: Final = 0.30
"""How much wider and higher than the detected box a face is taken to be (hair, chin, ears)."""

_SEARCH_SIDE: Final = 512
_SMALLEST_SHARE: Final = 0.06
_SAME_FACE_OVERLAP: Final = 0.3
# The profile cascade is the noisier one; it sees faces in foliage at the usual 3 to 5 neighbours.
_SEARCHES: Final = (
    ("haarcascade_frontalface_default.xml", 7, False),
    ("haarcascade_profileface.xml", 8, False),
    ("haarcascade_profileface.xml", 8, True),
)

_Box = tuple[int, int, int, int]


def find_faces(pixels: Pixels) -> tuple[Rect, ...]:
    """The faces in an upright picture, each grown by ``GROWTH``, largest first.

    Faces under six per cent of the picture's shorter side are not looked for.  Not for use from
    several threads at once: OpenCV's classifiers keep state while they search.
    """
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, _SEARCH_SIDE / max(width, height))
    small = cv2.resize(
        pixels,
        (max(1, round(width * scale)), max(1, round(height * scale))),
        interpolation=cv2.INTER_AREA,
    )
    grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    rows, columns = grey.shape[:2]
    smallest = max(24, round(_SMALLEST_SHARE * min(rows, columns)))
    boxes: list[_Box] = []
    for name, neighbours, mirrored in _SEARCHES:
        view = cv2.flip(grey, 1) if mirrored else grey
        found = _classifier(name).detectMultiScale(
            view, scaleFactor=1.2, minNeighbors=neighbours, minSize=(smallest, smallest)
        )
        # Sorted, because OpenCV searches in parallel and reports in any order.
        for x, y, w, h in sorted(tuple(int(v) for v in box) for box in found):
            box = (columns - x - w if mirrored else x, y, w, h)
            if all(_overlap(box, other) < _SAME_FACE_OVERLAP for other in boxes):
                boxes.append(box)
    boxes.sort(key=lambda box: (-box[2] * box[3], box))
    return tuple(_grown(box, columns=columns, rows=rows) for box in boxes)


@cache
def _classifier(name: str) -> cv2.CascadeClassifier:
    import cv2
    import cv2.data

    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / name))


def _overlap(a: _Box, b: _Box) -> float:
    """Shared area over the smaller box's area."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / min(a[2] * a[3], b[2] * b[3])


def _grown(box: _Box, *, columns: int, rows: int) -> Rect:
    x, y, w, h = box
    dx, dy = 0.5 * GROWTH * w, 0.5 * GROWTH * h
    x1, y1 = max(0.0, (x - dx) / columns), max(0.0, (y - dy) / rows)
    return Rect.of(
        x1,
        y1,
        max(x1 + 2 * MIN_EXTENT, min(1.0, (x + w + dx) / columns)),
        max(y1 + 2 * MIN_EXTENT, min(1.0, (y + h + dy) / rows)),
    )
