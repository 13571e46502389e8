"""A picture file as an image for the screen: upright, sRGB, no larger than asked for.

JPEGs are scaled while they are decoded, by Qt, which lets other threads run meanwhile
(``QImage.fromData`` does not: it holds up the window for a third of a second).  Everything else
goes through ``companions.picture``, the reader that the fleet has.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColorSpace, QImage, QImageReader

from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.picture import (
    MAX_PIXELS,
    decode_picture,
    inspect_picture,
    read_picture_bytes,
)

ALLOCATION_MB: Final = MAX_PIXELS * 4 // 1024**2 + 1
"""Qt refuses larger images; its own limit of 256 MB is 64 megapixels."""
_JPEG: Final = frozenset({"JPEG", "MPO"})
_END_OF_JPEG: Final = b"\xff\xd9"
_TAIL: Final = 64 * 1024


class Tier(Enum):
    """How large an image is wanted."""

    THUMB = 256
    SCREEN = 1920

    @property
    def long_side(self) -> int:
        """Longest side in pixels."""
        return self.value


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image, and the size of the picture it was made of, upright."""

    image: QImage
    size: Size


def decode(picture: Path, *, long_side: int) -> Decoded:
    """Read a picture file; the image's longest side is at most ``long_side`` pixels.

    Raises:
        PictureRefused: it is missing, damaged, no still picture, or too large.
    """
    data = read_picture_bytes(picture)
    facts = inspect_picture(data, file=str(picture))
    if facts.format in _JPEG:
        if _END_OF_JPEG not in data[-_TAIL:]:
            raise PictureRefused(
                file=str(picture),
                problem=PictureProblem.TRUNCATED,
                what="is truncated (its end is missing)",
                remedy="Copy the file again from its source.",
            )
        image = _scaled_jpeg(data, size=facts.size, long_side=long_side)
        if image is not None:
            return Decoded(image, facts.size)
    pixels = decode_picture(data, file=str(picture))
    return Decoded(shrunk(image_of(pixels), long_side=long_side), facts.size)


def image_of(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> QImage:
    """An image of RGB pixels, (height, width, 3); it has bytes of its own."""
    height, width = pixels.shape[:2]
    rgb = np.ascontiguousarray(pixels)
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)


def shrunk(image: QImage, *, long_side: int) -> QImage:
    """The image with its longest side at most ``long_side``."""
    if max(image.width(), image.height()) <= long_side:
        return image
    return image.scaled(
        QSize(long_side, long_side),
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    ).convertToFormat(QImage.Format.Format_RGB32)


def _scaled_jpeg(data: bytes, *, size: Size, long_side: int) -> QImage | None:
    """The image, or None where Qt cannot read it and the other reader is to say why."""
    QImageReader.setAllocationLimit(ALLOCATION_MB)
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"jpeg"))
    reader.setAutoTransform(True)
    stored = reader.size()
    share = min(1.0, long_side / max(size.width, size.height))
    if share < 1.0 and stored.isValid():
        reader.setScaledSize(
            QSize(max(1, round(stored.width() * share)), max(1, round(stored.height() * share)))
        )
    image = reader.read()
    if image.isNull():
        return None
    if image.colorSpace().isValid() and image.colorSpace() != QColorSpace(
        QColorSpace.NamedColorSpace.SRgb
    ):
        image.convertToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    return image.convertToFormat(QImage.Format.Format_RGB32)


def stamp(picture: Path) -> tuple[str, int, int]:
    """What a picture file is, for caches: path, size in bytes, time of its last change in ns.

    Raises:
        OSError: it is gone.
    """
    facts = picture.stat()
    return str(picture), facts.st_size, facts.st_mtime_ns
