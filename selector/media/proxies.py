"""Proxies: JPEGs at the screen's size on the disk, so that a picture is decoded once for good.

A 24-megapixel JPEG takes 40 to 60 ms to decode for the screen and its proxy 6; a PNG of that
size takes 400.  Thumbs lie apart, so that browsing does not push them out.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtGui import QImage

from companions.geometry import Size
from selector.media.decode import Decoded
from selector.media.disk_cache import DiskCache, Stamp
from selector.media.plan import Tier

DEFAULT_BUDGET_BYTES: Final = 2 * 1024**3
THUMB_SHARE: Final = 4
"""A quarter of the budget is for thumbs: at 20 kB each, those of 26,000 pictures."""
WORTH_PIXELS: Final = {Tier.SCREEN: 5_000_000, Tier.THUMB: 1_000_000}
"""Smaller pictures are decoded about as quickly as a proxy of theirs."""
QUALITY: Final = 90
_HEAD: Final = struct.Struct(">II")


class Proxies:
    """Images of pictures by the picture's stamp; safe to use from several threads."""

    def __init__(self, folder: Path, *, budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        thumbs = budget_bytes // THUMB_SHARE
        self._disks = {
            Tier.THUMB: DiskCache(folder / "thumbs", budget_bytes=thumbs),
            Tier.SCREEN: DiskCache(folder / "proxies", budget_bytes=budget_bytes - thumbs),
        }

    def load(self, stamp: Stamp, tier: Tier) -> Decoded | None:
        """The image and full size of the picture with that stamp, if they are kept."""
        import cv2

        data = self._disks[tier].load(stamp, tier.long_side, QUALITY)
        if data is None or len(data) <= _HEAD.size:
            return None
        try:
            # Not Qt, whose own JPEG decoder makes no use of vector instructions: 12 ms, not 5.
            pixels = cv2.imdecode(
                np.frombuffer(data, np.uint8, offset=_HEAD.size), cv2.IMREAD_COLOR
            )
        except cv2.error:
            return None
        if pixels is None:  # type: ignore[unreachable, unused-ignore]
            return None
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_BGR888)
        size = Size(*_HEAD.unpack_from(data))
        return Decoded(image.convertToFormat(QImage.Format.Format_RGB32), size)

    def is_worth(self, decoded: Decoded, tier: Tier) -> bool:
        """Whether a proxy of that picture would save time."""
        return decoded.size.pixels >= WORTH_PIXELS[tier]

    def save(self, stamp: Stamp, tier: Tier, decoded: Decoded) -> bool:
        """Keep the image; whether that was done."""
        import cv2

        image = decoded.image.convertToFormat(QImage.Format.Format_RGB32)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
        done, coded = cv2.imencode(".jpg", rows, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            return False
        data = _HEAD.pack(decoded.size.width, decoded.size.height) + coded.tobytes()
        return self._disks[tier].save(data, stamp, tier.long_side, QUALITY)

    def sweep_if_due(self) -> bool:
        """Remove what is over the budget, if that was not looked after lately; whether it was."""
        due = [disk for disk in self._disks.values() if disk.is_sweep_due]
        for disk in due:
            disk.sweep()
        return bool(due)
