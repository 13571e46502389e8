"""Measures in a thread where a clip's frames lie on its picture: for the review's overlay."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from companions.errors import MotionfleetError
from companions.geometry import Size
from companions.registration import LONGEST_PX, PICTURE_PX, Grey, sampled_frames
from selector.core.tracking import Placed, Tracker
from selector.media.clip_source import ClipBroken, frames_of
from selector.media.crew import Crew, Job
from selector.media.decode import decode, shrunk
from selector.media.plan import fitted

MOST_KEPT: Final = 64
_Wish = tuple[Path, Path, str]
"""A clip, its picture, and the clip's hash."""


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
        self._wanted: _Wish | None = None
        self._crew = Crew("measurer")
        self._changed = self._crew.changed
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
            if not self._crew.is_hired:
                self._crew.hire(self._next)
            self._changed.notify_all()
        return None

    def rest(self) -> None:
        """Give up what is being measured."""
        with self._changed:
            self._wanted = None

    def close(self) -> None:
        """End the thread."""
        self.rest()
        self._crew.close()

    def _take(self, key: tuple[Path, str], placed: tuple[Placed, ...]) -> None:
        if placed:  # else the file may have been away for a moment: it is tried again when wanted
            while len(self._found) >= MOST_KEPT:
                self._found.pop(next(iter(self._found)))
            self._found[key] = placed
        self.measured.emit(key[0], placed)

    def _next(self) -> Job | None:
        return partial(self._measure, self._wanted) if self._wanted is not None else None

    def _measure(self, wish: _Wish) -> None:
        clip, picture, sha256 = wish
        placed: list[Placed] = []
        try:
            tracker = Tracker(_grey(decode(picture, long_side=PICTURE_PX).image))
            for number, image in frames_of(clip, sampled_frames):
                if self._wanted is not wish:  # each wish is one of its own
                    return
                found = tracker.place(_grey(_reduced(image)), number=number)
                if found is not None:
                    placed.append(found)
        except (MotionfleetError, ClipBroken, MemoryError):
            pass  # the window says it of the picture or the clip; there is no path to show
        finally:
            with self._changed:
                is_wanted = self._wanted is wish and not self._crew.is_closing
                if is_wanted:
                    self._wanted = None
            if is_wanted:
                self._done.emit((clip, sha256), tuple(placed))


def _reduced(frame: QImage) -> QImage:
    return shrunk(frame, fitted(Size(frame.width(), frame.height()), long_side=LONGEST_PX))


def _grey(image: QImage) -> Grey:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = np.frombuffer(grey.constBits(), dtype=np.uint8).reshape(
        grey.height(), grey.bytesPerLine()
    )
    return pixels[:, : grey.width()].copy()  # the image's own memory goes with it
