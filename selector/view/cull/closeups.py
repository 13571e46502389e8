"""Whole pictures in all their pixels, for comparing details; held only while they are compared."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from companions.errors import MotionfleetError
from selector.media.decode import decode
from selector.view.telling import Teller, teller

LONG_SIDE: Final = 6500
"""Longest side in pixels.  Four 24-megapixel pictures, three bytes a pixel, are 290 MB; larger
ones are reduced to this."""


class Closeups(QObject):
    """Reads pictures whole, one at a time.

    Signals:
        ready: another one is there.
    """

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._held: dict[Path, QImage] = {}
        self._wanted: tuple[Path, ...] = ()
        self._at: Path | None = None
        self._told = teller()
        self._told.done.connect(self._take)

    def want(self, pictures: Sequence[Path]) -> None:
        """Have these, the most urgent first, and let go of all others."""
        self._wanted = tuple(pictures)
        self._held = {path: image for path, image in self._held.items() if path in self._wanted}
        self._next()

    def image(self, picture: Path) -> QImage | None:
        """The whole picture, if it is there."""
        found = self._held.get(picture)
        return None if found is None or found.isNull() else found

    def _next(self) -> None:
        if self._at is None:
            self._at = next((path for path in self._wanted if path not in self._held), None)
            if self._at is not None:
                reading = threading.Thread(target=_read, args=(self._at, self._told), daemon=True)
                reading.start()

    def _take(self, image: QImage) -> None:
        picture, self._at = self._at, None
        if picture is not None and picture in self._wanted:
            self._held[picture] = image
            self.ready.emit()
        self._next()


def _read(picture: Path, told: Teller) -> None:
    """Read it; of what cannot be read there is an empty image (the loader says why)."""
    image = QImage()
    try:
        whole = decode(picture, long_side=LONG_SIDE).image
        image = whole.convertToFormat(QImage.Format.Format_RGB888)
    except (MotionfleetError, MemoryError):
        pass
    finally:
        told.done.emit(image)  # whatever happened: the next one waits for it
