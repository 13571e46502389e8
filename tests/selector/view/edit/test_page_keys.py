"""The editor's keys: each does what the table says, at once, and is on the disk."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions.motion import SafetyVerdict
from selector.core import drafting
from selector.view.edit.actions import ACTIONS
from tests.selector.view.edit.editors import (
    CTRL,
    END,
    PICTURE,
    SHIFT,
    START,
    B,
    editing,
    on_disk,
    press,
    shown,
)

PX = END.width / 640.0
"""One pixel of the clip at END, in picture fractions."""


def test_arrows_nudge_by_one_clip_pixel_and_with_shift_by_ten_as_one_step(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        page.desk.decide(0, {page.name})
        steps = page.desk.undo_stack.count()
        press(page, Qt.Key.Key_Right)
        assert on_disk(page).end_rect.x1 == pytest.approx(END.x1 + PX)
        press(page, Qt.Key.Key_Right, held=SHIFT)
        press(page, Qt.Key.Key_Down)

        rect = on_disk(page).end_rect
        assert rect.x1 == pytest.approx(END.x1 + 11.0 * PX)
        assert rect.y1 == pytest.approx(END.y1 + PX * PICTURE.aspect)
        assert page.desk.undo_stack.count() == steps + 1
        page.desk.undo_stack.undo()
        assert on_disk(page).end_rect == END


def test_s_and_e_choose_start_and_end_and_tab_goes_round(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "s", Qt.Key.Key_Left)
        assert on_disk(page).start_rect.x1 < START.x1
        assert on_disk(page).end_rect == END
        press(page, Qt.Key.Key_Tab)
        assert page.editing.stop == 1
        assert page.canvas.hasFocus()
        press(page, Qt.Key.Key_Tab)
        assert page.editing.stop == 0
        press(page, Qt.Key.Key_Tab, held=SHIFT)
        assert page.editing.stop == 1
        press(page, "s", "e")
        assert page.editing.stop == 1


def test_brackets_resize_and_comma_and_point_turn(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "[")
        assert on_disk(page).end_rect.width < END.width
        press(page, "]")
        assert on_disk(page).end_rect.width == pytest.approx(END.width)
        press(page, "..,")
        rotation = on_disk(page).rotation
        assert rotation is not None
        assert rotation.end_deg == pytest.approx(0.5)
        press(page, "0")
        assert on_disk(page).rotation is None


def test_w_exchanges_start_and_end(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "w")
        assert (on_disk(page).start_rect, on_disk(page).end_rect) == (END, START)


def test_k_adds_a_keyframe_that_changes_nothing_and_delete_removes_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        path = page.editing.path
        assert path is not None
        page.editing.seek(0.3)
        before = path.window(0.3)

        press(page, "k")

        (frame,) = on_disk(page).keyframes
        assert frame.at == pytest.approx(0.3)
        assert frame.rect.root == pytest.approx(before.root)
        assert page.editing.stop == 1
        press(page, Qt.Key.Key_Delete)
        assert on_disk(page).keyframes == ()


def test_k_on_a_stop_goes_half_way_to_the_next(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "k")
        assert [frame.at for frame in on_disk(page).keyframes] == [0.5]


def test_delete_leaves_start_and_end_and_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        before = on_disk(page)
        with qtbot.waitSignal(page.desk.told) as told:
            press(page, Qt.Key.Key_Delete)
        assert told.args is not None
        assert "START and END stay" in told.args[0]
        assert on_disk(page) == before


def test_a_move_is_copied_to_another_picture(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, Qt.Key.Key_Left, held=SHIFT)
        press(page, Qt.Key.Key_C, held=CTRL)
        page.open(B)
        press(page, Qt.Key.Key_V, held=CTRL)

        assert on_disk(page, B).end_rect.root == pytest.approx(on_disk(page).end_rect.root)
        assert on_disk(page, B).end_rect != END
        page.desk.undo_stack.undo()
        assert on_disk(page, B).end_rect == END


def test_pasting_with_nothing_copied_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        QApplication.clipboard().setText("{}")
        with qtbot.waitSignal(page.desk.told) as told:
            press(page, Qt.Key.Key_V, held=CTRL)
        assert told.args is not None
        assert "no move on the clipboard" in told.args[0]
        assert on_disk(page).end_rect == END


def test_a_move_is_applied_to_every_pick_as_one_step(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        desk = page.desk
        desk.decide(0, desk.cull.groups[0].pictures)
        desk.decide(1, desk.cull.groups[1].pictures)
        press(page, "w")
        QApplication.clipboard().clear()
        steps = desk.undo_stack.count()

        press(page, Qt.Key.Key_V, held=CTRL | SHIFT)

        assert on_disk(page, B).start_rect.root == pytest.approx(END.root)
        assert desk.undo_stack.count() == steps + 1
        assert page.name != B
        desk.undo_stack.undo()
        assert on_disk(page, B).start_rect == START


def test_m_takes_the_nearest_safe_move(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.editing.edit(lambda m: drafting.with_duration(m, 0.5), what="hurry")
        safety = on_disk(page).safety
        assert safety is not None
        assert safety.verdict is SafetyVerdict.BLOCK

        press(page, "m")

        safety = on_disk(page).safety
        assert safety is not None
        assert safety.verdict is SafetyVerdict.PASS


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_escape_and_return_go_back_to_the_cull(qtbot: QtBot, tmp_path: Path, key: Qt.Key) -> None:
    with editing(qtbot, tmp_path) as page, qtbot.waitSignal(page.closed):
        press(page, key)


def test_home_end_and_page_keys_move_the_playhead(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, Qt.Key.Key_Home)
        assert page.editing.playhead == 0.0
        press(page, Qt.Key.Key_PageDown, Qt.Key.Key_PageDown)
        assert page.editing.playhead * shown(page).duration_sec == pytest.approx(0.2)
        press(page, Qt.Key.Key_PageUp)
        assert page.editing.playhead * shown(page).duration_sec == pytest.approx(0.1)
        press(page, Qt.Key.Key_End)
        assert page.editing.playhead == 1.0


def test_every_action_can_be_done_and_no_key_means_two_things(qtbot: QtBot, tmp_path: Path) -> None:
    taken = list(itertools.chain.from_iterable(each.keys for each in ACTIONS))
    assert len(taken) == len(set(taken))
    with editing(qtbot, tmp_path) as page:
        for each in ACTIONS:
            page.act(each.name)
            page.open(page.name)
