"""Plays a move as the fleet will render it: frames made ahead in a thread, shown in their moment.

The renderer's plan is replaced whenever the moment changes, so it never works on what is past.
What is shown is always the frame of the moment: one that is late is dropped, never shown.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from companions.camera import CameraPath
from companions.geometry import Size
from companions.masks import Mask, read_mask
from companions.motion import Move
from companions.picture import Pixels
from companions.reference import Reference
from companions.rendition import Rendition, clip_fractions, size_of
from companions.timing import clip_frames
from companions.trajectory import MaskRegion
from selector.media.decode import image_of
from selector.media.playing import AHEAD, Schedule, to_render, window
from selector.media.rendering import Frame, FrameSource, Renderer
from selector.media.stills import Stamp, Stills, stamp_of

FRAMES_BUDGET_BYTES: Final = 96 * 1024**2
"""48 frames of 960x540: what is ahead, and as many to step back to."""
HEADSTART: Final = 4
"""Frames that are there before a clip starts to play."""
_PACE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Clip:
    """What is previewed.

    Attributes:
        picture: the picture's file.
        move: how the camera, and objects, move over it.
        output: the size of the clip that the fleet will make, px.
        fps: its rate.
        drawn: the size frames are rendered at here, px; ``output`` shows the fleet's very bytes.
        folder: where the masks of objects are; None for the picture's own.
    """

    picture: Path
    move: Move
    output: Size
    fps: Fraction
    drawn: Size
    folder: Path | None = None

    @property
    def frame_bytes(self) -> int:
        """Memory that one rendered frame takes: four bytes a pixel, and two masks."""
        return self.drawn.pixels * (6 if self.move.objects else 4)

    @property
    def count(self) -> int:
        """Frames of the clip, at least one."""
        return max(1, clip_frames(duration_s=self.move.duration_sec, target_fps=self.fps))


def source_of(clip: Clip, pixels: Pixels) -> FrameSource:
    """What renders ``clip`` over its picture's pixels; reads the masks of its objects.

    Raises:
        MotionfleetError: a mask is missing or not what it was.
        ValueError: the picture is too narrow for the clip's aspect.
    """
    whole, move = size_of(pixels), clip.move
    try:
        path = CameraPath.of(move, picture=whole, output=clip.output)
    except ValueError:
        raise ValueError(
            f"{clip.picture.name} ({whole.width} x {whole.height}) is too long and thin for a clip "
            f"of {clip.output.width} x {clip.output.height}; choose a clip size like the picture's."
        ) from None
    if not move.objects:
        return _Plain(Rendition(pixels, path, output=clip.drawn, at=clip_fractions(clip.count)))
    folder = clip.folder or clip.picture.parent
    masks = {
        each.name: read_mask(each.region, folder=folder, picture=whole)
        for each in move.objects
        if isinstance(each.region, MaskRegion)
    }
    return _WithObjects(
        Reference(
            pixels,
            path,
            move.objects,
            output=clip.drawn,
            at=clip_fractions(clip.count),
            masks=masks,
        )
    )


@dataclass(frozen=True, slots=True)
class _Plain:
    rendition: Rendition

    def frame(self, index: int) -> Frame:
        return Frame(image_of(self.rendition.frame(index)))


@dataclass(frozen=True, slots=True)
class _WithObjects:
    reference: Reference

    def frame(self, index: int) -> Frame:
        made = self.reference.frame(index)
        return Frame(image_of(made.pixels), _grey(made.moved), _grey(made.invented))


def _grey(mask: Mask) -> QImage:
    height, width = mask.shape
    grey = np.ascontiguousarray(mask)
    return QImage(grey.data, width, height, width, QImage.Format.Format_Alpha8).copy()


class PreviewPlayer(QObject):
    """Plays one clip at a time.

    Signals:
        frame(image, index): this is what is to be seen now.
        failed(why): the clip cannot be shown, and why, in a line.
        changed: it started or stopped to play, or to wait for its picture.
        pace(shown, wanted): frames per second of the last second that was played, and of the clip.
    """

    frame = Signal(QImage, int)
    failed = Signal(str)
    changed = Signal()
    pace = Signal(float, float)
    _made = Signal(int, int)
    _broke = Signal(int, str)

    def __init__(
        self,
        stills: Stills,
        *,
        make: Callable[[Clip, Pixels], FrameSource] = source_of,
        clock: Callable[[], float] = time.monotonic,
        budget_bytes: int = FRAMES_BUDGET_BYTES,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._stills, self._make, self._clock = stills, make, clock
        self._clip: Clip | None = None
        self._stamp: Stamp | None = None
        self._schedule = Schedule(count=1, fps=Fraction(24))
        self._renderer = Renderer(
            budget_bytes, least_kept=HEADSTART + 2, made=self._made.emit, broke=self._broke.emit
        )
        self._load = 0
        self._index, self._shown = 0, -1
        self._playing = self._begun = self._failed = False
        self._begun_at = 0.0
        self._times: deque[float] = deque()
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._made.connect(self._take)
        self._broke.connect(self._give_up)
        stills.ready.connect(self._start)
        stills.failed.connect(self._refuse)

    # -- what is asked of it ----------------------------------------------------------------------

    def load(self, clip: Clip) -> None:
        """Show this clip, at the same share of it as the one before; playing goes on.

        The clip that is shown is not begun again, unless its picture's file has changed.
        """
        stamp = stamp_of(clip.picture)
        if (clip, stamp) == (self._clip, self._stamp) and not self._failed:
            return
        share = self.fraction
        self._clip, self._stamp = clip, stamp
        self._load += 1
        self._failed = False
        self._schedule = replace(self._schedule, count=clip.count, fps=clip.fps)
        self._index, self._shown, self._begun = round(share * (clip.count - 1)), -1, False
        self._timer.stop()
        self._renderer.clear(self._load, frame_bytes=clip.frame_bytes)
        if self._stills.pixels(clip.picture) is not None:
            self._start(clip.picture)
        else:
            self._stills.want(clip.picture)
        self.changed.emit()

    def unload(self) -> None:
        """Show nothing, and keep nothing of what was shown but the picture's pixels."""
        self.pause()
        self._clip, self._index, self._shown = None, 0, -1
        self._load += 1
        self._renderer.clear(self._load, frame_bytes=1)
        self._stills.trim()
        self.changed.emit()

    def play(self) -> None:
        """Play from here; from START if it is at END.  It starts once some frames are there."""
        if self._clip is None or self._playing or self._failed:
            return
        if self._index >= self.count - 1:
            self._index = 0
        self._playing, self._begun = True, False
        self._times.clear()
        self._plan()
        self._begin_if_ready()
        self.changed.emit()

    def pause(self) -> None:
        """Stay at the frame that is shown."""
        if not self._playing:
            return
        self._playing = self._begun = False
        self._timer.stop()
        self._plan()
        self.changed.emit()

    def seek(self, index: int) -> None:
        """Pause, and show this frame as soon as it is there."""
        self.pause()
        self._index = min(max(index, 0), self.count - 1)
        self._plan()
        if self._index != self._shown:
            self._show(self._index)

    def set_looping(self, looping: bool) -> None:  # noqa: FBT001 - a slot of a toggle
        """Whether it goes on at START after END."""
        if self._begun:
            self._begun_at, first = self._clock(), self._index
            self._schedule = replace(self._schedule, first=first)
        self._schedule = replace(self._schedule, looping=looping)
        self._plan()

    # -- what it is at ----------------------------------------------------------------------------

    @property
    def clip(self) -> Clip | None:
        """What is previewed, if anything."""
        return self._clip

    @property
    def count(self) -> int:
        """Frames of the clip."""
        return self._schedule.count

    @property
    def index(self) -> int:
        """The frame of the moment."""
        return self._index

    @property
    def fraction(self) -> float:
        """The same as a share of the move's time, 0..1."""
        return self._index / (self.count - 1) if self.count > 1 else 0.0

    @property
    def playing(self) -> bool:
        """Whether it plays, or will as soon as it can."""
        return self._playing

    @property
    def started(self) -> bool:
        """Whether its clock runs: it plays, and the first frames are there."""
        return self._begun

    @property
    def looping(self) -> bool:
        """Whether it goes on at START after END."""
        return self._schedule.looping

    @property
    def waiting(self) -> bool:
        """Whether there is nothing to show yet."""
        return self._clip is not None and self._shown < 0 and not self._failed

    def masks(self, index: int) -> tuple[QImage, QImage] | None:
        """Where objects are in that frame and what they left, if it has any and is there."""
        frame = self._renderer.get(index)
        if frame is None or frame.moved is None or frame.invented is None:
            return None
        return frame.moved, frame.invented

    def close(self) -> None:
        """End the thread."""
        self._timer.stop()
        self._playing = False
        self._renderer.close()

    # -- how it does it ---------------------------------------------------------------------------

    def _start(self, picture: Path) -> None:
        """The picture's pixels are there."""
        clip = self._clip
        if clip is None or clip.picture != picture:
            return
        pixels = self._stills.pixels(picture)
        if pixels is None:  # changed or dropped since
            self._stills.want(picture)
            return
        if self._renderer.source(self._load, lambda: self._make(clip, pixels)):
            self._plan()

    def _refuse(self, picture: Path, why: str) -> None:
        if self._clip is not None and self._clip.picture == picture:
            self._fail(why)

    def _give_up(self, load: int, why: str) -> None:
        if load == self._load:
            self._fail(why)

    def _fail(self, why: str) -> None:
        self._playing = self._begun = False
        self._failed = True
        self._timer.stop()
        self.failed.emit(why)
        self.changed.emit()

    def _take(self, load: int, index: int) -> None:
        """A frame was rendered."""
        if load != self._load:
            return
        if self._playing and not self._begun:
            self._begin_if_ready()
        if index == self._index != self._shown:
            self._show(index)

    def _begin_if_ready(self) -> None:
        ahead = range(self._index, min(self._index + HEADSTART, self.count))
        if all(at in self._renderer for at in ahead):
            self._begun, self._begun_at = True, self._clock()
            self._schedule = replace(self._schedule, first=self._index)
            self._tick()

    def _tick(self) -> None:
        if not (self._playing and self._begun):
            return
        elapsed_s = self._clock() - self._begun_at
        self._index = self._schedule.due(elapsed_s)
        if self._index != self._shown:
            self._show(self._index)
        if self._schedule.ended(elapsed_s):
            self.pause()
            return
        self._plan()
        self._timer.start(max(1, round(self._schedule.next_in_s(elapsed_s) * 1000.0 + 0.5)))

    def _show(self, index: int) -> None:
        frame = self._renderer.get(index)
        if frame is None:
            return
        first, self._shown = self._shown < 0, index
        self.frame.emit(frame.image, index)
        if self._begun:
            self._count_pace()
        if first:
            self.changed.emit()

    def _count_pace(self) -> None:
        now = self._clock()
        self._times.append(now)
        while self._times[0] < now - _PACE_S:
            self._times.popleft()
        span = now - self._times[0]
        if span > _PACE_S / 2:
            self.pace.emit((len(self._times) - 1) / span, float(self._schedule.fps))

    def _plan(self) -> None:
        ahead = min(AHEAD, self._renderer.capacity)
        soon = window(self._schedule, self._index, ahead=ahead)
        wanted = to_render(
            soon,
            fps=self._schedule.fps,
            there=self._renderer,
            takes_s=self._renderer.takes_s,
            playing=self._begun,
        )
        self._renderer.plan(wanted, keep=frozenset(soon))
