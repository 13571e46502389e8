"""What is done to whole moves, to many pictures, and to others than the one that is open."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions import codec
from companions.geometry import Rect, Size, largest_window
from companions.motion import MotionCompanion, PictureIdentity
from companions.names import MOTION_SUFFIX, companion_path
from companions.preset import PushIn
from selector.core import drafting
from selector.core.presets import draw
from tests.selector import stills
from tests.selector.desks import opened
from tests.selector.view.edit.editors import (
    CTRL,
    END,
    PICTURE,
    SHIFT,
    START,
    A,
    B,
    editing,
    motion_for,
    on_disk,
    page_of,
    press,
    two_motions,
)

OUTPUT = Size(640, 360)
THIN = Size(7100, 20)
C = "third/c.png"


def test_a_move_that_one_pick_cannot_have_is_applied_to_the_others(
    qtbot: QtBot, tmp_path: Path
) -> None:
    def closer(motion: MotionCompanion) -> MotionCompanion:
        preset = PushIn(name="push_in", zoom=10.0)
        drawn = draw(preset, picture=PICTURE, output=OUTPUT)
        return drafting.with_preset(motion, preset, start=drawn.start, end=drawn.end)

    thin_motion(two_motions(tmp_path))
    with opened(tmp_path) as desk, page_of(qtbot, desk, A) as page:
        for group in range(3):
            desk.decide(group, desk.cull.groups[group].pictures)
        page.editing.edit(closer, what="go closer")
        QApplication.clipboard().clear()
        before = on_disk(page, C)

        with qtbot.waitSignal(desk.told) as told:
            press(page, Qt.Key.Key_V, held=CTRL | SHIFT)

        assert told.args is not None
        assert "This move was applied to 1 picked pictures; 1 could not" in told.args[0]
        assert on_disk(page, C) == before
        assert on_disk(page, B).end_rect == on_disk(page, A).end_rect
        assert QApplication.overrideCursor() is None
        desk.undo_stack.undo()
        assert on_disk(page, B).start_rect == START, "the history goes on"


def test_which_move_was_applied_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.desk.decide(1, page.desk.cull.groups[1].pictures)
        press(page, Qt.Key.Key_C, held=CTRL)
        press(page, "w")
        with qtbot.waitSignal(page.desk.told) as told:
            press(page, Qt.Key.Key_V, held=CTRL | SHIFT)
        assert told.args is not None
        assert told.args[0].startswith("The copied move was applied")
        QApplication.clipboard().clear()


def test_a_window_that_only_looks_says_nothing_else(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path, read_only=True) as page:
        QApplication.clipboard().clear()
        told: list[str] = []
        page.desk.told.connect(told.append)
        for action in ("apply", "keyframe"):
            page.act(action)

        assert len(told) == 2
        assert all("only looks" in text for text in told)
        assert page.desk.undo_stack.count() == 0


def test_undoing_the_first_change_of_another_picture_shows_that_picture(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, Qt.Key.Key_Left)  # which picks it, too: one step
        page.open(B)

        page.desk.undo_stack.undo()
        assert page.name == A
        assert on_disk(page).end_rect == END


def thin_motion(folder: Path) -> None:
    """A third group: a picture so thin that its windows are about as small as a window can be."""
    pixels = stills.drawn(THIN.width, THIN.height)
    picture = stills.saved(pixels, folder / C)
    window = Rect.around(0.5, 0.5, *largest_window(picture=THIN, output=OUTPUT))
    identity = PictureIdentity(
        name=picture.name,
        width=THIN.width,
        height=THIN.height,
        sha256=hashlib.sha256(picture.read_bytes()).hexdigest(),
    )
    wide = motion_for(folder / A)
    thin = wide.model_copy(update={"image": identity, "start_rect": window, "end_rect": window})
    codec.write(companion_path(picture, MOTION_SUFFIX), drafting.judged(thin))
