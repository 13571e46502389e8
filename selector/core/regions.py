"""Regions of objects that move by themselves: from what a hand drew to what a document keeps.

A lasso becomes a polygon, brush strokes become a mask: a grey PNG beside the companion, named
after its picture, its object and its own bytes.  A mask that has been drawn is never written
over, so every step of the undo history finds its own.

Strokes come in picture fractions, as ``ways`` has them.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import ValidationError

from companions import files
from companions.errors import FileUnwritable, PathRefused
from companions.geometry import Size
from companions.masks import BELONGS, Mask, mask_box
from companions.names import LONGEST_SUFFIX, MASK_SUFFIX, MAX_NAME_BYTES, path_fault
from companions.trajectory import MaskRegion, PolygonRegion
from selector.core.ways import Stroke, simplified

LONG_SIDE: Final = 2048
"""Longest side of a drawn mask in pixels; a smaller picture's mask has the picture's size."""
LEAST_RADIUS_PX: Final = 0.75
"""No brush is thinner, in mask pixels: a thinner one would draw nothing that belongs."""

_SUBPIXEL_BITS: Final = 4
_HASH_SIGNS: Final = (8, 16, 64)
_PLAIN: Final = "-_"
_FEWEST_THAT_CROSS: Final = 4
Outline = tuple[tuple[float, float], ...]
"""A closed line in picture fractions."""


@dataclass(frozen=True, slots=True)
class BrushStroke:
    """One stroke of the brush.

    Attributes:
        points: where the brush went, in picture fractions, in order; one for a dab.
        radius: of the brush, in picture widths.
        erases: whether it takes away.
    """

    points: tuple[tuple[float, float], ...]
    radius: float
    erases: bool = False


def mask_size(picture: Size) -> Size:
    """The size of a mask that is drawn over a picture of that size."""
    share = min(1.0, LONG_SIDE / max(picture.width, picture.height))
    return Size(max(1, round(picture.width * share)), max(1, round(picture.height * share)))


def brushed(strokes: Sequence[BrushStroke], *, picture: Size, onto: Mask | None = None) -> Mask:
    """The mask that the strokes make in their order, over the mask ``onto`` (of any size)."""
    import cv2

    size = mask_size(picture)
    if onto is None:
        mask = np.zeros((size.height, size.width), dtype=np.uint8)
    else:
        whole = (size.width, size.height)
        mask = np.array(cv2.resize(onto, whole, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    for stroke in strokes:
        if not stroke.points:
            continue
        radius = max(stroke.radius * size.width, LEAST_RADIUS_PX)
        # A picture's width away nothing is drawn, and OpenCV's fixed point cannot count further.
        points = np.clip(np.array(stroke.points, dtype=np.float64), -1.0, 2.0)
        fixed = _fixed(points * (size.width, size.height) - 0.5)
        ink = 0 if stroke.erases else 255
        cv2.polylines(
            mask,
            [fixed],
            isClosed=False,
            color=ink,
            thickness=max(1, round(2.0 * radius)),
            lineType=cv2.LINE_AA,
            shift=_SUBPIXEL_BITS,
        )
        for x, y in fixed[[0, -1]].tolist():
            cv2.circle(
                mask,
                (x, y),
                round(radius * (1 << _SUBPIXEL_BITS)),
                ink,
                thickness=-1,
                lineType=cv2.LINE_AA,
                shift=_SUBPIXEL_BITS,
            )
    return mask


def lasso(stroke: Stroke, *, picture: Size) -> PolygonRegion | None:
    """The polygon that a stroke around something encloses; it closes by itself.

    Cut off at the picture's edge.  A stroke that crosses itself encloses all that lies within its
    outermost line.  None where it encloses too little to be a region.
    """
    ring = [(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in stroke]
    corners = simplified([*ring, *ring[:1]], picture=picture)[:-1]
    if _crosses_itself(corners):
        corners = _outermost(corners, picture=picture)
    try:
        return PolygonRegion(shape="polygon", points=tuple(corners))
    except ValidationError:
        return None


def mask_png(mask: Mask) -> bytes:
    """The mask as a PNG file; equal masks are equal bytes."""
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG", optimize=False, compress_level=6)
    return buffer.getvalue()


def mask_name(picture: str, name: str, sha256: str) -> str:
    """The name of a mask file: ``X.kite-1a2b3c4d.mask.png`` for the picture ``X.jpg``.

    ``name`` is the object's; what file systems may refuse in it becomes a dash, and an overlong
    one is cut.  ``sha256``: its bytes' hash, or the start of it.
    """
    stem = unicodedata.normalize("NFC", Path(picture).stem)
    word = unicodedata.normalize("NFC", name)
    word = "".join(sign if _is_plain(sign) else "-" for sign in word)
    rest = f"-{sha256}{MASK_SUFFIX}"
    # As ``path_fault`` has it: a path's stem leaves room for the longest companion.
    longest = MAX_NAME_BYTES - len(f".{LONGEST_SUFFIX}") + len(Path(rest).suffix)
    while word and len(f"{stem}.{word}{rest}".encode()) > longest:
        word = word[:-1]
    return f"{stem}.{word}{rest}"


def save_mask(mask: Mask, *, picture: Path, name: str) -> MaskRegion:
    """Write the mask of the object ``name`` beside ``picture`` and return the region it is.

    ``picture`` is where the picture lies, or would lie for its companions to lie beside it
    (``Placement.stand_in``).  What lies there already is never written over.

    Raises:
        ValueError: nothing belongs to the mask.
        PathRefused: the picture's name is too long or too odd for a mask's name in a document.
        FileUnwritable: the folder or disk refuses.
    """
    if mask_box(mask) is None:
        raise ValueError("nothing is drawn: a region needs at least one pixel")
    data = mask_png(mask)
    sha256 = hashlib.sha256(data).hexdigest()
    for signs in _HASH_SIGNS:
        path = picture.with_name(mask_name(picture.name, name, sha256[:signs]))
        if (fault := path_fault(path.name)) is not None:
            file = str(picture)
            raise PathRefused(file=file, field="region.path", path=path.name, why=fault)
        region = MaskRegion(shape="mask", path=path.name, sha256=sha256)
        with files.Pending(path, data) as pending:
            if pending.commit_new() or _holds_bytes(path, sha256):
                return region
    raise FileUnwritable(path=path, errno_name="EEXIST", what="something else has its name")


def outlines(mask: Mask) -> tuple[Outline, ...]:
    """The edges of the mask's region, and of the holes in it, as closed lines to be drawn."""
    return _contours(mask, outer_only=False)


def _is_plain(sign: str) -> bool:
    return sign.isalnum() or sign in _PLAIN or unicodedata.category(sign).startswith("M")


def _fixed(points: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    return np.rint(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _holds_bytes(path: Path, sha256: str) -> bool:
    try:
        return files.sha256_of(path) == sha256
    except OSError:
        return False


def _crosses_itself(corners: Sequence[tuple[float, float]]) -> bool:
    a = np.array(corners, dtype=np.float64).reshape(-1, 2)
    if len(a) < _FEWEST_THAT_CROSS:
        return False
    b = np.roll(a, -1, axis=0)

    def side(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """For each edge i and point j, on which side of edge i point j lies."""
        along, off = (b - a)[:, None, :], p[None, :, :] - a[:, None, :]
        return np.asarray(np.sign(along[..., 0] * off[..., 1] - along[..., 1] * off[..., 0]))

    apart = side(a) * side(b) < 0.0
    return bool(np.any(apart & apart.T))


def _outermost(
    corners: Sequence[tuple[float, float]], *, picture: Size
) -> list[tuple[float, float]]:
    import cv2

    size = mask_size(picture)
    mask = np.zeros((size.height, size.width), dtype=np.uint8)
    fixed = _fixed(np.array(corners) * (size.width, size.height) - 0.5)
    cv2.fillPoly(mask, [fixed], 255, shift=_SUBPIXEL_BITS)
    # With its line, so that lobes which touch in one point are one.
    cv2.polylines(mask, [fixed], isClosed=True, color=255, shift=_SUBPIXEL_BITS)
    rings = _contours(mask, outer_only=True)
    largest = max(rings, key=_area, default=())
    return simplified([*largest, *largest[:1]], picture=picture)[:-1]


def _area(ring: Outline) -> float:
    after = (*ring[1:], ring[0])
    twice = sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, after, strict=True))
    return abs(twice) / 2.0


def _contours(mask: Mask, *, outer_only: bool) -> tuple[Outline, ...]:
    import cv2

    height, width = mask.shape
    inside = (mask >= BELONGS).astype(np.uint8)
    how = cv2.RETR_EXTERNAL if outer_only else cv2.RETR_CCOMP
    found, _ = cv2.findContours(inside, how, cv2.CHAIN_APPROX_SIMPLE)
    return tuple(
        tuple(((float(x) + 0.5) / width, (float(y) + 0.5) / height) for x, y in line[:, 0, :])
        for line in found
    )
