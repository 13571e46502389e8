"""The window: folders opened in every way, banners that say what is wrong, nothing lost."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions import codec
from companions.names import MOTION_SUFFIX, companion_path
from selector.core.cull import Verdict
from selector.core.drafting import with_duration
from selector.core.placement import JOURNAL_NAME
from selector.core.settings import SettingsFile, Theme
from selector.view import theme
from selector.view.shell.window import MainWindow
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, two_groups, wait_for_look
from tests.selector.windows import cull_of, desk_of, press, settle, window

Key, Ctrl = Qt.Key, Qt.KeyboardModifier.ControlModifier
FIRST_A = "first/a.png"


def push(made: MainWindow, subject: str, button: int = 0) -> None:
    """A banner's button, by the keyboard."""
    chosen = made.banners.standing[subject].buttons[button]
    chosen.setFocus()
    QTest.keyClick(chosen, Key.Key_Space)


def banner(made: MainWindow, subject: str) -> str:
    """What a banner says; empty if there is none."""
    found = made.banners.standing.get(subject)
    return "" if found is None else found.words.text()


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
        made.start.recent.setFocus()
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
        made.start.recent.setFocus()
        press(made, Key.Key_Delete)

        assert made.start.recent.count() == 0
    assert SettingsFile(tmp_path / "selector.json").load().settings.recent == ()
    assert hashes(folder) == before


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
        assert made.pages.currentWidget() is made.start
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


def test_a_second_window_on_a_folder_only_looks_until_the_first_is_closed(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path / "home 2", None) as second:
        with window(qtbot, tmp_path, folder) as first:
            assert second.open_folder(folder)
            assert "only looks" in banner(second, "look only")
            QTest.keyClick(cull_of(second), Key.Key_1)
            assert desk_of(second).cull.verdict(0) is Verdict.OPEN
            assert not (folder / JOURNAL_NAME).exists()
            assert banner(first, "look only") == ""

        push(second, "look only")
        assert banner(second, "look only") == ""
        QTest.keyClick(cull_of(second), Key.Key_1)
        assert desk_of(second).cull.verdict(0) is Verdict.PICKED


def test_a_window_that_was_killed_holds_no_folder(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    holding = (
        "import sys, time, pathlib\n"
        "from selector.view.shell.opening import Hold\n"
        "hold = Hold(pathlib.Path(sys.argv[1])); print(hold.is_taken, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "False\n"
        with window(qtbot, tmp_path, folder) as made:
            assert "only looks" in banner(made, "look only")
        other.kill()
        other.wait()
    with window(qtbot, tmp_path, folder) as made:
        assert banner(made, "look only") == ""


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


def unwritable(folder: Path) -> Path:
    """A folder that cannot be written; for root, whom rights do not stop, one of the kernel's."""
    two_groups(folder).chmod(0o555)
    for found in (folder, Path("/proc/sys/dev")):
        if found.is_dir() and not os.access(found, os.W_OK):
            return found
    pytest.skip("no folder is unwritable here")


def test_a_folder_that_cannot_be_written_asks_where_companions_are_to_go(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, unwritable(tmp_path / "shoot")) as made:
        assert "cannot be written" in banner(made, "look only")
        assert desk_of(made).read_only
        assert "Choose a folder" in made.banners.standing["look only"].buttons[0].text()


def test_what_cannot_be_written_is_told_and_written_when_the_folder_is_back(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder, away = two_groups(tmp_path / "shoot"), tmp_path / "away"
    with window(qtbot, tmp_path, folder) as made:
        shutil.move(folder, away)
        press(made, Key.Key_X)
        assert "1 change is not on the disk yet" in banner(made, "unsaved")
        qtbot.waitUntil(lambda: banner(made, "vanished") != "", timeout=PATIENCE_MS)
        assert not folder.exists(), "never made anew"

        shutil.move(away, folder)
        qtbot.waitUntil(lambda: not made.banners.standing, timeout=PATIENCE_MS)
        assert desk_of(made).cull.verdict(0) is Verdict.REJECTED
        assert (folder / JOURNAL_NAME).is_file()


def conflicting(qtbot: QtBot, made: MainWindow) -> Path:
    """A motion that another program changed before the window wrote it; where it lies."""
    desk = desk_of(made)
    wait_for_look(qtbot, desk, FIRST_A)
    press(made, Key.Key_1)
    path = desk.writing.shelf.path(desk.picture(FIRST_A))
    stills.edited(desk.picture(FIRST_A), duration_sec=9.0)
    assert desk.edit(FIRST_A, lambda motion: with_duration(motion, 2.0), what="faster")
    assert FIRST_A in banner(made, "conflict")
    return path


def test_a_motion_that_another_program_changed_is_kept_on_request(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        conflicting(qtbot, made)
        push(made, "conflict", 0)

        assert stills.motion_of(desk_of(made).picture(FIRST_A)).duration_sec == 9.0
        motion = desk_of(made).motion(FIRST_A)
        assert motion is not None
        assert motion.duration_sec == 9.0
        assert banner(made, "conflict") == ""


def test_or_mine_is_written_over_it_on_request(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        path = conflicting(qtbot, made)
        push(made, "conflict", 1)

        assert stills.motion_of(desk_of(made).picture(FIRST_A)).duration_sec == 2.0
        assert path.is_file()
        assert banner(made, "conflict") == ""


def test_a_motion_that_cannot_be_read_blocks_its_picture_and_is_kept(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    damaged = companion_path(folder / FIRST_A, MOTION_SUFFIX)
    damaged.write_text("{", "utf-8")
    with window(qtbot, tmp_path, folder) as made:
        press(made, Key.Key_1)
        assert "a.motion.json" in made.statusBar().currentMessage()
        assert desk_of(made).cull.verdict(0) is Verdict.OPEN
        press(made, Key.Key_E)
        assert made.pages.currentWidget() is made.cull

    assert damaged.read_text("utf-8") == "{"


def test_e_opens_the_editor_and_escape_comes_back_to_the_tiles(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        press(made, Key.Key_E)
        assert made.edit is not None
        assert made.pages.currentWidget() is made.edit
        assert made.edit.name == FIRST_A

        press(made, Key.Key_Escape)
        assert made.pages.currentWidget() is made.cull
        press(made, Key.Key_2)
        assert desk_of(made).group == 1, "the keys are the cull's again"


def test_space_plays_the_move_and_escape_comes_back(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        press(made, Key.Key_Space)
        page = made.preview
        assert page is not None
        assert made.pages.currentWidget() is page
        qtbot.waitUntil(lambda: not page.is_waiting(), timeout=PATIENCE_MS)
        was_playing = page.panel.playing

        press(made, Key.Key_Escape)
        assert made.pages.currentWidget() is made.cull
        assert (was_playing, page.panel.playing) == (True, False)
        assert companion_path(desk_of(made).picture(FIRST_A), MOTION_SUFFIX).exists() is False


def test_looking_again_shows_pictures_that_came(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        stills.copied("rocket.jpg", folder / "third", to="e.jpg")
        press(made, Key.Key_R, Ctrl)

        assert cull_of(made).bar.words.text() == "0 of 3"


def test_a_theme_is_in_force_at_once_and_the_next_time(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path) as made:
        made.menus.themes[Theme.LIGHT].trigger()
        qtbot.waitUntil(lambda: not theme.is_dark(made.palette()), timeout=PATIENCE_MS)
        made.menus.themes[Theme.DARK].trigger()
        qtbot.waitUntil(lambda: theme.is_dark(made.palette()), timeout=PATIENCE_MS)
    with window(qtbot, tmp_path) as made:
        assert made.menus.themes[Theme.DARK].isChecked()


def test_settings_that_cannot_be_read_are_told_and_kept(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "selector.json").write_text("{]", "utf-8")
    with window(qtbot, tmp_path) as made:
        assert "cannot be used" in banner(made, "settings")
        push(made, "settings")
        assert banner(made, "settings") == ""

    assert (tmp_path / "selector.damaged.json").read_text("utf-8") == "{]"


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


def test_a_window_with_something_unwritten_stays_until_it_is_written_or_given_up(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder, away = two_groups(tmp_path / "shoot"), tmp_path / "away"
    with window(qtbot, tmp_path, folder) as made:
        shutil.move(folder, away)
        press(made, Key.Key_X)
        press(made, Key.Key_W, Ctrl)
        assert "would be lost" in banner(made, "leaving")
        made.close()
        assert made.isVisible()
        assert desk_of(made).unsaved == 1

        shutil.move(away, folder)
        push(made, "leaving", 0)
        assert not made.isVisible()
    assert (folder / JOURNAL_NAME).is_file()


def test_what_is_given_up_is_given_up(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        shutil.move(folder, tmp_path / "away")
        press(made, Key.Key_X)
        press(made, Key.Key_W, Ctrl)
        push(made, "leaving", 1)

        assert made.desk is None
        assert not folder.exists()


def test_opening_the_open_folder_again_is_no_second_window(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        assert made.open_folder(folder)
        assert not desk_of(made).read_only


def test_a_bug_is_told_until_it_was_read_and_also_when_a_folder_is_opened(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path) as made:
        made.tell_bug("This is a bug.")
        assert made.open_folder(two_groups(tmp_path / "shoot"))
        assert banner(made, "bug") == "This is a bug."
        push(made, "bug")
        assert banner(made, "bug") == ""


def test_ctrl_e_opens_the_review_of_the_folder_in_a_window_of_its_own(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        press(made, Key.Key_E, Ctrl)
        first = made.review
        assert first is not None
        assert first.isVisible()
        assert first.session.placement.root == tmp_path / "shoot"

        made.show_review()
        assert made.review is not None
        assert made.review is not first
        assert not first.isVisible()
        made.review.close()
