"""Rejected clips made again from the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions import codec
from companions.video_manifest import VideoManifest
from selector.view.review.dialogs import AgainDialog
from selector.view.review.window import ReviewWindow
from tests.selector.desks import PATIENCE_MS, let_errands_end
from tests.selector.view.review.reviewing import (
    CTRL,
    Key,
    agree,
    dialog_of,
    press,
    said,
)


def test_rejected_clips_become_a_manifest(qtbot: QtBot, window: ReviewWindow, folder: Path) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_5)
    QTest.keyClick(window, Key.Key_R, CTRL)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, AgainDialog)
    qtbot.waitUntil(lambda: dialog.again is not None, timeout=PATIENCE_MS)
    assert dialog.rows.item(0).text() == "a.png: seed 8"
    agree(qtbot, dialog)

    (file,) = folder.glob("*-redo-*.video_manifest.json")
    (shot,) = codec.read(file, VideoManifest).shots
    assert (shot.image_path, shot.generation_params.seed) == ("a.png", 8)
    assert file.name in said(window)


def test_a_manifest_above_the_folder_names_its_pictures_from_there(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_5)
    QTest.keyClick(window, Key.Key_R, CTRL)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, AgainDialog)
    out = folder.parent / "again.video_manifest.json"
    dialog.file.setText(str(out))
    agree(qtbot, dialog)
    qtbot.waitUntil(out.is_file, timeout=PATIENCE_MS)

    (shot,) = codec.read(out, VideoManifest).shots
    assert shot.image_path == "stills/a.png"


def test_a_manifest_that_cannot_be_written_says_so_and_stays_open(
    qtbot: QtBot, window: ReviewWindow, folder: Path, tmp_path: Path
) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_5)
    QTest.keyClick(window, Key.Key_R, CTRL)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, AgainDialog)
    dialog.file.setText(str(tmp_path / "nowhere" / "x.video_manifest.json"))
    agree(qtbot, dialog)

    assert dialog.isVisible()
    assert "its folder does not exist" in dialog.problem.text()
    dialog.reject()


def test_a_manifest_that_was_given_up_is_not_written(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_5)
    QTest.keyClick(window, Key.Key_R, CTRL)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, AgainDialog)
    qtbot.waitUntil(lambda: dialog.again is not None, timeout=PATIENCE_MS)
    out = folder.parent / "again.video_manifest.json"
    dialog.file.setText(str(out))
    dialog.write()  # looks at all again, as from there
    let_errands_end()
    dialog.reject()  # it has been looked at, and is only to be told
    QApplication.processEvents()

    assert not out.exists()
    assert said(window) == ""
