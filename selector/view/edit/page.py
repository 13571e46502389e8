"""The editor's page: canvas, timeline and inspector of one picture's motion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QUndoCommand
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from companions.wishes import Wishes
from selector.core import drafting
from selector.core.ways import WayKind
from selector.media.stills import Stills
from selector.view import keys
from selector.view.action import Mode
from selector.view.commands import Redraw
from selector.view.desk import Desk
from selector.view.edit.acting import FAR, SIZE_STEP, TIME_STEP_S, TURN_STEP_DEG, Acting
from selector.view.edit.canvas import Canvas
from selector.view.edit.carrying import Carrying
from selector.view.edit.editing import Editing
from selector.view.edit.inspector import WIDTH, Inspector
from selector.view.edit.showing import Showing
from selector.view.edit.timeline import Timeline
from selector.view.edit.tools import Tool

if TYPE_CHECKING:
    from selector.view.preview.panel import PreviewPanel

ZOOM_STEP: Final = 1.25
PREVIEW_FPS: Final = Fraction(24)
IN_PREVIEW: Final = frozenset({"close", "done", "preview"})
NO_REMEDY: Final = "This move is safe, or no change of it alone makes it so."


class EditPage(QWidget):
    """Edits one picture's motion at a time, through the desk.

    Signals:
        closed: the operator is done here.
    """

    closed = Signal()

    def __init__(
        self, desk: Desk, *, fps: Fraction = PREVIEW_FPS, parent: QWidget | None = None
    ) -> None:
        """``fps``: the rate of previews of shots that name none of their own."""
        super().__init__(parent)
        self.desk, self._fps = desk, fps
        self.editing = Editing(desk, self)
        self.acting = Acting(self.editing)
        self.canvas = Canvas(self.editing)
        self._stills = Stills(parent=self)
        self.showing = Showing(self.editing, self.canvas, self._stills)
        self.carrying = Carrying(self.editing, self.canvas)
        self.timeline = Timeline(self.editing)
        self.inspector = Inspector(self.editing, self.acting, self.carrying)
        self.preview: PreviewPanel | None = None
        self.stack = QStackedWidget()
        self.title = QLabel()
        self._undone_to = desk.undo_stack.index()
        self._deeds = self._all_deeds()
        self._lay_out()
        for signal in (self.editing.changed, self.editing.chosen, self.editing.moved):
            signal.connect(self.canvas.update)
        self.canvas.tabbed.connect(self.acting.next_stop)
        self.editing.changed.connect(self._load_preview)
        self.timeline.sought.connect(self._scrub)
        desk.undo_stack.indexChanged.connect(self._follow)

    def open(self, name: str) -> None:
        """Edit the motion of the picture of that name; the desk goes there, too."""
        group = self.desk.cull.group_of(name)
        if group is not None and name != self.desk.name:
            self.desk.go(group, self.desk.cull.groups[group].pictures.index(name))
        self.show_canvas()
        self.title.setText(name)
        self.editing.open(name)
        self.canvas.view.fit()

    @property
    def name(self) -> str:
        """The picture that is edited; empty before the first."""
        return self.editing.name

    def act(self, action: str) -> None:
        """Do what an action of ``actions.ACTIONS`` says.

        Raises:
            KeyError: there is no such action.
        """
        self._deeds[action]()

    def show_preview(self) -> None:
        """Play the move in place of the canvas; Escape comes back."""
        if self.editing.motion is None:
            return
        panel = self._panel()
        self.stack.setCurrentWidget(panel)
        self._load_preview()
        panel.setFocus()
        panel.play()

    def show_canvas(self) -> None:
        """Back from the preview to the canvas."""
        if self.preview is not None:
            self.preview.stop()
        self.stack.setCurrentWidget(self.canvas)
        self.canvas.setFocus()

    def shut_down(self) -> None:
        """End its threads; call it before the window goes."""
        if self.preview is not None:
            self.preview.shut_down()
        self._stills.close()

    # -- keys -------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Do what the key stands for; text fields have had it before."""
        action = keys.pressed(event, Mode.EDIT)
        if action is None or not (self._is_drawing or action.name in IN_PREVIEW):
            super().keyPressEvent(event)
            return
        event.accept()
        if action.name != "preview":
            self.act(action.name)
        else:
            # Held down it shifts the picture; what it was is known when it is let go.
            self.canvas.hand, self.canvas.has_panned = True, False
            self.canvas.setCursor(Qt.CursorShape.OpenHandCursor)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Preview, unless Space was held to shift the picture."""
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat() or not self.canvas.hand:
            super().keyReleaseEvent(event)
            return
        self.canvas.hand = False
        self.canvas.unsetCursor()
        if not self.canvas.has_panned:
            self.act("preview")

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's
        """Nothing plays unseen."""
        super().hideEvent(event)
        self.canvas.hand = False
        if self.preview is not None:
            self.preview.pause()
        if not event.spontaneous():  # whoever shows it again opens a picture; a minimised one stays
            self.showing.let_go()

    def _all_deeds(self) -> Mapping[str, Callable[[], object]]:
        acting, editing, canvas, carrying = self.acting, self.editing, self.canvas, self.carrying
        return {
            "choose_start": lambda: editing.choose(0),
            "choose_end": lambda: editing.choose(editing.last),
            "next_stop": lambda: acting.next_stop(1),
            "previous_stop": lambda: acting.next_stop(-1),
            "left": lambda: acting.nudge(-1.0, 0.0),
            "right": lambda: acting.nudge(1.0, 0.0),
            "up": lambda: acting.nudge(0.0, -1.0),
            "down": lambda: acting.nudge(0.0, 1.0),
            "far_left": lambda: acting.nudge(-FAR, 0.0),
            "far_right": lambda: acting.nudge(FAR, 0.0),
            "far_up": lambda: acting.nudge(0.0, -FAR),
            "far_down": lambda: acting.nudge(0.0, FAR),
            "smaller": lambda: self._step(up=False),
            "larger": lambda: self._step(up=True),
            "turn_left": lambda: acting.turn(-TURN_STEP_DEG),
            "turn_right": lambda: acting.turn(TURN_STEP_DEG),
            "upright": lambda: acting.turn_to(0.0),
            "swap": acting.swap,
            "copy": acting.copy,
            "paste": acting.paste,
            "apply": acting.apply,
            "safe": self._make_safe,
            "keyframe": acting.add_keyframe,
            "remove": acting.remove,
            "to_start": lambda: editing.seek(0.0),
            "to_end": lambda: editing.seek(1.0),
            "earlier": lambda: acting.step_time(-TIME_STEP_S),
            "later": lambda: acting.step_time(TIME_STEP_S),
            "preview": self.show_preview,
            "zoom": canvas.toggle_zoom,
            "nearer": lambda: canvas.zoom(ZOOM_STEP),
            "further": lambda: canvas.zoom(1.0 / ZOOM_STEP),
            "thirds": canvas.toggle_thirds,
            "faces": canvas.toggle_faces,
            "inspect": self.inspector.take_focus,
            "polygon": lambda: self._cut(carrying.polygon),
            "lasso": lambda: self._cut(carrying.lasso),
            "brush": lambda: self._cut(carrying.brush),
            "freehand": lambda: carrying.lead(WayKind.FREEHAND),
            "line": lambda: carrying.lead(WayKind.LINE),
            "circle": lambda: carrying.lead(WayKind.CIRCLE),
            "done": self._finish,
            "close": self._give_up,
        }

    def _cut(self, tool: Tool) -> None:
        self.inspector.show_objects()
        self.carrying.cut(tool)

    def _step(self, *, up: bool) -> None:
        if not self.canvas.tool.step(up=up):
            self.acting.scale(SIZE_STEP if up else 1.0 / SIZE_STEP)
        self.canvas.update()

    def _make_safe(self) -> None:
        if not self.inspector.meter.take_nearest():
            self.desk.told.emit(NO_REMEDY)

    def _finish(self) -> None:
        if not (self._is_drawing and self.canvas.tool.finish()):
            self._leave()
        self.canvas.update()

    def _give_up(self) -> None:
        canvas = self.canvas
        leading: Tool = self.carrying.way
        if not self._is_drawing:
            self._leave()
        elif canvas.tool.cancel() and canvas.tool is not leading:
            canvas.update()
        elif canvas.tool is not canvas.frames:
            canvas.use(canvas.frames)
        elif not self.editing.is_at_rest:  # a keyframe is being dragged in time, or the curve
            self.timeline.let_go()
            self.editing.drop()
        else:
            self._leave()

    def _leave(self) -> None:
        """One step out: from the preview, from the inspector, from the page."""
        if not self._is_drawing:
            self.show_canvas()
        elif self.inspector.isAncestorOf(self.focusWidget()):
            self.canvas.setFocus()
        else:
            self.closed.emit()

    # -- showing ----------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        back = QPushButton("Back to the cull")
        back.setToolTip("Escape or Return")
        back.clicked.connect(self.closed)
        play = QPushButton("Preview")
        play.setToolTip("Space")
        play.clicked.connect(lambda: self.act("preview"))
        for button in (back, play):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title.setTextFormat(Qt.TextFormat.PlainText)  # names are not markup
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 6, 8, 6)
        bar.addWidget(back)
        bar.addWidget(self.title, 1)
        bar.addWidget(play)
        self.stack.addWidget(self.canvas)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.stack, 1)
        column.addWidget(self.timeline)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(self.inspector)
        split.setStretchFactor(0, 1)
        split.setChildrenCollapsible(False)
        split.setSizes([900, WIDTH])
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def _panel(self) -> PreviewPanel:
        if self.preview is None:
            from selector.view.preview.panel import PreviewPanel

            self.preview = PreviewPanel(self._stills)
            self.preview.moved.connect(self.editing.seek)
            self.stack.addWidget(self.preview)
        return self.preview

    def _load_preview(self) -> None:
        """Have the preview show the move as it is now, if it is seen."""
        motion = self.editing.motion
        if self.preview is None or motion is None or self._is_drawing:
            return
        wishes = motion.wishes or Wishes()
        picture, output = self.desk.picture(self.name), drafting.output_size(motion)
        fps, masks = wishes.target_fps or self._fps, self.desk.placement.stand_in(picture).parent
        self.preview.show_move(picture, motion, output, fps, folder=masks)

    def _scrub(self, to: float) -> None:
        if self.preview is not None and not self._is_drawing:
            self.preview.scrub_to(to)

    @property
    def _is_drawing(self) -> bool:
        return self.stack.currentWidget() is self.canvas

    def _follow(self, index: int) -> None:
        """Show what is undone or redone: a change of another picture is no surprise then."""
        stack, before = self.desk.undo_stack, self._undone_to
        self._undone_to = index
        if not isValid(stack) or not self.isVisible():  # a stack that goes says so, too
            return
        command = stack.command(index if index < before else index - 1)
        # A step of several changes may have been made just now, and from here.
        names = _redrawn(command) if isinstance(command, Redraw) or index < before else set()
        if len(names) == 1 and self.name not in names:
            self.open(names.pop())


def _redrawn(command: QUndoCommand | None) -> set[str]:
    """The pictures whose motions a step of the history changes."""
    if isinstance(command, Redraw):
        return {command.name}
    if command is None:
        return set()
    return {name for i in range(command.childCount()) for name in _redrawn(command.child(i))}
