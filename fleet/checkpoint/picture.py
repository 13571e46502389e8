"""What is encoded for a frame: the frame, and below it one row that begins with its check sum.

The check sum is of the pixels and not of the file, because no codec is simply believed to be
lossless: ``unpacked`` tells a frame that did not come back as it went in.
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np

from companions.picture import Pixels

_CRC_BYTES: Final = 4
_COLUMNS: Final = 4
"""A picture's width is a multiple of this: FFmpeg's Ut Video encoder reserves a byte for each
pixel but writes whole words, so that noise of an odd size (127x91) overruns it and cannot be
decoded."""


def picture_for(*, width: int, height: int) -> Pixels:
    """Black, with room for a frame of that size and its check sum."""
    return np.zeros(_shape(width=width, height=height), dtype=np.uint8)


def pack(frame: Pixels, *, into: Pixels) -> None:
    """Put ``frame``, (height, width, 3), and its check sum into a ``picture_for`` its size."""
    height, width = frame.shape[:2]
    into[:height, :width] = frame
    crc = zlib.crc32(np.ascontiguousarray(frame).data).to_bytes(_CRC_BYTES, "big")
    into[height].reshape(-1)[:_CRC_BYTES] = np.frombuffer(crc, dtype=np.uint8)


def unpacked(picture: Pixels, *, into: Pixels) -> bool:
    """Put the frame in ``picture`` into ``into``, which has its size and lies in one piece.

    Returns:
        Whether it is the frame that was packed; if not, what is in ``into`` is worth nothing.
    """
    height, width = into.shape[:2]
    if picture.shape != _shape(width=width, height=height):
        return False
    into[:] = picture[:height, :width]
    crc = picture[height].reshape(-1)[:_CRC_BYTES].tobytes()
    return zlib.crc32(into.data) == int.from_bytes(crc, "big")


def _shape(*, width: int, height: int) -> tuple[int, int, int]:
    return height + 1, -(-width // _COLUMNS) * _COLUMNS, 3
