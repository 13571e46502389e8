"""Pictures at the size in which they are painted, made once per size and kept in a budget."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap

from selector.media.loader import Loader, Tier

BUDGET_BYTES: Final = 48 * 1024**2

_Key = tuple[Path, int, int]


class Scaled:
    """Pixmaps of pictures fitted into a size, out of what the loader holds.

    Until a picture's own image is there its thumb stands in; never another picture.
    """

    def __init__(self, loader: Loader, *, budget_bytes: int = BUDGET_BYTES) -> None:
        self._loader, self._budget = loader, budget_bytes
        self._held: OrderedDict[_Key, tuple[QPixmap, bool]] = OrderedDict()
        self._bytes = 0

    def get(self, picture: Path, size: QSize, *, ratio: float) -> tuple[QPixmap | None, bool]:
        """The picture fitted into ``size`` (in points, of ``ratio`` pixels each), if there is any
        image of it; and whether it is as sharp as it gets."""
        key = (picture, round(size.width() * ratio), round(size.height() * ratio))
        held = self._held.get(key)
        if held is not None and held[1]:
            self._held.move_to_end(key)
            return held
        wanted = QSize(key[1], key[2])
        image, sharp = self._loader.image(picture, Tier.SCREEN), True
        if image is None or image.isNull():
            if held is not None:
                return held
            image = self._loader.image(picture, Tier.THUMB)
            sharp = max(key[1], key[2]) <= Tier.THUMB.long_side
        if image is None or image.isNull():
            return None, False
        pixmap = QPixmap.fromImage(
            image.scaled(
                wanted,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        )
        pixmap.setDevicePixelRatio(ratio)
        self._keep(key, pixmap, sharp=sharp)
        return pixmap, sharp

    def forget(self) -> None:
        """Hold nothing: files may have changed."""
        self._held.clear()
        self._bytes = 0

    def _keep(self, key: _Key, pixmap: QPixmap, *, sharp: bool) -> None:
        self._bytes -= _bytes_of(self._held.pop(key, None))
        self._held[key] = (pixmap, sharp)
        self._bytes += _bytes_of(self._held[key])
        while self._bytes > self._budget and len(self._held) > 1:
            self._bytes -= _bytes_of(self._held.popitem(last=False)[1])


def _bytes_of(held: tuple[QPixmap, bool] | None) -> int:
    return 0 if held is None else held[0].width() * held[0].height() * 4
