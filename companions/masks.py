"""Masks: regions of a picture as grey pixels, whether they come as a file or as a polygon.

Read by the desk and by whatever carries regions along their ways, so that both mean the same
pixels.  A pixel belongs to a mask's region from ``BELONGS`` on; what is softer is the edge's
blend.  A polygon holds what an odd number of its edges lies around (the even-odd rule).

A mask is a picture from outside: it is refused unless it is an 8-bit grey PNG of the picture's
shape, within limits, with the bytes that its region names.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt
from PIL import Image

from companions import files
from companions.errors import PathRefused, PictureProblem, PictureRefused
from companions.geometry import Size
from companions.picture import DAMAGE, inspect_picture
from companions.trajectory import MaskRegion, PolygonRegion

Mask = npt.NDArray[np.uint8]
"""A region, (height, width), of the picture's shape but of any size: 255 inside, 0 outside."""
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in picture fractions."""

BELONGS: Final = 128
MAX_MASK_BYTES: Final = 64 * 1024 * 1024
MAX_MASK_PIXELS: Final = 80_000_000
"""Below the size from which Pillow warns, above every mask that a hand can draw."""

_REDRAW: Final = "Put the file back as it was, or draw the region again in the selector."
_SUBPIXEL_BITS: Final = 4


def read_mask(region: MaskRegion, *, folder: Path, picture: Size) -> Mask:
    """The mask that ``region`` names, in a document of ``folder`` about a picture of that size.

    Raises:
        PathRefused: its path leaves the folder, by a symbolic link.
        PictureRefused: missing, not the bytes it was, damaged, too large, no 8-bit grey PNG, of
            another shape than the picture, or without any pixel that belongs to the region.
    """
    path = files.resolve_inside(folder, region.path)
    if path is None:
        raise PathRefused(
            file=str(folder), field="region.path", path=region.path, why="leaves its folder"
        )
    return decode_mask(_bytes(path), region, picture=picture, file=str(path))


def decode_mask(data: bytes, region: MaskRegion, *, picture: Size, file: str) -> Mask:
    """The mask that ``data`` is, if it is the one that ``region`` names; ``file`` names it in
    messages.

    Raises:
        PictureRefused: as ``read_mask``.
    """
    if hashlib.sha256(data).hexdigest() != region.sha256:
        _refuse(file, PictureProblem.CHANGED, "is another file than the one that was drawn")
    mask = _decoded(data, file)
    if not same_shape(Size(mask.shape[1], mask.shape[0]), picture):
        what = f"is {mask.shape[1]} x {mask.shape[0]}, another shape than its picture's "
        _refuse(file, PictureProblem.CHANGED, f"{what}{picture.width} x {picture.height}")
    if mask_box(mask) is None:
        _refuse(file, PictureProblem.EMPTY, "is all black: there is no region in it")
    return mask


def same_shape(reduced: Size, picture: Size) -> bool:
    """Whether ``reduced`` has the shape of the picture, its sides being rounded."""
    slack = max(picture.width, picture.height)  # one pixel of the reduced
    return abs(reduced.width * picture.height - reduced.height * picture.width) <= slack


def polygon_mask(region: PolygonRegion, *, size: Size) -> Mask:
    """The polygon drawn into a mask of that size, its line included and smoothed.

    So it is up to a pixel wider than the polygon: a cut that leaves no rim of its object behind.
    """
    import cv2

    mask = np.zeros((size.height, size.width), dtype=np.uint8)
    # OpenCV's pixel (0, 0) has its centre there; fractions count from its corner.
    corners = np.array(region.points) * (size.width, size.height) - 0.5
    fixed = np.rint(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
    return mask


def mask_box(mask: Mask) -> Box | None:
    """The box around all that belongs to the mask's region; None where nothing does."""
    inside = mask >= BELONGS
    columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    if not columns.size:
        return None
    height, width = mask.shape
    return (
        float(columns[0]) / width,
        float(rows[0]) / height,
        float(columns[-1] + 1) / width,
        float(rows[-1] + 1) / height,
    )


def _bytes(path: Path) -> bytes:
    try:
        return files.read_limited(path, limit=MAX_MASK_BYTES)
    except FileNotFoundError:
        _refuse(str(path), PictureProblem.MISSING, "there is no such mask")
    except OSError as error:
        _refuse(str(path), PictureProblem.UNREADABLE, f"cannot be read ({error.strerror or error})")


def _decoded(data: bytes, file: str) -> Mask:
    facts = inspect_picture(data, file=file)
    if facts.size.pixels > MAX_MASK_PIXELS:
        _refuse(file, PictureProblem.TOO_LARGE, f"has {facts.size.pixels / 1e6:.0f} megapixels")
    try:
        # Pillow itself, not ``decode_picture``: a mask's values are no colours, and neither
        # profiles nor an orientation apply to them.
        with Image.open(io.BytesIO(data)) as image:
            if facts.format != "PNG" or image.mode != "L":
                what = f"is not an 8-bit grey PNG ({facts.format}, {image.mode})"
                _refuse(file, PictureProblem.NOT_A_PICTURE, what)
            return np.array(image, dtype=np.uint8)
    except DAMAGE as error:
        _refuse(file, PictureProblem.TRUNCATED, f"is truncated or corrupt ({error})")


def _refuse(file: str, problem: PictureProblem, what: str) -> NoReturn:
    raise PictureRefused(file=file, problem=problem, what=what, remedy=_REDRAW) from None
