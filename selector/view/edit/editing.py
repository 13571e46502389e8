"""What is being edited: one picture's motion, the chosen stop or object, and the playhead.

Every part of the editor reads this and changes the motion through it alone.  A change in the
middle of a drag is *tried*: shown and measured, but neither saved nor in the undo history before
it is *kept*; everything else goes straight to the desk, and so to the disk.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from companions.camera import CameraPath
from companions.geometry import Rect, Size
from companions.motion import MotionCompanion
from companions.trajectory import ObjectTrajectory
from selector.core import drafting
from selector.core.drafting import Edit, StopView
from selector.view.desk import Desk

NOT_READ_YET = "This picture is being read; its motion can be drawn in a moment."


class Editing(QObject):
    """One picture's motion under edit.

    Signals:
        opened: another picture is being edited.
        changed: the motion, or what stands in its way, has changed.
        chosen: another stop or object is chosen.
        moved: the playhead has moved.
    """

    opened = Signal()
    changed = Signal()
    chosen = Signal()
    moved = Signal()

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.desk, self.name = desk, ""
        self._base: MotionCompanion | None = None
        self._trial: Edit | None = None
        self._tried: MotionCompanion | None = None
        self._path: tuple[MotionCompanion, CameraPath] | None = None
        self._stop, self._object, self._playhead = 0, -1, 0.0
        self._run = 0
        desk.motion_changed.connect(self._take)
        desk.looked.connect(self._take)
        desk.regrouped.connect(self._take_files)

    def open(self, name: str) -> None:
        """Edit that picture's motion: its END first, since a proposal's START is often the whole
        picture."""
        self.name, self._trial, self._tried = name, None, None
        self._stop, self._object, self._playhead = 0, -1, 0.0
        self._run += 1
        self._read()
        if self._base is not None:
            self._stop, self._playhead = len(self.stops) - 1, 1.0
        self.opened.emit()
        self.changed.emit()
        self.chosen.emit()
        self.moved.emit()

    # -- what there is ----------------------------------------------------------------------------

    @property
    def motion(self) -> MotionCompanion | None:
        """The motion as it is shown: tried, saved or proposed; None where there is none yet."""
        return self._tried or self._base

    @property
    def obstacle(self) -> str | None:
        """Why nothing can be edited, or None."""
        if not self.name:
            return "No picture is open."
        if (problem := self.desk.problem(self.name)) is not None:
            return problem
        return NOT_READ_YET if self._base is None else None

    @property
    def is_waiting(self) -> bool:
        """Whether the obstacle goes away by itself."""
        return self.obstacle == NOT_READ_YET

    @property
    def picture(self) -> Size | None:
        """The picture's size in pixels, upright, once it is known."""
        if self._base is not None:
            return drafting.picture_size(self._base)
        return self.desk.loader.size(self.desk.picture(self.name)) if self.name else None

    @property
    def output(self) -> Size:
        """The clip's size."""
        motion = self.motion
        return drafting.output_size(motion) if motion else self.desk.wanted.output

    @property
    def stops(self) -> tuple[StopView, ...]:
        """Every stop in the order of time; none while there is no motion."""
        return drafting.stops(self.motion) if self.motion is not None else ()

    @property
    def path(self) -> CameraPath | None:
        """The camera's path as it is rendered."""
        motion = self.motion
        if motion is None:
            return None
        if self._path is None or self._path[0] is not motion:
            picture, output = drafting.picture_size(motion), drafting.output_size(motion)
            self._path = motion, CameraPath.of(motion, picture=picture, output=output)
        return self._path[1]

    @property
    def faces(self) -> tuple[Rect, ...]:
        """Faces found in the picture, grown."""
        look = self.desk.look(self.name)
        return look.faces if look is not None else ()

    def degrees(self, stop: int) -> float:
        """How far that stop's window is turned, also where it follows from its neighbours."""
        path = self.path
        return path.stops[stop].rotation_deg if path is not None else 0.0

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is being tried."""
        return self._trial is None

    # -- what is chosen ---------------------------------------------------------------------------

    @property
    def stop(self) -> int:
        """The chosen stop's number; 0 is START."""
        return min(self._stop, max(len(self.stops) - 1, 0))

    @property
    def last(self) -> int:
        """END's number."""
        return len(self.stops) - 1

    def choose(self, stop: int) -> None:
        """Choose a stop; the playhead goes to its moment."""
        if not 0 <= stop < len(self.stops):
            return
        self._stop, self._object = stop, -1
        self._run += 1
        self.chosen.emit()
        self.seek(self.stops[stop].at)

    @property
    def objects(self) -> tuple[ObjectTrajectory, ...]:
        """Objects that move by themselves, the lowest first."""
        return self.motion.objects if self.motion is not None else ()

    @property
    def object(self) -> int:
        """The chosen object's number, or -1."""
        return self._object if self._object < len(self.objects) else -1

    def choose_object(self, index: int) -> None:
        """Choose an object; -1 chooses none."""
        if index != self._object:
            self._object = index
            self._run += 1
            self.chosen.emit()

    @property
    def playhead(self) -> float:
        """The moment that is looked at: fraction of the clip's time."""
        return self._playhead

    def seek(self, to: float) -> None:
        """Look at another moment."""
        self._playhead = min(max(to, 0.0), 1.0)
        self.moved.emit()

    # -- changing ---------------------------------------------------------------------------------

    def edit(self, change: Edit, *, what: str, merge: str = "") -> bool:
        """Change the motion, undoably; edits in a row of one ``merge`` word are one step."""
        self._forget_trial()
        if not self.name:
            return False
        run = f"{merge} {self._run}" if merge else ""
        try:
            return self.desk.edit(self.name, change, what=what, merge=run)
        except ValueError as error:  # the contract refuses it; nothing was changed
            self.desk.told.emit(f"Could not {what}: {error}.")
            return False

    def attempt(self, change: Edit) -> None:
        """Show what ``change`` would do."""
        if self._base is None:
            return
        self._trial = change
        self._try()
        self.changed.emit()

    def keep(self, *, what: str) -> None:
        """Make what was tried the motion."""
        trial = self._trial
        if trial is not None:
            self._forget_trial()
            self.edit(trial, what=what)
            self.changed.emit()

    def drop(self) -> None:
        """Take back what was tried."""
        if self._trial is not None:
            self._forget_trial()
            self.changed.emit()

    def _try(self) -> None:
        try:
            self._tried = self._trial(self._base) if self._trial and self._base else None
        except ValueError:
            self._forget_trial()  # there is no such move; the one before is shown

    def _forget_trial(self) -> None:
        self._trial = self._tried = None

    def _take(self, name: str) -> None:
        if name != self.name:
            return
        had = self._base is not None
        self._read()
        if self._base is not None and not had:
            self._stop, self._playhead = len(self.stops) - 1, 1.0
        if self._trial is not None:
            self._try()
        self.changed.emit()
        self.chosen.emit()
        self.moved.emit()

    def _take_files(self) -> None:
        """The folder was looked into again: the motion may be another one, the picture gone."""
        if self.name:
            self._take(self.name)

    def _read(self) -> None:
        blocked = not self.name or self.desk.problem(self.name) is not None
        self._base = None if blocked else self.desk.drawn(self.name)
