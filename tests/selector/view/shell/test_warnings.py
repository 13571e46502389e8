"""Banners say what is wrong with a folder, and what can be done; nothing is lost meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from companions.names import MOTION_SUFFIX, companion_path
from selector.core.cull import Verdict
from selector.core.drafting import with_duration
from selector.core.placement import JOURNAL_NAME
from selector.view.shell.window import MainWindow
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, two_groups, wait_for_look
from tests.selector.windows import cull_of, desk_of, press, window

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


def test_the_same_folder_by_another_name_is_no_second_window(qtbot: QtBot, tmp_path: Path) -> None:
    folder, link = two_groups(tmp_path / "shoot"), tmp_path / "link"
    link.symlink_to(folder)
    with window(qtbot, tmp_path, folder) as made:
        assert made.open_folder(link)

        assert not desk_of(made).read_only
        assert banner(made, "look only") == ""


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


def test_pictures_that_vanish_are_told_also_where_decisions_go_to_an_overlay(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder, overlay = two_groups(tmp_path / "shoot"), tmp_path / "overlay"
    with window(qtbot, tmp_path, folder, overlay=overlay) as made:
        shutil.move(folder, tmp_path / "away")
        qtbot.waitUntil(lambda: banner(made, "vanished") != "", timeout=PATIENCE_MS)
        assert f"written to {overlay}" in banner(made, "vanished")

        stills.copied("rocket.jpg", tmp_path / "away" / "first", to="new.jpg")
        shutil.move(tmp_path / "away", folder)
        qtbot.waitUntil(lambda: banner(made, "vanished") == "", timeout=PATIENCE_MS)
        assert "first/new.jpg" in desk_of(made).cull.groups[0].pictures, "it is looked into again"


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


def test_the_keys_are_the_editors_again_when_a_banner_was_read(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        wait_for_look(qtbot, desk_of(made), FIRST_A)
        made.pages.show_edit(FIRST_A)
        made.tell_bug("This is a bug.")
        push(made, "bug")
        press(made, Key.Key_Space)

        assert made.pages.edit is not None
        assert made.pages.currentWidget() is made.pages.edit, "no button was pressed"
        assert made.pages.edit.preview is not None


def test_or_mine_is_written_over_it_on_request(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        path = conflicting(qtbot, made)
        push(made, "conflict", 1)

        assert stills.motion_of(desk_of(made).picture(FIRST_A)).duration_sec == 2.0
        assert path.is_file()
        assert banner(made, "conflict") == ""


def test_what_was_drawn_and_not_written_is_asked_about_before_the_folder_is_closed(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        conflicting(qtbot, made)
        press(made, Key.Key_W, Ctrl)
        assert f"What you drew of {FIRST_A}" in banner(made, "leaving")
        assert made.desk is not None

        push(made, "conflict", 1)
        assert banner(made, "leaving") == ""
        press(made, Key.Key_W, Ctrl)
        assert made.desk is None


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


def test_settings_that_cannot_be_read_are_told_and_kept(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "selector.json").write_text("{]", "utf-8")
    with window(qtbot, tmp_path) as made:
        assert "cannot be used" in banner(made, "settings")
        push(made, "settings")
        assert banner(made, "settings") == ""

    assert (tmp_path / "selector.damaged.json").read_text("utf-8") == "{]"


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

        other = two_groups(tmp_path / "other")
        assert made.open_folder(other)
        shutil.move(other, tmp_path / "away too")
        press(made, Key.Key_X)
        press(made, Key.Key_W, Ctrl)
        assert "would be lost" in banner(made, "leaving"), "and nothing of what comes after"
        assert desk_of(made).unsaved == 1


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
