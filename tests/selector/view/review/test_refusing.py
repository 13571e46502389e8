"""What must not be decided on: clips that are not what was seen, words of others, no rights."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QMessageBox,
)
from pytestqt.qtbot import QtBot

from companions import codec, files
from companions.names import CLIP_SUFFIX, META_SUFFIX, REVIEW_SUFFIX, companion_path
from companions.review import Decision, ReviewReason
from selector.core.returned import Returned, ReviewState, scan_returned
from selector.core.reviewing import REASONS, Saying
from selector.core.reviewing import review_of as review_document
from selector.view.review.actions import ACTIONS
from selector.view.review.shots import words_for
from selector.view.review.window import ReviewWindow
from tests.selector.clips import (
    FINISHED,
    described,
    encoded,
    failed,
    has_review,
    numbered,
    review_of,
)
from tests.selector.desks import PATIENCE_MS
from tests.selector.view.review.reviewing import (
    CTRL,
    Key,
    press,
    reviewing,
    said,
    until_shown,
)


def test_a_clip_that_was_edited_is_told_and_not_decided_on(qtbot: QtBot, folder: Path) -> None:
    clip = companion_path(folder / "a.png", CLIP_SUFFIX)
    data = bytearray(clip.read_bytes())
    data[-1] ^= 1
    clip.write_bytes(data)

    with reviewing(qtbot, folder) as window:
        qtbot.waitUntil(
            lambda: window.session.shots["a.png"].state is ReviewState.UNUSABLE,
            timeout=PATIENCE_MS,
        )
        window.session.go("a.png")
        press(qtbot, window, Key.Key_A, Key.Key_R, Key.Key_1)

        assert "was edited or is incomplete" in window.stage.clip_pane.message
    assert not has_review(folder / "a.png")


def test_a_clip_that_is_edited_between_the_look_and_the_key_is_not_decided_on(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    clip = companion_path(folder / "a.png", CLIP_SUFFIX)
    data = bytearray(clip.read_bytes())
    data[-1] ^= 1
    clip.write_bytes(data)

    press(qtbot, window, Key.Key_A)

    assert not has_review(folder / "a.png")
    assert "was edited" in said(window)


def test_a_new_attempt_that_arrives_meanwhile_is_not_decided_on_unseen(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    new = folder.parent / "new"
    shutil.copytree(folder, new)
    encoded(companion_path(new / "a.png", CLIP_SUFFIX), numbered(24))
    described(new / "a.png")
    for suffix in (META_SUFFIX, CLIP_SUFFIX):
        companion_path(new / "a.png", suffix).replace(companion_path(folder / "a.png", suffix))

    press(qtbot, window, Key.Key_A)

    assert not has_review(folder / "a.png")
    QTest.keyClick(window, Key.Key_F5)
    until_shown(qtbot, window, "a.png")
    press(qtbot, window, Key.Key_A)
    assert has_review(folder / "a.png")


def test_a_review_by_someone_else_is_kept_and_shown(
    qtbot: QtBot, window: ReviewWindow, folder: Path, made: Path
) -> None:
    with reviewing(qtbot, folder) as other:
        until_shown(qtbot, other, "a.png")
        press(qtbot, other, Key.Key_R, Key.Key_1)

    press(qtbot, window, Key.Key_A)

    assert review_of(folder / "a.png").decision is Decision.REJECTED
    assert "made by someone else" in said(window)
    assert window.session.shots["a.png"].state is ReviewState.REJECTED
    assert not window.session.undo_stack.canUndo()


def _rejection(shot: Returned) -> Saying:
    assert shot.meta is not None
    return Saying.reject([ReviewReason.FLICKER], recipe=shot.meta.recipe)


def test_a_review_by_someone_else_is_kept_also_if_ours_still_waits_to_be_written(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    away = folder.with_name("unplugged")
    folder.rename(away)
    press(qtbot, window, Key.Key_A)
    assert window.session.unsaved == 1
    shot = window.session.shots["a.png"]
    away.rename(folder)
    theirs = review_document(shot, _rejection(shot), reviewer="ben", now=FINISHED)
    codec.write(companion_path(folder / "a.png", REVIEW_SUFFIX), theirs)

    QTest.keyClick(window, Key.Key_F5)
    window.session.save_again()

    assert review_of(folder / "a.png") == theirs
    assert "made by someone else" in said(window)
    assert window.session.shots["a.png"].review == theirs
    assert window.session.unsaved == 0


def test_what_was_found_of_the_attempt_before_is_not_held_against_the_new_one(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    before = window.session.shots["a.png"]
    encoded(companion_path(folder / "a.png", CLIP_SUFFIX), numbered(24))
    described(folder / "a.png")
    QTest.keyClick(window, Key.Key_F5)

    window.session.examiner.examined.emit(before, None, "it is not the clip of that meta")

    assert window.session.shots["a.png"].state is ReviewState.TO_REVIEW


def test_another_attempt_that_comes_to_be_known_is_shown_before_it_is_decided_on(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    encoded(companion_path(folder / "a.png", CLIP_SUFFIX), numbered(24))
    described(folder / "a.png")
    window.session._read_again(window.session.shots["a.png"])

    QTest.keyClick(window, Key.Key_A)
    assert not has_review(folder / "a.png")

    press(qtbot, window, Key.Key_A)
    assert has_review(folder / "a.png")


def test_looking_into_the_folder_again_shows_the_clip_anew_and_no_other(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    window.session.go("b.png")
    shown: list[str] = []
    window.session.moved.connect(lambda: shown.append(window.session.name))

    QTest.keyClick(window, Key.Key_F5)

    assert shown == ["b.png"]


def test_a_clip_that_was_edited_after_its_review_is_not_listed_as_reviewed(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_8)
    assert words_for(window.session.shots["a.png"]) == "rejected: flicker"
    with companion_path(folder / "a.png", CLIP_SUFFIX).open("ab") as clip:
        clip.write(b"more")
    QTest.keyClick(window, Key.Key_F5)

    assert words_for(window.session.shots["a.png"]) == "not usable"


def test_a_folder_that_is_only_read_is_looked_at_and_says_what_to_do(
    qtbot: QtBot, folder: Path
) -> None:
    with reviewing(qtbot, folder, read_only=True) as window:
        until_shown(qtbot, window, "a.png")
        press(qtbot, window, Key.Key_A, Key.Key_R, Key.Key_1)

        assert "--overlay" in said(window)
        press(qtbot, window, Key.Key_N, Key.Key_E)
        assert not window.findChildren(QDialog), "nobody writes what cannot be kept"
    assert not list(folder.glob("*" + REVIEW_SUFFIX))


def test_with_an_overlay_nothing_is_written_beside_the_pictures(
    qtbot: QtBot, folder: Path, tmp_path: Path
) -> None:
    overlay = tmp_path / "mine"
    overlay.mkdir()
    before = sorted(path.name for path in folder.iterdir())

    with reviewing(qtbot, folder, overlay=overlay) as window:
        until_shown(qtbot, window, "a.png")
        press(qtbot, window, Key.Key_A)

    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in overlay.iterdir()] == ["a.review.json"]


def test_what_was_known_of_one_clip_is_not_shown_of_the_next(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_L)
    assert "frame" in window.stage.time.text()
    failed(folder)
    press(qtbot, window, Key.Key_F5)

    window.session.go("lost.png")

    assert window.stage.time.text() == ""
    assert window.stage.timeline.frames == 0
    assert window.stage.clip_pane.image is None
    assert window.stage.keyframe_pane.planned is None


def test_a_shot_without_a_clip_says_why_and_keys_do_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    picture = failed(tmp_path)

    with reviewing(qtbot, tmp_path) as window:
        press(qtbot, window, Key.Key_A, Key.Key_R, Key.Key_Space, Key.Key_Period, Key.Key_B)
        press(qtbot, window, Key.Key_N)
        assert not window.findChildren(QDialog)

        assert "Choose a smaller size." in window.stage.clip_pane.message
        assert not window.reasons.isVisible()
    assert not has_review(picture)


def test_an_empty_folder_says_where_clips_come_from(qtbot: QtBot, tmp_path: Path) -> None:
    with reviewing(qtbot, tmp_path) as window:
        press(qtbot, window, *(Key.Key_A, Key.Key_R, Key.Key_L, Key.Key_N, Key.Key_E, Key.Key_G))
        press(qtbot, window, *(Key.Key_Down, Key.Key_Return, Key.Key_F5, Key.Key_O, Key.Key_U))

        assert "No clip has come back" in window.stage.clip_pane.message


def test_a_folder_that_vanishes_is_told_and_what_was_known_stays(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    folder.rename(folder.with_name("unplugged"))

    press(qtbot, window, Key.Key_F5)

    assert "cannot be read" in said(window)
    assert window.session.shown == ("a.png", "b.png", "c.png")
    press(qtbot, window, Key.Key_Down, Key.Key_A, Key.Key_B, Key.Key_Down)
    assert not folder.exists()


def test_a_review_that_cannot_be_written_is_kept_told_and_written_later(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    qtbot.waitUntil(lambda: window.session.is_examined("a.png"), timeout=PATIENCE_MS)
    away = folder.with_name("unplugged")
    folder.rename(away)

    press(qtbot, window, Key.Key_A)
    assert window.banner.isVisible()
    assert "not on the disk yet" in window.banner.text()

    away.rename(folder)
    qtbot.waitUntil(lambda: window.session.unsaved == 0, timeout=PATIENCE_MS)
    assert review_of(folder / "a.png").decision is Decision.ACCEPTED
    assert not window.banner.isVisible()


@pytest.mark.parametrize("seed", [1, 2])
def test_random_keys_change_no_file_that_was_there(
    qtbot: QtBot, window: ReviewWindow, folder: Path, seed: int
) -> None:
    before = {path: files.sha256_of(path) for path in folder.iterdir()}
    chance = random.Random(seed)
    plain = [key for action in ACTIONS for key in action.keys if len(key) == 1]
    for _ in range(120):
        key = chance.choice([*plain, *REASONS, "R", "A"])
        qtbot.waitUntil(lambda: window.is_seen, timeout=PATIENCE_MS)
        QTest.keyClicks(window, key)
        for dialog in window.findChildren(QDialog):
            if dialog.isVisible():
                chance.choice([dialog.accept, dialog.reject])()
        if chance.random() < 0.2:
            QTest.keyClick(window, chance.choice([Key.Key_Z, Key.Key_Y]), CTRL)

    for path, sha256 in before.items():
        assert files.sha256_of(path) == sha256
    on_disk = {shot.name: shot.review for shot in scan_returned(window.session.placement)}
    assert on_disk == {name: shot.review for name, shot in window.session.shots.items()}


@pytest.mark.parametrize(("answer", "closed"), [("Cancel", False), ("Close", True)])
def test_closing_asks_before_a_note_without_a_decision_is_lost(
    qtbot: QtBot, window: ReviewWindow, *, answer: str, closed: bool
) -> None:
    window.session.set_note("later")

    def press_it() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert "notes on clips that are not decided" in box.text()
        box.button(getattr(QMessageBox.StandardButton, answer)).click()

    QTimer.singleShot(0, press_it)
    assert window.close() is closed
    assert window.isVisible() is not closed
    window.session.drafts.clear()  # pytest-qt closes what is left, and nobody would answer
