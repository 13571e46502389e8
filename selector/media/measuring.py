"""Measures in a thread where a clip's frames lie on its picture: for the review's overlay."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from companions.errors import MotionfleetError
from selector.core.tracking import FRAME_PX, PICTURE_PX, Grey, Placed, Tracker, sampled
from selector.media.clip_source import ClipBroken, frames_of
from selector.media.decode import decode, shrunk

CLOSE_S: Final = 2.0
MOST_KEPT: Final = 64


class Measurer(QObject):
    """Measures one clip at a time: what was asked for last.

    Signals:
        measured(clip, placed): its frames that could be placed, in their order.
    """

    measured = Signal(object, object)
    _done = Signal(object, object)

    def __init__(self, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._found: dict[tuple[Path, str], tuple[Placed, ...]] = {}
        self._wanted: tuple[Path, Path, str] | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._done.connect(self._take)

    def want(self, clip: Path, *, picture: Path, sha256: str) -> tuple[Placed, ...] | None:
        """The clip's frames on its picture, if they are known; else ``measured`` follows.

        ``sha256`` is the clip's: what was measured of another attempt says nothing of this one.
        """
        found = self._found.get((clip, sha256))
        if found is not None:
            return found
        with self._changed:
            self._wanted = (clip, picture, sha256)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="measurer", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return None

    def rest(self) -> None:
        """Give up what is being measured."""
        with self._changed:
            self._wanted = None

    def close(self) -> None:
        """End the thread; what it is at is given up after two seconds."""
        with self._changed:
            self._closing, self._wanted = True, None
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _take(self, key: tuple[Path, str], placed: tuple[Placed, ...]) -> None:
        while len(self._found) >= MOST_KEPT:
            self._found.pop(next(iter(self._found)))
        self._found[key] = placed
        self.measured.emit(key[0], placed)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            clip, picture, sha256 = job
            placed: list[Placed] = []
            try:
                tracker = Tracker(_grey(decode(picture, long_side=PICTURE_PX).image))
                for number, image in frames_of(clip, sampled):
                    if self._wanted != job:
                        break
                    found = tracker.place(_grey(shrunk(image, long_side=FRAME_PX)), number=number)
                    if found is not None:
                        placed.append(found)
            except (MotionfleetError, ClipBroken):
                pass  # the window says it of the picture or the clip; there is no path to show
            with self._changed:
                if self._wanted != job or self._closing:
                    continue
                self._wanted = None
            self._done.emit((clip, sha256), tuple(placed))

    def _next(self) -> tuple[Path, Path, str] | None:
        with self._changed:
            while not self._closing:
                if self._wanted is not None:
                    return self._wanted
                self._changed.wait()
        return None


def _grey(image: QImage) -> Grey:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = np.frombuffer(grey.constBits(), dtype=np.uint8).reshape(
        grey.height(), grey.bytesPerLine()
    )
    return pixels[:, : grey.width()].copy()  # the image's own memory goes with it
