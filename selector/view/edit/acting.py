"""What keys and buttons do to the motion, and nothing of how they look."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication

from companions import codec
from companions.errors import CompanionError
from companions.motion import MotionCompanion
from selector.core import drafting, grips
from selector.core.drafting import LEAST_BETWEEN
from selector.view.edit.editing import Editing
from selector.view.edit.framing import stop_words

MIME: Final = "application/x-motionfleet-motion+json"
FAR: Final = 10.0
SIZE_STEP: Final = 1.02
TURN_STEP_DEG: Final = 0.5
TIME_STEP_S: Final = 0.1
NO_ROOM: Final = "There is no room for a keyframe here; move the playhead away from other stops."
NOTHING_COPIED: Final = "There is no move on the clipboard: copy one with Ctrl+C first."


class Acting:
    """The deeds of one editor."""

    def __init__(self, editing: Editing) -> None:
        self._editing = editing

    # -- the chosen stop --------------------------------------------------------------------------

    def next_stop(self, by: int) -> None:
        """Choose another stop, round and round."""
        if self._editing.stops:
            self._editing.choose((self._editing.stop + by) % len(self._editing.stops))

    def nudge(self, dx: float, dy: float) -> None:
        """Move the chosen stop by so many pixels of the clip."""
        editing, stop = self._editing, self._editing.stop

        def change(motion: MotionCompanion) -> MotionCompanion:
            picture, output = drafting.picture_size(motion), drafting.output_size(motion)
            rect = drafting.stops(motion)[stop].rect
            px = rect.width * picture.width / output.width
            moved = grips.moved(rect, (dx * px, dy * px), picture=picture)
            return drafting.with_rect(motion, stop, moved)

        editing.edit(change, what=self._words("move"), merge=f"nudge {stop}")

    def scale(self, factor: float) -> None:
        """Make the chosen stop larger or smaller about its middle."""
        stop = self._editing.stop

        def change(motion: MotionCompanion) -> MotionCompanion:
            picture, output = drafting.picture_size(motion), drafting.output_size(motion)
            rect = grips.scaled(
                drafting.stops(motion)[stop].rect, factor, picture=picture, output=output
            )
            return drafting.with_rect(motion, stop, rect)

        self._editing.edit(change, what=self._words("resize"), merge=f"scale {stop}")

    def turn(self, by_deg: float) -> None:
        """Turn the chosen stop further."""
        self.turn_to(self._editing.degrees(self._editing.stop) + by_deg)

    def turn_to(self, degrees: float) -> None:
        """Turn the chosen stop."""
        stop, turned = self._editing.stop, round(degrees, 3)
        self._editing.edit(
            lambda motion: drafting.with_rotation(motion, stop, turned),
            what=self._words("turn"),
            merge=f"turn {stop}",
        )

    def add_keyframe(self) -> None:
        """Stop at the playhead where the camera is then, which changes nothing yet.

        Where the playhead stands on a stop already: half way to the next.
        """
        editing = self._editing
        path = editing.path
        if path is None:
            return
        at = _free_moment([stop.at for stop in editing.stops], editing.playhead)
        rect, count = path.window(at), len(editing.stops)
        if not editing.edit(lambda m: drafting.with_keyframe(m, at, rect), what="add a keyframe"):
            return
        if len(editing.stops) > count:
            editing.choose(next(i for i, stop in enumerate(editing.stops) if stop.at == at))
        else:
            editing.desk.told.emit(NO_ROOM)

    def remove(self) -> None:
        """Remove the chosen object, else the chosen keyframe."""
        editing = self._editing
        if editing.object >= 0:
            self.remove_object(editing.object)
            return
        stop = editing.stop
        if not 0 < stop < editing.last:
            editing.desk.told.emit("START and END stay; choose a keyframe or an object to remove.")
            return
        editing.edit(
            lambda motion: drafting.without_keyframe(motion, stop), what=self._words("remove")
        )
        editing.choose(min(stop, editing.last))

    def remove_object(self, index: int) -> None:
        """Remove an object; a mask of its own stays on the disk, so that undo finds it."""
        editing = self._editing
        gone = editing.objects[index].name
        editing.edit(
            lambda motion: drafting.with_objects(
                motion, tuple(each for each in motion.objects if each.name != gone)
            ),
            what=f"remove {gone}",
        )
        editing.choose_object(-1)

    def step_time(self, by_s: float) -> None:
        """Move the playhead by seconds."""
        motion = self._editing.motion
        if motion is not None:
            self._editing.seek(self._editing.playhead + by_s / motion.duration_sec)

    # -- the whole move ---------------------------------------------------------------------------

    def swap(self) -> None:
        """Exchange START and END."""
        self._editing.edit(drafting.swapped, what="swap START and END")

    def copy(self) -> None:
        """Put the move on the clipboard, for this window and for others."""
        motion = self._editing.motion
        if motion is None:
            return
        data = codec.encode(motion)
        mime = QMimeData()
        mime.setData(MIME, data)
        mime.setText(data.decode())
        QGuiApplication.clipboard().setMimeData(mime)
        self._editing.desk.told.emit("Move copied. Paste it with Ctrl+V on another picture.")

    def paste(self) -> None:
        """Take the move on the clipboard."""
        source = copied_move()
        if source is None:
            self._editing.desk.told.emit(NOTHING_COPIED)
            return
        self._editing.edit(lambda motion: drafting.pasted(motion, source), what="paste the move")

    def apply(self) -> None:
        """Give the move on the clipboard, or else this one, to every picked picture: one step of
        the undo history."""
        editing, desk = self._editing, self._editing.desk
        copied = copied_move()
        given = copied or editing.motion
        if given is None or desk.is_refused():
            return
        names = [n for n in desk.cull.all_picked() if n != editing.name or given != editing.motion]
        able = [n for n in names if desk.problem(n) is None and desk.drawn(n) is not None]
        done = self._give(given, able) if able else 0
        which = "The copied move" if copied is not None else "This move"
        left = len(names) - done
        also = f"; {left} could not be changed or are still being read" if left else ""
        desk.told.emit(f"{which} was applied to {done} picked pictures{also}.")

    def _give(self, given: MotionCompanion, names: Sequence[str]) -> int:
        """Apply a move to these pictures; to how many of them it can be."""
        desk, done = self._editing.desk, 0
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)  # a write for each
        desk.undo_stack.beginMacro(f"apply the move to {len(names)} pictures")
        try:
            for name in names:
                # On a picture of quite another shape there may be no such move.
                with contextlib.suppress(ValueError):
                    done += desk.edit(
                        name, lambda m: drafting.pasted(m, given), what="apply the move"
                    )
        finally:
            desk.undo_stack.endMacro()
            QGuiApplication.restoreOverrideCursor()
        return done

    def _words(self, verb: str) -> str:
        return f"{verb} {stop_words(self._editing.stop, last=self._editing.last)}"


def copied_move() -> MotionCompanion | None:
    """The motion on the clipboard, if there is one that can be read."""
    mime = QGuiApplication.clipboard().mimeData()
    if mime is None or not mime.hasFormat(MIME):
        return None
    try:
        return codec.decode(bytes(mime.data(MIME).data()), MotionCompanion, file="the clipboard")
    except CompanionError:
        return None


def _free_moment(taken: Sequence[float], wanted: float) -> float:
    """``wanted``, or half way to the next moment (at the end: the one before) if it is taken."""
    near = next((i for i, at in enumerate(taken) if abs(at - wanted) < LEAST_BETWEEN), None)
    if near is None:
        return wanted
    first = min(near, len(taken) - 2)
    return (taken[first] + taken[first + 1]) / 2.0
