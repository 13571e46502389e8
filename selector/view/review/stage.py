"""What moves in a review: the clip and its plan, the keyframe beside it, the timeline below.

It shows one shot at a time and knows nothing of decisions.  Everything slow happens elsewhere:
the clip is decoded, the plan rendered, the path measured and the picture read in threads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from companions.camera import CameraPath
from companions.geometry import Size
from selector.core.findings import marks_of
from selector.core.returned import Returned
from selector.media.clip_source import ClipIndex
from selector.media.loader import Loader
from selector.media.measuring import Measurer
from selector.media.player import Clip, PreviewPlayer
from selector.media.stills import Stills
from selector.media.video import ClipReader
from selector.view.review.panes import ClipPane, KeyframePane, Planned
from selector.view.review.timeline import Timeline

PLAN_BUDGET_BYTES: Final = 96 * 1024**2
_PLAN_LONG_SIDE: Final = 960
NOTHING_YET: Final = (
    "No clip has come back to this folder yet.\nfleet submit makes clips, fleet pull fetches them."
)


class Stage(QWidget):
    """One shot.

    Attributes:
        keyframe_pane: the keyframe with the rectangles; the window places it.
        is_seen: whether something of the shot is to be seen.

    Signals:
        appeared: something of the shot is to be seen: a frame, or why there is none.
        told(text): something to tell the reviewer, once.
    """

    appeared = Signal()
    told = Signal(str)

    def __init__(self, loader: Loader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shot: Returned | None = None
        self.is_seen = False
        self.loader = loader
        self.reader = ClipReader(parent=self)
        self.stills = Stills(parent=self)
        self.plan = PreviewPlayer(self.stills, budget_bytes=PLAN_BUDGET_BYTES, parent=self)
        self.measurer = Measurer(parent=self)
        self.clip_pane, self.keyframe_pane = ClipPane(self), KeyframePane(self)
        self.timeline, self.time = Timeline(self), QLabel(self)
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.time.setMinimumWidth(self.fontMetrics().horizontalAdvance("0" * 32))
        transport = QHBoxLayout()
        transport.addWidget(self.timeline, 1)
        transport.addWidget(self.time)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.clip_pane, 1)
        layout.addLayout(transport)
        self._connect()

    def close_all(self) -> None:
        """End the threads."""
        for each in (self.reader, self.measurer, self.plan, self.stills):
            each.close()

    # -- what is shown ----------------------------------------------------------------------------

    def show_shot(self, shot: Returned | None) -> None:
        """Show that shot from its first frame, playing; None shows that there is none."""
        self.shot = shot
        self.is_seen = False
        self.plan.unload()
        self.measurer.rest()
        self.clip_pane.shows_plan = False
        self.clip_pane.show_clip(None)
        self.clip_pane.show_plan(None)
        self.keyframe_pane.show_move(None)
        self.timeline.show_clip(0)
        self.time.setText("")
        if shot is None:
            self.clip_pane.say(NOTHING_YET)
            self.keyframe_pane.say("")
            self.keyframe_pane.show_image(None)
            self.reader.open(None)
            return
        self._show_keyframe(shot)
        if shot.why:
            self._say(shot.why)
        else:
            self.clip_pane.say("")
        self.reader.open(shot.clip)

    def update_shot(self, shot: Returned) -> None:
        """The same shot, of which something else is known now; another attempt is shown anew."""
        if self.shot is None or shot.facts != self.shot.facts:
            self.show_shot(shot)
            return
        self.shot = shot
        if shot.trouble:
            self._say(shot.trouble)

    def expects_path(self) -> bool:
        """Whether the measured path will come, or has come: there is a clip and its picture."""
        shot = self.shot
        return (
            shot is not None
            and not shot.trouble
            and shot.facts is not None
            and shot.picture is not None
            and self.loader.problem(shot.picture) is None
            and not self.keyframe_pane.is_measured
        )

    def next_finding(self) -> None:
        """Go to the next finding on the timeline."""
        frame = self.timeline.next_mark()
        if frame is None:
            self.told.emit("No finding of this clip names a frame.")
        else:
            self.reader.seek(frame)

    def toggle_plan(self) -> None:
        """The clip, or the plan at the same moment."""
        shot = self.shot
        if shot is None or shot.picture is None or shot.facts is None:
            self.told.emit("There is no plan to show without the picture and a clip.")
            return
        if self.clip_pane.plan_frame != self.reader.at:
            self.clip_pane.show_plan(None)  # of another moment: it would be taken for this one's
        self.clip_pane.toggle()
        self._want_plan()

    def toggle_overlay(self) -> None:
        """What is drawn over the keyframe, or nothing."""
        self.keyframe_pane.toggle()
        self._want_measured()

    def toggle_loop(self) -> None:
        """Loop, or stop at the end."""
        self.reader.set_loop(not self.reader.loop)
        self._show_time()

    def _show_keyframe(self, shot: Returned) -> None:
        if shot.picture is None:
            self.keyframe_pane.show_image(None)
            self.keyframe_pane.say("Its picture is not in this folder.")
            return
        self.keyframe_pane.show_image(self.loader.image(shot.picture))
        self.keyframe_pane.say(self.loader.problem(shot.picture) or "")
        planned = self._planned(shot)
        self.keyframe_pane.show_move(planned)
        if planned is not None:
            self.timeline.show_stops([stop.at for stop in planned.path.stops])
            self._want_measured()

    def _planned(self, shot: Returned) -> Planned | None:
        size = self.loader.size(shot.picture) if shot.picture is not None else None
        if size is None or shot.meta is None or shot.facts is None:
            return None
        output = Size(shot.facts.width, shot.facts.height)
        try:
            path = CameraPath.of(shot.meta.recipe.motion, picture=size, output=output)
        except ValueError:
            return None  # the picture was replaced by one of quite another shape
        return Planned(path, size)

    def _show_time(self) -> None:
        index = self.reader.index
        if index is None:
            return
        # Frames are counted from 0, as in the fleet's findings.
        at_s = self.reader.at / float(index.rate)
        speed = f"   x{self.reader.speed:g}" if self.reader.speed not in {0.0, 1.0} else ""
        once = "" if self.reader.loop else "   once"
        self.time.setText(
            f"{at_s:.2f} / {index.duration_s:.2f} s   "
            f"frame {self.reader.at} of 0-{index.frames - 1}{speed}{once}"
        )

    def _want_plan(self) -> None:
        """Have the plan's frame of the moment rendered, if it is what is looked at."""
        shot = self.shot
        if not self.clip_pane.shows_plan or shot is None or shot.meta is None:
            return
        facts = shot.facts
        if shot.picture is None or facts is None:
            return
        share = min(1.0, _PLAN_LONG_SIDE / max(facts.width, facts.height))
        self.plan.load(
            Clip(
                picture=shot.picture,
                move=shot.meta.recipe.motion,
                output=Size(facts.width, facts.height),
                fps=facts.fps,
                drawn=Size(max(2, round(facts.width * share)), max(2, round(facts.height * share))),
            )
        )
        self.plan.seek(min(self.reader.at, self.plan.count - 1))

    def _want_measured(self) -> None:
        shot = self.shot
        if not self.keyframe_pane.overlay or shot is None or shot.trouble:
            return
        if shot.picture is None or shot.clip is None or shot.facts is None:
            return
        found = self.measurer.want(shot.clip, picture=shot.picture, sha256=shot.facts.sha256)
        if found is not None:
            self.keyframe_pane.show_measured(found)

    # -- what arrives -----------------------------------------------------------------------------

    def _connect(self) -> None:
        self.timeline.sought.connect(self.reader.seek)
        self.reader.opened.connect(self._take_index)
        self.reader.shown.connect(self._take_frame)
        self.reader.failed.connect(self._take_fault)
        self.reader.speed_changed.connect(lambda _: self._show_time())
        self.loader.ready.connect(self._take_picture)
        self.loader.failed.connect(self._take_refusal)
        self.plan.frame.connect(self._take_plan)
        self.plan.failed.connect(self._take_no_plan)
        self.measurer.measured.connect(self._take_measured)

    def _take_index(self, index: ClipIndex) -> None:
        shot = self.shot
        if shot is None:
            return
        self.timeline.show_clip(index.frames, marks=marks_of(shot))
        if self.keyframe_pane.planned is not None:
            self.timeline.show_stops([s.at for s in self.keyframe_pane.planned.path.stops])
        self._show_time()
        if shot.facts is not None and index.frames < shot.facts.frames and not shot.trouble:
            self._say(
                f"Only {index.frames} of {shot.facts.frames} frames can be read: the file is "
                f"incomplete. Fetch it again (fleet pull)."
            )
        if not shot.trouble:
            self.reader.play()

    def _take_frame(self, frame: int, image: QImage) -> None:
        self.clip_pane.show_clip(image)
        self._appear()
        self.timeline.show_frame(frame)
        count = self.reader.index.frames if self.reader.index is not None else 1
        self.keyframe_pane.show_moment(frame / (count - 1) if count > 1 else 0.0, frame=frame)
        self._show_time()
        self._want_plan()

    def _take_fault(self, why: str) -> None:
        if self.shot is not None:
            self._say(self.shot.trouble or why)

    def _say(self, words: str) -> None:
        self.clip_pane.say(words)
        self._appear()

    def _appear(self) -> None:
        if not self.is_seen:
            self.is_seen = True
            self.appeared.emit()

    def _take_plan(self, image: QImage, frame: int) -> None:
        if self.clip_pane.shows_plan:
            self.clip_pane.show_plan(image, frame=frame)

    def _take_no_plan(self, why: str) -> None:
        if self.clip_pane.shows_plan:
            self.clip_pane.say(why)

    def _take_measured(self, clip: Path, placed: object) -> None:
        if self.shot is not None and self.shot.clip == clip and isinstance(placed, tuple):
            self.keyframe_pane.show_measured(placed)

    def _take_picture(self, picture: Path, tier: object) -> None:
        del tier
        shot = self.shot
        if shot is None or shot.picture != picture or self.keyframe_pane.image is not None:
            return
        if self.loader.image(picture) is not None:
            self._show_keyframe(shot)

    def _take_refusal(self, picture: Path, why: str) -> None:
        if self.shot is not None and self.shot.picture == picture:
            self.keyframe_pane.say(why)
