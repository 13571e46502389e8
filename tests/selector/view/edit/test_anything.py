"""Whatever the operator presses and drags, the motion on the disk is whole, and all is undone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from companions import codec
from companions.motion import MotionCompanion
from companions.names import MOTION_SUFFIX, companion_path
from tests.selector.view.edit.editors import ALT, CTRL, NONE, SHIFT, editing, on_disk, press, pull

KEYS = [
    *"sewkgfzplbhjo[],.0+-mi",
    Qt.Key.Key_Tab,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Delete,
    Qt.Key.Key_Return,
    Qt.Key.Key_Escape,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
]
HELD = [NONE, NONE, SHIFT, CTRL, ALT]


@pytest.mark.parametrize("seed", range(3))
def test_random_keys_and_drags_keep_the_motion_whole_and_undo_to_the_beginning(
    qtbot: QtBot, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    with editing(qtbot, tmp_path) as page:
        path = companion_path(page.desk.picture(page.name), MOTION_SUFFIX)
        before = on_disk(page)
        for _ in range(120):
            if dice.random() < 0.4:
                box = page.canvas.rect()
                points = [
                    QPointF(dice.uniform(0, box.width()), dice.uniform(0, box.height()))
                    for _ in range(dice.randint(1, 5))
                ]
                pull(page.canvas, *points, held=dice.choice(HELD))
            else:
                press(page, dice.choice(KEYS), held=dice.choice([NONE, NONE, NONE, SHIFT]))
            shown = page.editing.motion
            assert shown == codec.read(path, MotionCompanion)
        page.canvas.grab()

        while page.desk.undo_stack.canUndo():
            page.desk.undo_stack.undo()

        assert on_disk(page).move() == before.move()
        assert page.editing.motion == on_disk(page)
