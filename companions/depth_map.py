"""Depth maps: how far away what each pixel of a picture shows is, as its file says it.

Inverse depth, as monocular estimators give it: 0 is farthest, 1 nearest, in proportion to one over
the distance; ``far_over_near`` says how many times as far 0 is as 1.  A map is a file from outside:
it is refused unless it is a grey PNG of 8 or 16 bits, or a plain NumPy array of finite numbers in
0..1, of the picture's shape, within limits, with the bytes that the document names.
"""

from __future__ import annotations

import ast
import hashlib
import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt
from PIL import Image

from companions.attached import DepthMap
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.masks import same_shape
from companions.picture import DAMAGE, inspect_picture

Inverse = npt.NDArray[np.float32]
"""(height, width), 0 farthest to 1 nearest, of the picture's shape but of any size."""

MAX_DEPTH_BYTES: Final = 256 * 1024 * 1024
MAX_DEPTH_PIXELS: Final = 50_000_000
_REDRAW: Final = "Put the file back as it was, or have the map made again and write the manifest."
_MAGIC: Final = b"\x93NUMPY"
_MOST_HEADER: Final = 4096
_DTYPES: Final[Mapping[str, np.dtype[np.float32] | np.dtype[np.float16]]] = {
    "<f4": np.dtype(np.float32).newbyteorder("<"),
    "<f2": np.dtype(np.float16).newbyteorder("<"),
}
_OUTSIDE: Final = 1e-3
"""So far beyond 0..1 a number may lie, by rounding of whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Depth:
    """A depth map, ready to be looked through.

    Attributes:
        inverse: the map.
        far_over_near: how many times as far 0 is as 1.
        focus: the value at which rectangles hold exactly; None: to be found.
    """

    inverse: Inverse
    far_over_near: float
    focus: float | None


def decode_depth(data: bytes, named: DepthMap, *, picture: Size, file: str) -> Depth:
    """The map that ``data`` is, if it is the one that ``named`` names; ``file`` names it in
    messages.

    Raises:
        PictureRefused: other bytes, damaged, too large, of another kind or shape, or numbers that
            are no inverse depth.
    """
    if hashlib.sha256(data).hexdigest() != named.sha256:
        _refuse(file, PictureProblem.CHANGED, "is another file than the manifest was written for")
    inverse = decode_inverse(data, file=file)
    if not same_shape(Size(inverse.shape[1], inverse.shape[0]), picture):
        what = f"is {inverse.shape[1]} x {inverse.shape[0]}, another shape than its picture's "
        _refuse(file, PictureProblem.CHANGED, f"{what}{picture.width} x {picture.height}")
    return Depth(inverse, named.far_over_near, named.focus)


def decode_inverse(data: bytes, *, file: str) -> Inverse:
    """The numbers of a depth map's file, whatever picture it belongs to.

    Raises:
        PictureRefused: as ``decode_depth``.
    """
    if len(data) > MAX_DEPTH_BYTES:
        _refuse(file, PictureProblem.TOO_LARGE, f"has {len(data) / 1e6:.0f} megabytes")
    return _array(data, file) if data[:6] == _MAGIC else _png(data, file)


def _png(data: bytes, file: str) -> Inverse:
    facts = inspect_picture(data, file=file)
    if facts.size.pixels > MAX_DEPTH_PIXELS:
        _refuse(file, PictureProblem.TOO_LARGE, f"has {facts.size.pixels / 1e6:.0f} megapixels")
    try:
        with Image.open(io.BytesIO(data)) as image:
            if facts.format != "PNG" or image.mode not in {"L", "I;16", "I;16B", "I"}:
                what = f"is no grey PNG of 8 or 16 bits ({facts.format}, {image.mode})"
                _refuse(file, PictureProblem.NOT_A_PICTURE, what)
            most = 255.0 if image.mode == "L" else 65535.0
            return np.asarray(np.asarray(image, dtype=np.float32) / most, dtype=np.float32)
    except DAMAGE as error:
        _refuse(file, PictureProblem.TRUNCATED, f"is truncated or corrupt ({error})")


def _array(data: bytes, file: str) -> Inverse:
    # Read by hand and not by numpy.load: its header is parsed, and its array allocated, before
    # anybody has asked how large it says it is.
    shape, dtype, begin = _header(data, file)
    height, width = shape
    if height * width > MAX_DEPTH_PIXELS:
        _refuse(file, PictureProblem.TOO_LARGE, f"has {height * width / 1e6:.0f} megapixels")
    if len(data) - begin != height * width * dtype.itemsize:
        _refuse(file, PictureProblem.TRUNCATED, "does not hold as many numbers as it says")
    values = np.frombuffer(data, dtype, offset=begin).reshape(shape).astype(np.float32)
    if not np.isfinite(values).all():
        _refuse(file, PictureProblem.NOT_A_PICTURE, "holds numbers that are not finite")
    low, high = float(values.min()), float(values.max())
    if low < -_OUTSIDE or high > 1.0 + _OUTSIDE:
        what = f"holds numbers from {low:g} to {high:g}; inverse depth is 0 (farthest) to 1"
        _refuse(file, PictureProblem.NOT_A_PICTURE, what)
    return np.asarray(np.clip(values, 0.0, 1.0), dtype=np.float32)


def _header(
    data: bytes, file: str
) -> tuple[tuple[int, int], np.dtype[np.float32] | np.dtype[np.float16], int]:
    """Shape, type and where the numbers begin."""
    wide = data[6:7] != b"\x01"
    size_at, begin = (8, 12) if wide else (8, 10)
    length = data[size_at:begin].ljust(begin - size_at, b"\0")
    end = begin + min(_MOST_HEADER, struct.unpack("<I" if wide else "<H", length)[0])
    try:
        said = ast.literal_eval(data[begin:end].decode("latin-1").strip())
        dtype, (height, width) = _DTYPES[said["descr"]], said["shape"]
        plain = said["fortran_order"] is False and _is_side(height) and _is_side(width)
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        _refuse_array(file)
    if not plain:
        _refuse_array(file)
    return (height, width), dtype, end


def _refuse_array(file: str) -> NoReturn:
    what = "is no NumPy array of float16 or float32 in rows and columns"
    _refuse(file, PictureProblem.NOT_A_PICTURE, what)


def _is_side(length: object) -> bool:
    return type(length) is int and length > 0


def _refuse(file: str, problem: PictureProblem, what: str) -> NoReturn:
    raise PictureRefused(file=file, problem=problem, what=what, remedy=_REDRAW) from None
