"""The preview: a move played at its clip's rate, looped, scrubbed, stepped through.

What is seen is rendered by the code that the fleet renders with.  With objects that move by
themselves it is the reference that a model will get, and M shows its masks.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QImage, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from companions.geometry import Size
from companions.motion import Move
from selector.media.player import Clip, PreviewPlayer
from selector.media.stills import Stills
from selector.view import keys
from selector.view.preview.scrub import ScrubBar
from selector.view.preview.stage import Stage

RESIZED_MS: Final = 150
"""How long a new size has to last before frames are rendered for it."""
SLOW: Final = 0.95
"""Share of the clip's rate below which the badge says so."""
_REPEATED: Final = frozenset({"Left", "Right", "Shift+Left", "Shift+Right"})


class PreviewPanel(QWidget):
    """Shows one move.

    Keys, while it has the focus: Space plays and pauses, L loops, Left and Right step a frame
    (with Shift ten), Home and End go to START and END, M shows the masks of objects.

    Signals:
        moved(fraction): the playhead is there now, 0..1, by playing or by hand.
    """

    moved = Signal(float)

    def __init__(self, stills: Stills | None = None, parent: QWidget | None = None) -> None:
        """``stills`` may be shared with other panels; a panel without them reads by itself."""
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Preview of the move")
        self._owns_stills = stills is None
        self._stills = stills if stills is not None else Stills(parent=self)
        self.player = PreviewPlayer(self._stills, parent=self)
        self.stage, self.bar, self.time = Stage(), ScrubBar(), QLabel()
        self._asked: tuple[Path, Move, Size, Fraction, Path | None] | None = None
        self._masked = self._telling = False
        self._acts: dict[str, Callable[[], None]] = {
            "Space": self.toggle,
            "L": lambda: self.set_looping(not self.player.looping),
            "M": lambda: self.set_masked(not self._masked),
            "Left": lambda: self.step(-1),
            "Right": lambda: self.step(1),
            "Shift+Left": lambda: self.step(-10),
            "Shift+Right": lambda: self.step(10),
            "Home": lambda: self.scrub_to(0.0),
            "End": lambda: self.scrub_to(1.0),
        }
        self._build()
        self._resized = QTimer(self, singleShot=True, interval=RESIZED_MS)
        self._resized.timeout.connect(self._load)
        self.player.frame.connect(self._take)
        self.player.failed.connect(self._refuse)
        self.player.changed.connect(self._follow)
        self.player.pace.connect(self._tell_pace)
        self.bar.scrubbed.connect(self.scrub_to)
        self._follow()

    # -- what is asked of it ----------------------------------------------------------------------

    def show_move(
        self,
        picture: Path,
        move: Move,
        output: Size,
        fps: Fraction,
        *,
        folder: Path | None = None,
    ) -> None:
        """Show that move at the present playhead; what played goes on playing.

        ``folder`` is where the masks of its objects are, if not beside the picture.  Cheap when
        nothing changed, and fast when only the move did: the picture is read once.
        """
        bare = Move.model_validate({name: getattr(move, name) for name in Move.model_fields})
        other = self._asked is None or self._asked[0] != picture
        self._asked = (picture, bare, output, fps, folder)
        if other:
            self.stage.show_frame(None)
        self.stage.set_aspect(output)
        self.stage.set_message("")
        self.bar.set_stops([stop.at for stop in bare.keyframes])
        self._load()

    def play(self) -> None:
        """Play from the playhead on; from START if it is at END."""
        self.player.play()

    def pause(self) -> None:
        """Stay here."""
        self.player.pause()

    def toggle(self) -> None:
        """Play or pause."""
        self.pause() if self.player.playing else self.play()

    def stop(self) -> None:
        """Show nothing any more, and keep nothing in memory of what was shown."""
        self._asked = None
        self._resized.stop()
        self.player.unload()
        self.stage.show_frame(None)
        self.stage.show_masks(None)
        self.stage.set_message("")
        self.stage.set_badge("")

    def step(self, frames: int) -> None:
        """Pause, and go that many frames on."""
        self.player.seek(self.player.index + frames)
        self._tell_moment()

    def scrub_to(self, fraction: float) -> None:
        """Pause, and go to that share (0..1) of the move's time.

        From a slot of ``moved`` it does nothing: whoever follows the playhead may say so back.
        """
        if self._telling:
            return
        self.player.seek(round(min(1.0, max(0.0, fraction)) * (self.player.count - 1)))
        self._tell_moment()

    def set_looping(self, looping: bool) -> None:  # noqa: FBT001 - a slot of a toggle
        """Whether it goes on at START after END."""
        self.player.set_looping(looping)
        self._loop.setChecked(looping)

    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - a slot of a toggle
        """Whether the masks of objects are shown over the frame."""
        self._masked = masked
        self._mask.setChecked(masked)
        self._overlay()
        self._caption()

    @property
    def fraction(self) -> float:
        """Where the playhead is, as a share of the move's time, 0..1."""
        return self.player.fraction

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self.player.playing

    def shut_down(self) -> None:
        """End the threads; call it before the window goes."""
        self._resized.stop()
        self.player.close()
        if self._owns_stills:
            self._stills.close()

    # -- Qt's events ------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Its keys; all others are the parent's."""
        key = keys.spelled(event)
        act = self._acts.get(key)
        if act is None or self._asked is None:
            event.ignore()
        elif key in _REPEATED or not event.isAutoRepeat():  # of the rest a held key is one press
            act()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Render for the new size, once it lasts."""
        super().resizeEvent(event)
        if self._asked is not None:
            self._resized.start()

    # -- how it does it ---------------------------------------------------------------------------

    def _load(self) -> None:
        if self._asked is not None:
            picture, move, output, fps, folder = self._asked
            drawn = self.stage.drawn_size(output)
            self.player.load(
                Clip(picture, move, output=output, fps=fps, drawn=drawn, folder=folder)
            )
            self._tell_moment()

    def _take(self, image: QImage) -> None:
        self.stage.show_frame(image)
        self.stage.set_message("")
        self._overlay()
        self._tell_moment()

    def _overlay(self) -> None:
        self.stage.show_masks(self.player.masks(self.player.index) if self._masked else None)

    def _refuse(self, why: str) -> None:
        self.stage.show_frame(None)
        self.stage.set_message(why)

    def _follow(self) -> None:
        """Show what the player is at."""
        clip, playing = self.player.clip, self.player.playing
        has_objects = clip is not None and bool(clip.move.objects)
        if self.player.waiting and self.stage.image is None and not self.stage.message:
            self.stage.set_message("Reading the picture ...")
        for button in (self._play, self._back, self._on, self._loop):
            button.setEnabled(clip is not None)
        self.bar.setEnabled(clip is not None)
        self._mask.setVisible(has_objects)
        self._caption()
        self._play.setText("❚❚" if playing else "▶")
        self._play.setToolTip("Pause (Space)" if playing else "Play (Space)")
        if not playing:
            self.stage.set_badge("")
        self._tell_moment()

    def _caption(self) -> None:
        clip = self.player.clip
        words = ""
        if clip is not None and clip.move.objects:
            words = "reference for the model"
            if self._masked:
                words += "; violet: objects, yellow: made up"
        self.stage.set_caption(words)

    def _tell_pace(self, shown: float, wanted: float) -> None:
        slow = shown < SLOW * wanted
        self.stage.set_badge(f"{shown:.0f} of {wanted:.4g} frames/s shown" if slow else "")

    def _tell_moment(self) -> None:
        clip, index = self.player.clip, self.player.index
        if clip is None:
            self.time.setText("")
            return
        fraction = self.player.fraction
        digits = len(str(clip.count))
        self.time.setText(
            f"{index / float(clip.fps):5.2f} s / {clip.move.duration_sec:.2f} s"
            f"   frame {index + 1:{digits}} of {clip.count}"
        )
        if fraction != self.bar.fraction:
            self.bar.set_fraction(fraction)
            self._telling = True
            self.moved.emit(fraction)
            self._telling = False

    def _build(self) -> None:
        self._back = _button("◂", "One frame back (Left)", lambda: self.step(-1))
        self._play = _button("▶", "Play (Space)", self.toggle)
        self._on = _button("▸", "One frame on (Right)", lambda: self.step(1))
        self._loop = _button("Loop", "Go on at START after END (L)", None)
        self._mask = _button("Mask", "Where objects are, and what is made up (M)", None)
        for button, slot in ((self._loop, self.set_looping), (self._mask, self.set_masked)):
            button.setCheckable(True)
            button.toggled.connect(slot)
        self.time.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.time.setAccessibleName("Time code")
        row = QHBoxLayout()
        row.setContentsMargins(8, 2, 8, 4)
        row.setSpacing(6)
        widgets = (self._back, self._play, self._on, self.bar, self.time, self._loop, self._mask)
        for widget in widgets:
            row.addWidget(widget, 1 if widget is self.bar else 0)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.stage, 1)
        whole.addLayout(row)


def _button(text: str, tip: str, slot: Callable[[], None] | None) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if slot is not None:
        button.clicked.connect(slot)
    return button
