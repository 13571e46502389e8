"""Images for the screen, decoded in threads by a plan that is replaced at every key press.

The plan says what is wanted, the most urgent first; work that is no longer planned is not begun,
so nothing stale is ever in front of the current picture.  Asking for an image never waits.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from companions.errors import MotionfleetError
from companions.geometry import Size
from selector.media.cache import ByteCache
from selector.media.decode import Decoded, Tier, decode

DEFAULT_BUDGET_BYTES: Final = 384 * 1024**2
CLOSE_S: Final = 2.0

Key = tuple[Path, Tier]


class Loader(QObject):
    """Decodes what is wanted.

    Signals:
        ready(picture, tier): its image is there now.
        failed(picture, why): it cannot be shown, and why.
    """

    ready = Signal(object, object)
    failed = Signal(object, str)

    def __init__(
        self,
        *,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        cache_folder: Path | None = None,
        threads: int | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._cache: ByteCache[Key, QImage] = ByteCache(budget_bytes)
        self._folder = cache_folder
        self._sizes: dict[Path, Size] = {}
        self._problems: dict[Path, str] = {}
        self._plan: list[Key] = []
        self._screens: list[Key] = []
        self._thumbs: list[Key] = []
        self._under_way: set[Key] = set()
        self._changed = threading.Condition()
        self._closing = False
        count = threads or max(2, os.cpu_count() or 2)
        self._threads = [
            threading.Thread(target=self._work, name=f"loader-{i}", daemon=True)
            for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def want(self, plan: Sequence[Path]) -> None:
        """Have these pictures at the screen's size, the most urgent first."""
        self._screens = [(picture, Tier.SCREEN) for picture in plan]
        self._replan()

    def want_thumbs(self, plan: Sequence[Path]) -> None:
        """Have these pictures as thumbs, after the most urgent of those for the screen."""
        self._thumbs = [(picture, Tier.THUMB) for picture in plan]
        self._replan()

    def image(self, picture: Path, tier: Tier = Tier.SCREEN) -> QImage | None:
        """The image, if it is there."""
        return self._cache.get((picture, tier))

    def size(self, picture: Path) -> Size | None:
        """The picture's full size, upright, once it is known."""
        return self._sizes.get(picture)

    def problem(self, picture: Path) -> str | None:
        """Why the picture cannot be shown, if it cannot."""
        return self._problems.get(picture)

    def forget(self, picture: Path) -> None:
        """Read the picture anew when it is wanted next: its file has changed."""
        self._problems.pop(picture, None)
        for tier in Tier:
            self._cache.drop((picture, tier))

    def close(self) -> None:
        """End the threads; what they are at is given up after two seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(CLOSE_S)

    def _replan(self) -> None:
        urgent, later = self._screens[:8], self._screens[8:]
        with self._changed:
            self._plan = [*urgent, *self._thumbs, *later]
            self._changed.notify_all()

    def _next(self) -> Key | None:
        """The most urgent that is neither there nor under way; None at the end."""
        with self._changed:
            while not self._closing:
                for key in self._plan:
                    if (
                        key not in self._under_way
                        and key not in self._cache
                        and key[0] not in self._problems
                    ):
                        self._under_way.add(key)
                        return key
                self._changed.wait()
        return None

    def _work(self) -> None:
        while (key := self._next()) is not None:
            picture, tier = key
            try:
                decoded: Decoded = decode(picture, long_side=tier.long_side)
            except MotionfleetError as error:
                self._problems[picture] = str(error)
                self._say_failed(picture, str(error))
            else:
                self._sizes[picture] = decoded.size
                self._cache.put(key, decoded.image, size_bytes=decoded.image.sizeInBytes())
                self._say_ready(picture, tier)
            finally:
                with self._changed:
                    self._under_way.discard(key)

    def _say_ready(self, picture: Path, tier: Tier) -> None:
        if not self._closing:
            self.ready.emit(picture, tier)

    def _say_failed(self, picture: Path, why: str) -> None:
        if not self._closing:
            self.failed.emit(picture, why)
