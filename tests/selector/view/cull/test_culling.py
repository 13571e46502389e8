"""Culling by keys: one key a group, nothing swallowed, and all of it on the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions.names import MOTION_SUFFIX, companion_path
from selector.core.cull import Filter, Order, Verdict
from selector.core.groups import GroupRule
from selector.media.loader import Tier
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, opened, two_groups, wait_for_look
from tests.selector.windows import cull_of, desk_of, press, settle, window, write

Key, Shift = Qt.Key, Qt.KeyboardModifier.ShiftModifier
Ctrl = Qt.KeyboardModifier.ControlModifier


def groups(folder: Path, *sizes: int) -> Path:
    """Groups g0, g1, ... of so many small drawn pictures."""
    for group, size in enumerate(sizes):
        for number in range(size):
            pixels = stills.drawn(120, 80, seed=10 * group + number)
            stills.saved(pixels, folder / f"g{group}" / f"p{number}.png")
    return folder


def test_a_digit_picks_that_candidate_accepts_its_move_and_goes_on(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        press(made, Key.Key_2)

        desk = desk_of(made)
        assert desk.cull.picked(0) == ("first/b.png",)
        assert desk.group == 1
        motion = companion_path(folder / "first/b.png", MOTION_SUFFIX)
        qtbot.waitUntil(motion.exists, timeout=PATIENCE_MS)


def test_twenty_keys_typed_faster_than_pictures_come_are_all_obeyed(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = groups(tmp_path / "shoot", *[3] * 20)
    with window(qtbot, tmp_path, folder) as made:
        for number in range(20):
            press(made, (Key.Key_1, Key.Key_2, Key.Key_3)[number % 3])

        desk = desk_of(made)
        for number in range(20):
            assert desk.cull.picked(number) == (f"g{number}/p{number % 3}.png",)
    with opened(folder) as again:
        assert all(again.cull.verdict(each) is Verdict.PICKED for each in range(20))


def test_x_passes_over_enter_picks_the_outlined_one_and_u_opens_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", 2, 2, 2)) as made:
        desk = desk_of(made)
        press(made, Key.Key_X)
        assert (desk.cull.verdict(0), desk.group) == (Verdict.REJECTED, 1)

        press(made, Key.Key_Down)
        press(made, Key.Key_Return)
        assert (desk.cull.picked(1), desk.group) == (("g1/p1.png",), 2)

        press(made, Key.Key_Left)
        press(made, Key.Key_U)
        assert (desk.cull.verdict(1), desk.group) == (Verdict.OPEN, 1)


def test_shift_and_a_digit_add_a_candidate_and_take_it_out_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", 3, 1)) as made:
        desk = desk_of(made)
        press(made, Key.Key_1, Shift)
        press(made, Key.Key_3, Shift)
        assert (desk.cull.picked(0), desk.group) == (("g0/p0.png", "g0/p2.png"), 0)

        press(made, Key.Key_1, Shift)
        assert desk.cull.picked(0) == ("g0/p2.png",)


def test_arrows_letters_home_end_and_n_go_through_the_groups(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", *[2] * 4)) as made:
        desk = desk_of(made)
        went = []
        for key in (Key.Key_Right, Key.Key_D, Key.Key_Left, Key.Key_A, Key.Key_End, Key.Key_Home):
            press(made, key)
            went.append(desk.group)
        assert went == [1, 2, 1, 0, 3, 0]

        press(made, Key.Key_1)  # 0 is decided, 1 is current
        press(made, Key.Key_X)
        press(made, Key.Key_Home)
        press(made, Key.Key_N)
        assert desk.group == 2, "the next undecided one"
        press(made, Key.Key_Down)
        assert desk.candidate == 1
        press(made, Key.Key_Up)
        assert desk.candidate == 0


def test_a_digit_without_a_candidate_does_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", 2, 2)) as made:
        press(made, Key.Key_7)

        assert desk_of(made).group == 0
        assert desk_of(made).cull.verdict(0) is Verdict.OPEN


def test_a_key_that_is_held_goes_through_groups_but_decides_only_once(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", *[2] * 8)) as made:
        desk, page = desk_of(made), cull_of(made)

        def hold(key: Qt.Key, text: str, times: int) -> None:
            for number in range(times):
                event = QKeyEvent(
                    QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text, number > 0
                )
                QApplication.sendEvent(page, event)

        hold(Key.Key_1, "1", 4)
        assert [desk.cull.verdict(each) for each in (0, 1)] == [Verdict.PICKED, Verdict.OPEN]

        hold(Key.Key_Right, "", 3)
        assert desk.group == 4


def test_a_picture_that_cannot_be_used_says_why_and_is_not_picked(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = groups(tmp_path / "shoot", 2, 1)
    (folder / "g0" / "p0.png").write_bytes(b"no picture")
    with window(qtbot, tmp_path, folder) as made:
        desk = desk_of(made)
        wait_for_look(qtbot, desk, "g0/p0.png")
        press(made, Key.Key_1)

        assert (desk.group, desk.cull.verdict(0)) == (0, Verdict.OPEN)
        assert "p0.png" in made.statusBar().currentMessage()
        press(made, Key.Key_2)
        assert desk.cull.picked(0) == ("g0/p1.png",)


def test_undo_and_redo_take_decisions_back_and_bring_them_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", 2, 2)) as made:
        desk = desk_of(made)
        press(made, Key.Key_1)
        press(made, Key.Key_X)

        press(made, Key.Key_Z, Ctrl)
        assert [desk.cull.verdict(each) for each in (0, 1)] == [Verdict.PICKED, Verdict.OPEN]
        press(made, Key.Key_Z, Ctrl)
        assert desk.cull.verdict(0) is Verdict.OPEN
        press(made, Key.Key_Z, Ctrl | Shift)
        assert desk.cull.verdict(0) is Verdict.PICKED


def test_the_bar_tells_how_far_the_cull_is_and_its_filter_shows_what_is_asked_for(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", *[2] * 4)) as made:
        desk, bar = desk_of(made), cull_of(made).bar
        press(made, Key.Key_1)
        press(made, Key.Key_X)
        assert bar.words.text().startswith("2 of 4")

        bar.filter.setFocus()
        for _ in range(list(Filter).index(Filter.REJECTED)):
            press(made, Key.Key_Down)
        assert (desk.shown, desk.group) == ((1,), 1)
        press(made, Key.Key_Return)
        assert cull_of(made).hasFocus(), "the keys are the page's again"


def test_the_keys_are_the_pages_again_when_a_list_of_choices_closes(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", 2)) as made:
        order = cull_of(made).bar.order
        order.setFocus()
        order.showPopup()
        assert not cull_of(made).hasFocus()
        order.hidePopup()
        assert cull_of(made).hasFocus()


def test_the_filmstrip_shows_the_groups_that_are_shown_and_a_click_goes_there(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", *[1] * 6)) as made:
        desk, strip = desk_of(made), cull_of(made).filmstrip
        assert [strip.groups.index(row).data() for row in range(6)] == [f"g{n}" for n in range(6)]

        where = strip.visualRect(strip.groups.index(3)).center()
        QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=where)
        assert desk.group == 3

        desk.show(Filter.OPEN, order=Order.NAME)
        desk.decide(0, ())
        desk.show(Filter.OPEN)
        assert strip.groups.rowCount() == 5


def test_a_click_chooses_a_tile_and_ctrl_adds_it_to_the_picks(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, groups(tmp_path / "shoot", 4)) as made:
        desk, tiles = desk_of(made), cull_of(made).tiles

        def click(candidate: int, modifier: Qt.KeyboardModifier) -> None:
            box = tiles.arrangement.box(candidate)
            where = tiles.viewport().rect().topLeft()
            where.setX(box.x + box.width // 2)
            where.setY(box.y + box.height // 2)
            QTest.mouseClick(tiles.viewport(), Qt.MouseButton.LeftButton, modifier, where)

        click(2, Qt.KeyboardModifier.NoModifier)
        assert desk.candidate == 2
        click(3, Ctrl)
        assert desk.cull.picked(0) == ("g0/p3.png",)


def test_finding_goes_to_the_picture_of_that_name_and_escape_gives_the_keys_back(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = groups(tmp_path / "shoot", 2, 3, 2)
    shutil.move(folder / "g1" / "p2.png", folder / "g1" / "港の夜.png")
    with window(qtbot, tmp_path, folder) as made:
        desk, page = desk_of(made), cull_of(made)
        press(made, Key.Key_F, Ctrl)
        assert page.bar.finder.hasFocus()
        QApplication.clipboard().setText("港")
        press(made, Key.Key_V, Ctrl)
        assert (desk.group, desk.name) == (1, "g1/港の夜.png")

        page.bar.finder.clear()
        write("x1")
        assert desk.cull.verdict(1) is Verdict.OPEN, "letters belong to the field"
        assert page.bar.found.text() == "no match"

        page.bar.finder.clear()
        write("p1")
        went = [desk.group]
        for _ in range(3):
            press(made, Key.Key_Return)
            went.append(desk.group)
        assert went == [1, 2, 0, 1]
        press(made, Key.Key_Escape)
        assert page.hasFocus()


def test_finding_goes_to_candidates_and_reads_accents_however_the_disk_spells_them(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = groups(tmp_path / "shoot", 3, 12)
    shutil.move(folder / "g0" / "p2.png", folder / "g0" / "zoe\u0301.png")  # as Macs do
    with window(qtbot, tmp_path, folder) as made:
        desk, bar = desk_of(made), cull_of(made).bar
        press(made, Key.Key_F, Ctrl)
        QApplication.clipboard().setText("zo\u00e9")
        press(made, Key.Key_V, Ctrl)
        assert (desk.group, desk.name) == (0, "g0/zoe\u0301.png")

        bar.finder.clear()
        write("p1")
        went = [desk.name]
        for _ in range(3):
            press(made, Key.Key_Return)
            went.append(desk.name)
        assert went == ["g0/p1.png", "g1/p1.png", "g1/p10.png", "g1/p11.png"]
        assert bar.found.text() == "4 of 4"

        bar.finder.clear()
        write("g0")
        assert desk.name == "g0/p0.png", "a folder is found as a group"
        assert bar.found.text() == "1 of 1"


def test_the_next_picture_stands_for_a_group_whose_first_cannot_be_shown(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = groups(tmp_path / "shoot", *[2] * 14)
    (folder / "g9" / "p0.png").write_bytes(b"no picture")
    with window(qtbot, tmp_path, folder) as made:
        loader, picture = desk_of(made).loader, folder / "g9" / "p1.png"
        qtbot.waitUntil(lambda: loader.image(picture, Tier.THUMB) is not None, timeout=PATIENCE_MS)


def test_the_whole_folder_as_one_group_has_the_folders_name_and_names_are_no_markup(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "<b>shoot"
    stills.saved(stills.drawn(120, 80), folder / "a.png")
    stills.saved(stills.drawn(120, 80), folder / "b.png")
    with window(qtbot, tmp_path, folder) as made:
        desk_of(made).regroup(GroupRule.FOLDER)
        page = cull_of(made)
        assert page.title.text().startswith("<b>shoot ")
        assert page.title.textFormat() == Qt.TextFormat.PlainText
        assert page.filmstrip.groups.index(0).data() == "<b>shoot"


def test_the_operator_goes_on_where_the_window_was_closed(qtbot: QtBot, tmp_path: Path) -> None:
    folder = groups(tmp_path / "shoot", *[2] * 4)
    with window(qtbot, tmp_path, folder) as made:
        press(made, Key.Key_1)
        press(made, Key.Key_X)

    with window(qtbot, tmp_path, folder) as made:
        assert desk_of(made).group == 2
        assert cull_of(made).bar.words.text() == "2 of 4"


def test_r_draws_start_and_end_on_the_tiles(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        wait_for_look(qtbot, desk_of(made), "first/a.png")
        wait_for_look(qtbot, desk_of(made), "first/b.png")
        settle(qtbot, made)
        tiles = cull_of(made).tiles
        before = tiles.viewport().grab().toImage()

        press(made, Key.Key_R)
        drawn = tiles.viewport().grab().toImage()
        assert drawn != before
        press(made, Key.Key_R)
        assert tiles.viewport().grab().toImage() == before
