"""Clips on the screen, frame by frame: decoded by PyAV in a thread, shown by a clock of our own.

Frames are found exactly, forwards and backwards.  Decoded ones are kept around the current one
within a budget in bytes.  Playing follows the clock: frames that come too late are left out, and
never is a frame shown under another's number.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from selector.media.clip_clock import Clock, next_needed
from selector.media.clip_source import ClipBroken, ClipIndex, ClipSource

DEFAULT_BUDGET_BYTES: Final = 256 * 1024**2
FASTEST: Final = 4.0
CLOSE_S: Final = 2.0
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
        self._changed = threading.Condition()
        self._path: Path | None = None
        self._turn = 0
        self._closing = False
        self._timer = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._indexed.connect(self._take_index)
        self._decoded.connect(self._take_frame)
        self._broke.connect(self._take_fault)
        self._thread = threading.Thread(target=self._work, name="clip-reader", daemon=True)
        self._thread.start()

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
        """End the thread; what it is at is given up after two seconds."""
        self._timer.stop()
        with self._changed:
            self._closing = True
            self._turn += 1
            self._changed.notify_all()
        self._thread.join(CLOSE_S)

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

    def _work(self) -> None:
        source: ClipSource | None = None
        while (job := self._next_job(source)) is not None:
            turn, path, wanted = job
            try:
                if source is None or source.turn != turn:
                    if source is not None:
                        source.close()
                        source = None
                    source = ClipSource(path, turn=turn) if path is not None else None
                    if source is not None:
                        self._say_indexed(source)
                elif wanted is not None:
                    self._decode(source, wanted)
            except ClipBroken as error:
                self._give_up(turn, str(error), wanted)
        if source is not None:
            source.close()

    def _next_job(self, source: ClipSource | None) -> tuple[int, Path | None, int | None] | None:
        """What is to be done next: open a clip, or decode towards a frame; None at the end."""
        with self._changed:
            while not self._closing:
                if source is None or source.turn != self._turn:
                    if self._path is not None:
                        return self._turn, self._path, None
                    if source is not None:
                        return self._turn, None, None
                else:
                    wanted = self._wanted(source)
                    if wanted is not None:
                        return self._turn, self._path, wanted
                self._changed.wait()
        return None

    def _wanted(self, source: ClipSource) -> int | None:
        return next_needed(
            self.at,
            direction=self._direction,
            frames=source.index.frames,
            held=self._held.keys() | self._lost,
            ahead=self._room(source) * 2 // 3,
            loop=self.loop and self._speed != 0.0,
        )

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
            self._held = {**self._held, frame: image}
            self._make_room(source)
        if not self._closing:
            self._decoded.emit(source.turn, frame)

    def _make_room(self, source: ClipSource) -> None:
        room, frames = self._room(source), source.index.frames
        if len(self._held) <= room:
            return
        sign = self._direction

        def distance(frame: int) -> int:
            onward = (frame - self.at) * sign
            if self.loop and self._speed and onward < 0:
                return min(onward % frames, -2 * onward)
            return onward if onward >= 0 else -2 * onward

        kept = sorted(self._held, key=distance)[:room]
        self._held = {frame: self._held[frame] for frame in kept}

    def _say_indexed(self, source: ClipSource) -> None:
        if not self._closing:
            self._indexed.emit(source.turn, source.index)

    def _give_up(self, turn: int, why: str, wanted: int | None) -> None:
        with self._changed:
            if turn != self._turn:
                return
            if wanted is None:
                self._path = None  # it cannot be opened: wait for another
            else:
                self._lost = self._lost | {wanted}
        if not self._closing:
            self._broke.emit(turn, why)
