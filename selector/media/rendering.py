"""The thread behind the preview: renders frames by a plan that is replaced at any time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from PySide6.QtGui import QImage

from companions.errors import MotionfleetError
from selector.media.cache import ByteCache
from selector.media.crew import UNFORESEEN, Crew, Job


@dataclass(frozen=True, slots=True)
class Frame:
    """One rendered frame.

    Attributes:
        image: what is seen.
        moved: where objects are (8-bit alpha, 255 is all of it); None for a bare camera move.
        invented: what the picture does not show and a model has to invent, likewise.
    """

    image: QImage
    moved: QImage | None = None
    invented: QImage | None = None

    @property
    def size_bytes(self) -> int:
        """Memory it takes."""
        images = (self.image, self.moved, self.invented)
        return sum(image.sizeInBytes() for image in images if image is not None)


class FrameSource(Protocol):
    """Renders any frame of a clip."""

    def frame(self, index: int) -> Frame:
        """Frame ``index``, counted from 0."""
        ...


class Renderer:
    """Renders the frames of one clip by a plan, in a thread, and keeps what the budget holds.

    Every call comes from one thread; ``made`` and ``broke`` are called in its own.
    """

    def __init__(
        self,
        budget_bytes: int,
        *,
        least_kept: int,
        made: Callable[[int, int], None],
        broke: Callable[[int, str], None],
    ) -> None:
        """Nothing is under way.

        ``made(load, index)`` says that a frame is there, ``broke(load, why)`` that none will be.
        ``least_kept`` frames are kept whatever the budget says.
        """
        self._least_kept = least_kept
        self._frames: ByteCache[tuple[int, int], Frame] = ByteCache(budget_bytes)
        self._budget = budget_bytes
        self._say_made, self._say_broke = made, broke
        self._load = 0
        self._make: Callable[[], FrameSource] | None = None
        self._source: FrameSource | None = None
        self._wanted: Sequence[int] = ()
        self._keep: Collection[tuple[int, int]] = ()
        self._crew = Crew("preview")
        self._changed = self._crew.changed
        self.takes_s, self.capacity = 0.0, least_kept

    def clear(self, load: int, *, frame_bytes: int) -> None:
        """Forget the clip; the next one goes by the number ``load``."""
        budget = max(self._budget, self._least_kept * frame_bytes)
        with self._changed:
            self._load, self._make, self._wanted = load, None, ()
            self._frames, self._source = ByteCache(budget), None
            self.capacity = budget // frame_bytes

    def source(self, load: int, make: Callable[[], FrameSource]) -> bool:
        """Render with what ``make`` gives; False if the clip is another, or has a source."""
        with self._changed:
            if load != self._load or self._make is not None:
                return False
            self._make = make
        return True

    def plan(self, wanted: Sequence[int], *, keep: Collection[int]) -> None:
        """Render these, the most urgent first, and nothing that was planned before.

        What is to be kept is not given up for others.
        """
        with self._changed:
            self._wanted = wanted
            self._keep = {(self._load, index) for index in keep}
            if wanted and not self._crew.is_hired:
                self._crew.hire(self._next)
            self._changed.notify_all()

    def get(self, index: int) -> Frame | None:
        """That frame of the clip, if it is there."""
        return self._frames.get((self._load, index))

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and (self._load, index) in self._frames

    def close(self) -> None:
        """End the thread, and let go of all frames and of what they are made of."""
        self._crew.close()
        self.clear(self._load, frame_bytes=1)

    def _next(self) -> Job | None:
        if self._make is not None:
            for index in self._wanted:
                if (self._load, index) not in self._frames:
                    return partial(self._render, self._load, index, self._make)
        return None

    def _render(self, load: int, index: int, make: Callable[[], FrameSource]) -> None:
        begun = time.monotonic()
        frame, why = None, f"This move cannot be shown, {UNFORESEEN}"
        try:
            frame = self._source_of(load, make).frame(index)
        except (MotionfleetError, ValueError) as error:
            why = str(error)
        except MemoryError:
            why = "There is not enough memory to show this move. Close other programs."
        finally:
            if frame is not None:
                self._take(load, index, frame, took_s=time.monotonic() - begun)
            else:
                self._give_up(load, why)

    def _take(self, load: int, index: int, frame: Frame, *, took_s: float) -> None:
        self.takes_s = 0.8 * self.takes_s + 0.2 * took_s
        with self._changed:
            if load != self._load or self._crew.is_closing:
                return
            self._frames.put((load, index), frame, size_bytes=frame.size_bytes, keep=self._keep)
        self._say_made(load, index)

    def _give_up(self, load: int, why: str) -> None:
        with self._changed:
            if load != self._load or self._crew.is_closing:
                return
            self._make, self._wanted = None, ()
        self._say_broke(load, why)

    def _source_of(self, load: int, make: Callable[[], FrameSource]) -> FrameSource:
        """The source of a clip, made when its first frame is; kept until the clip is cleared."""
        with self._changed:
            if self._source is not None and load == self._load:
                return self._source
        source = make()
        with self._changed:
            if load == self._load and not self._crew.is_closing:
                self._source = source
        return source
