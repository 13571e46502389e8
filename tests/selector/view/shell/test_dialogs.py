"""Dialogs by keyboard alone: settings, groups, keys."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QLabel
from pytestqt.qtbot import QtBot

from companions.geometry import Size
from companions.motion import OutputSize
from selector.core.groups import GroupRule
from selector.core.settings import SettingsFile, Theme
from selector.view import keys, theme
from selector.view.action import Mode
from selector.view.cheatsheet import CheatSheet
from selector.view.preview.panel import PreviewPanel
from selector.view.shell.grouping import GroupDialog
from selector.view.shell.preferences import SettingsDialog
from selector.view.shell.window import MainWindow
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, two_groups, wait_for_look
from tests.selector.windows import desk_of, press, window

Key, Ctrl, Alt = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def settings_dialog(made: MainWindow, qtbot: QtBot) -> SettingsDialog:
    """The settings, opened by their key."""
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=PATIENCE_MS)
    press(made, Key.Key_Comma, Ctrl)
    dialog = made.shown_surface()
    assert isinstance(dialog, SettingsDialog)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=PATIENCE_MS)
    return dialog


def group_dialog(made: MainWindow, qtbot: QtBot) -> GroupDialog:
    """The rule of groups, opened by its key."""
    press(made, Key.Key_G, Ctrl)
    dialog = made.shown_surface()
    assert isinstance(dialog, GroupDialog)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=PATIENCE_MS)
    return dialog


def test_settings_are_changed_by_the_keyboard_and_kept(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        desk = desk_of(made)
        wait_for_look(qtbot, desk, "first/a.png")
        dialog = settings_dialog(made, qtbot)
        QTest.keyClick(dialog, Key.Key_S, Alt)
        assert dialog.output.hasFocus()
        QTest.keyClick(dialog.output, Key.Key_A, Ctrl)
        QTest.keyClicks(dialog.output, "480x270")
        QTest.keyClick(dialog, Key.Key_H, Alt)
        QTest.keyClicks(dialog.host, "colo")
        QTest.keyClick(dialog, Key.Key_T, Alt)
        QTest.keyClicks(dialog.theme, "L")
        QTest.keyClick(dialog.theme, Key.Key_Return)

        assert not dialog.isVisible()
        qtbot.waitUntil(lambda: not theme.is_dark(made.palette()), timeout=PATIENCE_MS)
        assert desk.wanted.output == Size(480, 270)
        wait_for_look(qtbot, desk, "first/a.png")
        motion = desk.drawn("first/a.png")
        assert motion is not None
        assert motion.output == OutputSize(width=480, height=270)
    kept = SettingsFile(tmp_path / "selector.json").load().settings
    assert (kept.theme, kept.output) == (Theme.LIGHT, OutputSize(width=480, height=270))
    assert kept.fleet_host == "colo"


def test_a_setting_that_cannot_be_is_refused_with_words_and_nothing_is_changed(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path) as made:
        before = made.settings
        for text, word in (("wide", "1280 x 720"), ("481x270", "sides even")):
            dialog = settings_dialog(made, qtbot)
            QTest.keyClick(dialog.output, Key.Key_A, Ctrl)
            QTest.keyClicks(dialog.output, text)
            QTest.keyClick(dialog.output, Key.Key_Return)

            assert dialog.isVisible()
            assert word in dialog.problem.text()
            QTest.keyClick(dialog, Key.Key_Escape)
        assert made.settings == before


def test_groups_are_made_by_another_rule_and_decisions_stay_with_their_pictures(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        desk = desk_of(made)
        press(made, Key.Key_1)
        dialog = group_dialog(made, qtbot)
        assert dialog.outcome.text() == "2 groups of 2 pictures"
        QTest.keyClick(dialog, Key.Key_E, Alt)
        qtbot.waitUntil(
            lambda: dialog.outcome.text() == "4 groups of 1 picture", timeout=PATIENCE_MS
        )
        QTest.keyClick(dialog, Key.Key_Return)

        assert desk.rule is GroupRule.EACH
        assert [len(group.pictures) for group in desk.cull.groups] == [1, 1, 1, 1]
        assert desk.cull.is_picked("first/a.png")


def test_groups_by_time_are_made_when_the_moments_have_been_read(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "shoot"
    for number, second in enumerate((0, 1, 30, 31, 32)):
        stills.saved(
            stills.drawn(60, 40, seed=number), folder / f"{number}.jpg", exif=taken(second)
        )
    with window(qtbot, tmp_path, folder) as made:
        dialog = group_dialog(made, qtbot)
        QTest.keyClick(dialog, Key.Key_T, Alt)
        qtbot.waitUntil(
            lambda: dialog.outcome.text() == "2 groups of 2 to 3 pictures", timeout=PATIENCE_MS
        )
        QTest.keyClick(dialog, Key.Key_Return)

        assert [len(group.pictures) for group in desk_of(made).cull.groups] == [2, 3]


def test_a_picture_that_comes_while_moments_are_read_breaks_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        dialog = group_dialog(made, qtbot)
        stills.copied("rocket.jpg", folder / "third", to="e.jpg")
        dialog.rules[GroupRule.TIME].setChecked(True)
        made.look_again()  # before the window has heard of what was read

        qtbot.waitUntil(lambda: " groups of " in dialog.outcome.text(), timeout=PATIENCE_MS)
        QTest.keyClick(dialog, Key.Key_Return)
        assert sum(len(group.pictures) for group in desk_of(made).cull.groups) == 5


def frames_of(qtbot: QtBot, panel: PreviewPanel) -> int:
    """How many frames it plays, once it knows."""
    qtbot.waitUntil(lambda: panel.player.count > 1, timeout=PATIENCE_MS)
    return panel.player.count


def test_another_rate_is_that_of_the_next_preview(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        wait_for_look(qtbot, desk_of(made), "first/a.png")
        frames = []
        for rate in ("24", "50"):
            dialog = settings_dialog(made, qtbot)
            dialog.rate.setCurrentText(rate)
            QTest.keyClick(dialog, Key.Key_Return)
            press(made, Key.Key_Space)
            assert made.pages.preview is not None
            frames.append(frames_of(qtbot, made.pages.preview.panel))
            press(made, Key.Key_Escape)
            press(made, Key.Key_E)
            assert made.pages.edit is not None
            made.pages.edit.show_preview()
            assert made.pages.edit.preview is not None
            frames.append(frames_of(qtbot, made.pages.edit.preview))
            made.pages.show_cull()

        assert frames == [96, 96, 200, 200]


def test_escape_leaves_the_groups_as_they_are(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        dialog = group_dialog(made, qtbot)
        QTest.keyClick(dialog, Key.Key_E, Alt)
        qtbot.waitUntil(lambda: dialog.rule is GroupRule.EACH, timeout=PATIENCE_MS)
        QTest.keyClick(dialog, Key.Key_Escape)

        assert desk_of(made).rule is GroupRule.FOLDER


def test_a_question_mark_shows_every_key_and_another_hides_them(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        press(made, Key.Key_Question)
        sheet = made.shown_surface()
        assert isinstance(sheet, CheatSheet)
        written = {label.text() for label in sheet.findChildren(QLabel)}
        for action in keys.TABLE:
            if action.mode is not Mode.REVIEW:
                assert action.words in written
                assert action.shown in written

        QTest.keyClick(sheet, Key.Key_Question)
        assert not sheet.isVisible()


def test_every_button_of_every_dialog_can_be_reached_by_tab(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        for show in (made.show_send, made.show_groups, made.show_settings, made.show_keys):
            show()
            dialog = made.shown_surface()
            assert dialog is not made, "one dialog takes the place of another"
            reached = set()
            for _ in range(60):
                QTest.keyClick(dialog.focusWidget() or dialog, Key.Key_Tab)
                reached.add(dialog.focusWidget())
            for box in dialog.findChildren(QDialogButtonBox):
                for button in box.buttons():
                    assert button in reached or not button.isEnabled() or not button.isVisible()


def taken(second: int) -> bytes:
    """EXIF that says when a picture was taken."""
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"2025:07:04 12:00:{second:02d}"
    return exif.tobytes()
