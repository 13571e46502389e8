"""A picture file as an image for the screen: upright, sRGB, no larger than asked for.

JPEGs are scaled while they are decoded, by Qt, which lets other threads run meanwhile
(``QImage.fromData`` does not: it holds up the window for a third of a second).  Everything else,
and every JPEG that Qt would show otherwise than the fleet renders it, goes through
``companions.picture``, the reader that the fleet has.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize
from PySide6.QtGui import QColorSpace, QImage, QImageIOHandler, QImageReader

from companions.geometry import Size
from companions.picture import (
    MAX_PIXELS,
    Pixels,
    decode_picture,
    inspect_picture,
    read_picture_bytes,
)
from selector.media.last_first import LastFirst
from selector.media.plan import fitted

ALLOCATION_MB: Final = MAX_PIXELS * 4 // 1024**2 + 1
"""Qt refuses larger images; its own limit of 256 MB is 64 megapixels."""
HEAVY_PIXELS: Final = 12_000_000
"""Pictures above this that must be decoded whole are decoded one at a time."""

_JPEG: Final = frozenset({"JPEG", "MPO"})
_END_OF_IMAGE: Final = b"\xff\xd9"
_START_OF_SCAN: Final = 0xDA
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
# A whole 24-megapixel PNG takes 250 MB on the way to its image; three threads at once would need
# more than all that the window keeps.
_heavy = LastFirst()


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image, and the size of the picture it was made of, upright."""

    image: QImage
    size: Size


def decode(picture: Path, *, long_side: int) -> Decoded:
    """Read a picture file; the image's longest side is at most ``long_side`` pixels.

    Raises:
        PictureRefused: it is missing, damaged, no still picture, or too large.
        MemoryError: there is not enough for a picture of its size.
    """
    data = read_picture_bytes(picture)
    facts = inspect_picture(data, file=str(picture))
    if facts.format in _JPEG:
        image = _scaled_jpeg(data, size=facts.size, long_side=long_side)
        if image is not None:
            return Decoded(image, facts.size)
    if facts.size.pixels <= HEAVY_PIXELS:
        return Decoded(_whole(data, picture, long_side=long_side), facts.size)
    with _heavy:
        return Decoded(_whole(data, picture, long_side=long_side), facts.size)


def image_of(pixels: Pixels) -> QImage:
    """An image of RGB pixels, (height, width, 3); it has bytes of its own."""
    height, width = pixels.shape[:2]
    rgb = np.ascontiguousarray(pixels)
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)


def shrunk(image: QImage, size: Size) -> QImage:
    """The image at ``size``, which is no larger; RGB32."""
    import cv2

    image = image.convertToFormat(QImage.Format.Format_RGB32)
    if size == Size(image.width(), image.height()):
        return image
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    small = cv2.resize(rows, (size.width, size.height), interpolation=cv2.INTER_AREA)
    return QImage(
        small.data, size.width, size.height, 4 * size.width, QImage.Format.Format_RGB32
    ).copy()


def _whole(data: bytes, picture: Path, *, long_side: int) -> QImage:
    import cv2

    pixels = decode_picture(data, file=str(picture))
    size = Size(pixels.shape[1], pixels.shape[0])
    small = fitted(size, long_side=long_side)
    if small != size:
        # Shrunk before it is an image: as RGB32 a large picture takes a third more.
        shrunken = cv2.resize(pixels, (small.width, small.height), interpolation=cv2.INTER_AREA)
        pixels = shrunken.astype(np.uint8, copy=False)
    return image_of(pixels)


def _scaled_jpeg(data: bytes, *, size: Size, long_side: int) -> QImage | None:
    """The image, or None if the fleet's reader is to show it, or to say why it cannot."""
    scan = _start_of_scan(data)
    if scan is None or data.find(_END_OF_IMAGE, scan) < 0:
        return None  # cut off: Qt would show the rest of it grey, and say nothing
    header = data[:scan]
    QImageReader.setAllocationLimit(ALLOCATION_MB)
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"jpeg"))
    reader.setAutoTransform(True)
    upright = reader.transformation() == QImageIOHandler.Transformation.TransformationNone
    if upright and b"tiff:Orientation" in header:
        return None  # turned by its XMP, which Qt does not read
    stored = reader.size()
    if not stored.isValid():
        return None
    small = fitted(Size(stored.width(), stored.height()), long_side=long_side)
    if small.width < stored.width() or small.height < stored.height():
        reader.setScaledSize(QSize(small.width, small.height))
    image = reader.read()
    if image.isNull() or image.format() == QImage.Format.Format_CMYK8888:
        return None
    if (image.width() > image.height()) != (size.width > size.height) and size.aspect != 1.0:
        return None
    if b"ICC_PROFILE\0" not in header:
        return image.convertToFormat(QImage.Format.Format_RGB32)
    if image.format() != QImage.Format.Format_RGB32 or not image.colorSpace().isValid():
        return None  # a grey profile, or one that Qt does not understand
    image.convertToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    return image.convertToFormat(QImage.Format.Format_RGB32)


def _start_of_scan(data: bytes) -> int | None:
    """Where a JPEG's header ends and its pixels begin; None if its header is broken.

    From there on the mark of its end cannot be part of anything else, as it can before: a camera
    puts a whole small JPEG into the header.
    """
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        kind = data[at + 1]
        if kind == 0xFF:  # padding
            at += 1
        elif kind in _WITHOUT_LENGTH:
            at += 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if length < 2:
                return None
            at += 2 + length
            if kind == _START_OF_SCAN:
                return at
    return None
