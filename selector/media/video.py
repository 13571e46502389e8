"""Clips on the screen, frame by frame: decoded by PyAV in a thread, shown by a clock of our own.

Frames are found exactly, forwards and backwards.  Decoded ones are kept around the current one
within a budget in bytes.  Playing follows the clock: frames that come too late are left out, and
never is a frame shown under another's number.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from selector.media.clip_clock import Clock, next_needed, worth_holding
from selector.media.clip_source import ClipBroken, ClipIndex, ClipSource
from selector.media.crew import UNFORESEEN, Crew, Job

DEFAULT_BUDGET_BYTES: Final = 256 * 1024**2
FASTEST: Final = 4.0
_LEAST_FRAMES: Final = 12
"""Held whatever the budget is: fewer could not be stepped through."""
_BEHIND: Final = 8
"""Frames on the way to a wanted one that are worth keeping, for steps back."""
_TICK_MS: Final = 4


class ClipReader(QObject):
    """One clip at a time, shown frame by frame or played.

    Signals:
        opened(index): a ``ClipIndex``: the clip can be shown.
        failed(why): the clip, or a part of it, cannot be read.
        shown(frame, image): that frame is to be seen now.
        speed_changed(speed): playing began, stopped or changed.
    """

    opened = Signal(object)
    failed = Signal(str)
    shown = Signal(int, object)
    speed_changed = Signal(float)
    _indexed = Signal(int, object)
    _decoded = Signal(int, int)
    _broke = Signal(int, str)

    def __init__(
        self, *, budget_bytes: int = DEFAULT_BUDGET_BYTES, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.index: ClipIndex | None = None
        self.loop = True
        self.at = 0
        self.dropped = 0
        self._budget_bytes = budget_bytes
        self._speed = 0.0
        self._stepping_back = False
        self._clock: Clock | None = None
        self._last = -1
        self._held: dict[int, QImage] = {}
        self._lost: set[int] = set()
        self._path: Path | None = None
        self._turn = 0
        self._source: ClipSource | None = None  # the thread's
        self._timer = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._indexed.connect(self._take_index)
        self._decoded.connect(self._take_frame)
        self._broke.connect(self._take_fault)
        self._crew = Crew("clip-reader")
        self._changed = self._crew.changed
        self._crew.hire(self._next)

    # -- what is asked of it ----------------------------------------------------------------------

    def open(self, path: Path | None) -> None:
        """Show that clip, from its first frame; None shows none."""
        self._timer.stop()
        with self._changed:
            self._turn += 1
            self._path, self.index = path, None
            self._held, self._lost = {}, set()
            self.at, self._last, self.dropped = 0, -1, 0
            self._changed.notify_all()
        self._set_speed(0.0)

    def close(self) -> None:
        """End the thread, and let go of all frames."""
        self.open(None)
        if self._crew.close() and self._source is not None:
            self._source.close()
            self._source = None

    @property
    def speed(self) -> float:
        """1 is real time, 0 stands, negative plays backwards."""
        return self._speed

    def play(self, speed: float = 1.0) -> None:
        """Play at that speed, -4 to 4; 0 pauses.  At the end, without a loop, starts over."""
        if self.index is None:
            return
        speed = min(max(speed, -FASTEST), FASTEST)
        edge = self.index.frames - 1 if speed > 0 else 0
        if speed and not self.loop and self.at == edge:
            self._go(self.index.frames - 1 - edge)
        self._set_speed(speed)
        self._set_clock()
        if speed:
            self._timer.start()
        else:
            self._timer.stop()

    def set_loop(self, loop: bool) -> None:  # noqa: FBT001 - a toggle
        """Whether the last frame is followed by the first."""
        self.loop = loop
        self._set_clock()

    def pause(self) -> None:
        """Stand on the current frame."""
        self.play(0.0)

    def faster(self, direction: int) -> None:
        """Play forwards (1) or backwards (-1); asked again, at twice the speed, up to four."""
        onward = self._speed * direction > 0
        self.play(self._speed * 2 if onward else float(direction))

    def step(self, by: int) -> None:
        """Pause, and go that many frames on."""
        self._seek(self.at + by, stepping_back=by < 0)

    def seek(self, frame: int) -> None:
        """Pause at that frame, or the nearest there is."""
        self._seek(frame, stepping_back=False)

    def _seek(self, frame: int, *, stepping_back: bool) -> None:
        if self.index is None:
            return
        self._stepping_back = stepping_back
        self._timer.stop()
        self._set_speed(0.0)
        self._go(min(max(frame, 0), self.index.frames - 1))

    def image(self, frame: int) -> QImage | None:
        """That frame, if it is decoded."""
        return self._held.get(frame)

    @property
    def held_bytes(self) -> int:
        """What the decoded frames take."""
        return sum(image.sizeInBytes() for image in list(self._held.values()))

    # -- in the window's thread -------------------------------------------------------------------

    def _tick(self) -> None:
        if self._clock is None:
            return
        now = time.monotonic()
        at = self._clock.at(now)
        if at != self.at:
            self._go(at)
        if self._clock.has_ended(now):
            self.pause()

    def _go(self, frame: int) -> None:
        if self._speed and self._last not in {frame, -1} and self.at != self._last:
            self.dropped += 1
        with self._changed:
            self.at = frame
            self._changed.notify_all()
        self._show(frame)

    def _show(self, frame: int) -> None:
        image = self._held.get(frame)
        if image is not None and frame != self._last:
            self._last = frame
            self.shown.emit(frame, image)

    def _set_clock(self) -> None:
        if self.index is not None:
            self._clock = Clock(
                frame=self.at + (0.0 if self._speed >= 0 else 0.999),
                since_s=time.monotonic(),
                speed=self._speed,
                rate=self.index.rate,
                frames=self.index.frames,
                loop=self.loop,
            )

    def _set_speed(self, speed: float) -> None:
        if speed != self._speed:
            self._speed = speed
            self.speed_changed.emit(speed)

    def _take_index(self, turn: int, index: ClipIndex) -> None:
        if turn == self._turn:
            self.index = index
            self.opened.emit(index)

    def _take_frame(self, turn: int, frame: int) -> None:
        if turn != self._turn:
            return
        # While playing, a frame that is a little late is still better than the one before it.
        late = self._speed and 0 <= (self.at - frame) * (1 if self._speed > 0 else -1) <= _BEHIND
        fresh = (frame - self._last) * (1 if self._speed > 0 else -1) > 0
        if frame == self.at or (late and fresh and self.at not in self._held):
            self._show(frame)

    def _take_fault(self, turn: int, why: str) -> None:
        if turn == self._turn:
            self.failed.emit(why)

    # -- in the thread ----------------------------------------------------------------------------

    def _next(self) -> Job | None:
        """Open a clip or leave it, or decode towards a frame."""
        source = self._source
        if source is None and self._path is None:
            return None
        if source is None or source.turn != self._turn:
            return partial(self._do, self._turn, self._path, wanted=None)
        wanted = next_needed(
            self.at,
            direction=self._direction,
            frames=source.index.frames,
            held=self._held.keys() | self._lost,
            room=self._room(source),
            loop=self._wraps,
        )
        if wanted is None:
            return None
        return partial(self._do, self._turn, self._path, wanted=wanted)

    def _do(self, turn: int, path: Path | None, *, wanted: int | None) -> None:
        why = f"This clip cannot be shown, {UNFORESEEN}"
        try:
            if wanted is not None and self._source is not None:
                self._decode(self._source, wanted)
            else:
                self._open(path, turn)
            why = ""
        except ClipBroken as error:
            why = str(error)
        except MemoryError:
            why = "There is not enough memory to show this clip. Close other programs."
        finally:
            if why:
                self._give_up(turn, why, wanted)

    def _open(self, path: Path | None, turn: int) -> None:
        before, self._source = self._source, None
        if before is not None:
            before.close()
        if path is not None:
            self._source = ClipSource(path, turn=turn)
            if not self._crew.is_closing:
                self._indexed.emit(turn, self._source.index)

    @property
    def _wraps(self) -> bool:
        """Whether the first frame will be wanted after the last."""
        return self.loop and self._speed != 0.0

    @property
    def _direction(self) -> int:
        """Where frames will be wanted next; a step back is seldom the last."""
        if self._speed:
            return 1 if self._speed > 0 else -1
        return -1 if self._stepping_back else 1

    def _room(self, source: ClipSource) -> int:
        return max(_LEAST_FRAMES, self._budget_bytes // source.frame_bytes)

    def _decode(self, source: ClipSource, wanted: int) -> None:
        found = source.towards(wanted)
        if found is None:
            raise ClipBroken(f"frame {wanted} of {source.path.name} cannot be decoded")
        frame, video = found
        backwards = self._direction < 0
        if frame < wanted - (self._room(source) if backwards else _BEHIND):
            return  # on the way, and too far from it to be of use
        image = source.image(video)
        with self._changed:
            if source.turn != self._turn:
                return
            held = {**self._held, frame: image}
            kept = worth_holding(
                held,
                self.at,
                direction=self._direction,
                frames=source.index.frames,
                room=self._room(source),
                loop=self._wraps,
            )
            self._held = {each: held[each] for each in kept}
        self._decoded.emit(source.turn, frame)

    def _give_up(self, turn: int, why: str, wanted: int | None) -> None:
        with self._changed:
            if turn != self._turn:
                return
            if wanted is None:
                self._path = None  # it cannot be opened: wait for another
            else:
                self._lost = self._lost | {wanted}
        self._broke.emit(turn, why)
