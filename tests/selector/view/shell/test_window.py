"""The window: folders opened in every way, its pages, and what it remembers."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions import codec
from companions.names import MOTION_SUFFIX, companion_path
from selector.core.cull import Verdict
from selector.core.drafting import with_duration
from selector.core.placement import JOURNAL_NAME
from selector.core.settings import SettingsFile, Theme
from selector.view import theme
from tests.selector import stills
from tests.selector.clips import came_back
from tests.selector.desks import PATIENCE_MS, two_groups, wait_for_look
from tests.selector.windows import cull_of, desk_of, press, settle, window

Key, Ctrl = Qt.Key, Qt.KeyboardModifier.ControlModifier
FIRST_A = "first/a.png"


def hashes(folder: Path) -> dict[str, str]:
    """Every file by what it holds."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_looking_through_a_folder_writes_nothing_into_it(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    before = hashes(folder)
    with window(qtbot, tmp_path, folder) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        for key in (Key.Key_Right, Key.Key_R, Key.Key_C, Key.Key_Z, Key.Key_Left, Key.Key_Escape):
            press(made, key)
        settle(qtbot, made)

    assert hashes(folder) == before


def test_a_folder_that_was_open_is_on_the_start_page_and_enter_opens_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder):
        pass
    with window(qtbot, tmp_path) as made:
        assert made.desk is None
        made.pages.start.recent.setFocus()
        press(made, Key.Key_Return)

        assert desk_of(made).placement.root == folder
        assert made.windowTitle().startswith("shoot")


def test_delete_takes_a_folder_off_the_list_and_leaves_it_alone(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    before = hashes(folder)
    with window(qtbot, tmp_path, folder):
        pass
    with window(qtbot, tmp_path) as made:
        made.pages.start.recent.setFocus()
        press(made, Key.Key_Delete)

        assert made.pages.start.recent.count() == 0
    assert SettingsFile(tmp_path / "selector.json").load().settings.recent == ()
    assert hashes(folder) == before


def test_folders_that_are_not_there_now_are_greyed_and_break_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    there = two_groups(tmp_path / "shoot")
    recent = (str(there), str(tmp_path / "gone"), "/" + 300 * "x")  # that one no disk can have
    SettingsFile(tmp_path / "selector.json").change(lambda s: s.changed(recent=recent))
    with window(qtbot, tmp_path) as made:
        offered = {each.data(): each for each in made.menus.recent.actions()}
        qtbot.waitUntil(lambda: not offered[recent[1]].isEnabled(), timeout=PATIENCE_MS)

        assert [each.isEnabled() for each in offered.values()] == [True, False, False]
        tips = [bool(made.pages.start.recent.item(row).toolTip()) for row in range(3)]
        assert tips == [False, True, True]
        made.open_named(recent[2])
        assert "is not there now" in made.statusBar().currentMessage()


def test_a_folder_dragged_into_the_window_is_opened(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path) as made:
        dragged = QMimeData()
        dragged.setUrls([QUrl.fromLocalFile(str(folder / FIRST_A))])  # its folder is meant
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, dragged, left, none)
        QApplication.sendEvent(made, enter)
        assert enter.isAccepted()
        drop = QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, dragged, left, none)
        QApplication.sendEvent(made, drop)

        assert desk_of(made).placement.root == folder / "first"


def test_ctrl_w_closes_the_folder_and_its_keys_do_nothing_then(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        press(made, Key.Key_W, Ctrl)

        assert made.desk is None
        assert made.pages.currentWidget() is made.pages.start
        assert not made.menus.of_a_folder[0].isEnabled()
        press(made, Key.Key_1)


def test_another_folder_takes_the_place_of_the_first_with_a_history_of_its_own(
    qtbot: QtBot, tmp_path: Path
) -> None:
    one, other = two_groups(tmp_path / "one"), two_groups(tmp_path / "other")
    with window(qtbot, tmp_path, one) as made:
        press(made, Key.Key_1)
        assert made.open_folder(other)

        press(made, Key.Key_Z, Ctrl)
        assert desk_of(made).cull.verdict(0) is Verdict.OPEN
        assert made.open_folder(one)
        assert desk_of(made).cull.verdict(0) is Verdict.PICKED


def test_companions_go_to_the_overlay_that_was_chosen_also_the_next_time(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder, overlay = two_groups(tmp_path / "shoot"), tmp_path / "overlay"
    before = hashes(folder)
    with window(qtbot, tmp_path, folder, overlay=overlay) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        press(made, Key.Key_1)
    with window(qtbot, tmp_path, folder) as made:
        assert desk_of(made).placement.overlay == overlay
        assert desk_of(made).cull.picked(0) == (FIRST_A,)

    assert hashes(folder) == before
    assert companion_path(overlay / FIRST_A, MOTION_SUFFIX).is_file()
    assert (overlay / JOURNAL_NAME).is_file()


def test_e_opens_the_editor_and_escape_comes_back_to_the_tiles(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        press(made, Key.Key_E)
        page = made.pages.edit
        assert page is not None
        assert made.pages.currentWidget() is page
        assert page.name == FIRST_A

        press(made, Key.Key_Escape)
        assert made.pages.currentWidget() is made.cull
        press(made, Key.Key_2)
        assert desk_of(made).group == 1, "the keys are the cull's again"


def test_space_plays_the_move_and_escape_comes_back(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        press(made, Key.Key_Space)
        page = made.pages.preview
        assert page is not None
        assert made.pages.currentWidget() is page
        qtbot.waitUntil(lambda: not page.is_waiting(), timeout=PATIENCE_MS)
        was_playing = page.panel.playing
        assert "proposed" in page.words.text()

        press(made, Key.Key_Escape)
        assert made.pages.currentWidget() is made.cull
        assert (was_playing, page.panel.playing) == (True, False)
        assert companion_path(desk_of(made).picture(FIRST_A), MOTION_SUFFIX).exists() is False


def test_the_preview_says_whether_a_person_drew_the_move(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        desk = desk_of(made)
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        made.pages.show_preview(FIRST_A)
        assert made.pages.preview is not None
        assert "proposed" in made.pages.preview.words.text(), "though it is on the disk"

        assert desk.edit(FIRST_A, lambda motion: with_duration(motion, 2.0), what="faster")
        made.pages.show_preview(FIRST_A)
        assert "drawn" in made.pages.preview.words.text()


def test_looking_again_shows_pictures_that_came(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        stills.copied("rocket.jpg", folder / "third", to="e.jpg")
        press(made, Key.Key_R, Ctrl)

        assert cull_of(made).bar.words.text() == "0 of 3"


def test_the_desktops_theme_is_followed_while_the_window_is_open(
    qtbot: QtBot, tmp_path: Path
) -> None:
    # No desktop to change here: what Qt says when one does.
    said = QGuiApplication.styleHints().colorSchemeChanged
    with window(qtbot, tmp_path) as made:
        made.choose_theme(Theme.SYSTEM)
        said.emit(Qt.ColorScheme.Light)
        qtbot.waitUntil(lambda: not theme.is_dark(made.palette()), timeout=PATIENCE_MS)
        said.emit(Qt.ColorScheme.Dark)
        qtbot.waitUntil(lambda: theme.is_dark(made.palette()), timeout=PATIENCE_MS)

        made.choose_theme(Theme.DARK)
        said.emit(Qt.ColorScheme.Light)
        QApplication.processEvents()
        assert theme.is_dark(made.palette())


def test_a_theme_is_in_force_at_once_and_the_next_time(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path) as made:
        made.menus.themes[Theme.LIGHT].trigger()
        qtbot.waitUntil(lambda: not theme.is_dark(made.palette()), timeout=PATIENCE_MS)
        made.menus.themes[Theme.DARK].trigger()
        qtbot.waitUntil(lambda: theme.is_dark(made.palette()), timeout=PATIENCE_MS)
    with window(qtbot, tmp_path) as made:
        assert made.menus.themes[Theme.DARK].isChecked()


def test_what_is_chosen_holds_also_where_settings_cannot_be_kept(
    qtbot: QtBot, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "no folder"
    in_the_way.touch()
    with window(qtbot, in_the_way) as made:
        made.memory.change(lambda before: before.changed(threshold=0.75))

        assert made.settings.threshold == 0.75
        assert str(in_the_way) in made.statusBar().currentMessage()


def test_a_folder_that_is_not_there_is_told_and_the_open_one_stays(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        assert not made.open_folder(tmp_path / "nowhere")

        assert "nowhere" in made.statusBar().currentMessage()
        assert desk_of(made).placement.root == folder


def test_an_empty_folder_says_so_and_no_key_breaks_anything(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "shoot").mkdir()
    with window(qtbot, tmp_path, tmp_path / "shoot") as made:
        for key in (Key.Key_1, Key.Key_X, Key.Key_E, Key.Key_Space, Key.Key_C, Key.Key_Right):
            press(made, key)

        assert made.pages.currentWidget() is made.cull
        assert cull_of(made).bar.words.text() == "0 of 0"


def test_a_motion_of_the_window_is_what_the_contract_reads(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        press(made, Key.Key_1)
        motion = stills.motion_of(folder / FIRST_A)

        assert codec.read(companion_path(folder / FIRST_A, MOTION_SUFFIX), type(motion)) == motion
        assert motion.image.name == "a.png"


def test_ctrl_e_opens_the_review_of_the_folder_in_a_window_of_its_own(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        press(made, Key.Key_E, Ctrl)
        first = made.review.window
        assert first is not None
        assert first.isVisible()
        assert first.session.placement.root == tmp_path / "shoot"

        came_back(tmp_path / "shoot", "new.png")
        made.show_review()
        assert made.review.window is first, "with its place, its notes and its history"
        assert first.session.shown == ("new.png",)

        assert made.open_folder(two_groups(tmp_path / "other"))
        made.show_review()
        other = made.review.window
        assert other is not None
        assert other is not first
        assert other.session.placement.root == tmp_path / "other"
        other.close()
        assert made.review.window is None
