"""Deciding by keys: what is pressed is done, is on the disk, and can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions.names import CLIP_SUFFIX, REVIEW_SUFFIX, companion_path
from companions.review import Decision, Redo, ReviewReason
from selector.core.returned import ReviewState
from selector.core.reviewing import REASON_WORDS, REASONS
from selector.view.review.dialogs import NoteDialog, RedoDialog
from selector.view.review.window import ReviewWindow
from tests.selector.clips import (
    came_back,
    described,
    has_review,
    review_of,
)
from tests.selector.view.review.reviewing import (
    CTRL,
    PLAIN,
    SHIFT,
    Key,
    agree,
    dialog_of,
    press,
    reviewing,
    said,
    until_shown,
)


def test_a_accepts_and_goes_on_and_the_rate_is_shown(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_A)

    assert review_of(folder / "a.png").decision is Decision.ACCEPTED
    assert review_of(folder / "a.png").reviewer == "anna"
    assert window.session.name == "b.png"
    assert "100 % of 1 accepted" in window.acceptance.text()
    assert "2 to review" in window.acceptance.text()


@pytest.mark.parametrize(("key", "reason"), REASONS.items())
def test_r_and_one_key_rejects_with_its_reason_and_goes_on(
    qtbot: QtBot, window: ReviewWindow, folder: Path, key: str, reason: ReviewReason
) -> None:
    press(qtbot, window, Key.Key_R)
    assert window.reasons.isVisible()

    QTest.keyClicks(window, key)

    review = review_of(folder / "a.png")
    assert (review.decision, review.reasons) == (Decision.REJECTED, (reason,))
    assert review.redo == Redo(seed=8)
    assert window.session.name == "b.png"
    assert not window.reasons.isVisible()


def test_nothing_is_accepted_while_the_reasons_are_asked_for(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_A)

    assert window.reasons.isVisible()
    assert window.session.shots["a.png"].review is None
    assert window.session.name == "a.png"


def test_shift_collects_several_reasons_the_gravest_first(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_R)
    for key in (Key.Key_8, Key.Key_5, Key.Key_9, Key.Key_5):  # the second 5 takes it out again
        QTest.keyClick(window, key, SHIFT)
    press(qtbot, window, Key.Key_6)

    assert review_of(folder / "a.png").reasons == (
        ReviewReason.FLICKER,
        ReviewReason.BLURRED,
        ReviewReason.FACE_OR_HANDS,
    )


def test_return_rejects_for_what_was_collected(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_R)
    QTest.keyClick(window, Key.Key_2, SHIFT)
    press(qtbot, window, Key.Key_Return)

    assert review_of(folder / "a.png").reasons == (ReviewReason.TOO_FAST,)


def test_escape_leaves_the_clip_undecided(qtbot: QtBot, window: ReviewWindow, folder: Path) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_Escape, Key.Key_2)

    assert not has_review(folder / "a.png")
    assert window.session.name == "a.png"


def test_a_reason_can_be_clicked(qtbot: QtBot, window: ReviewWindow, folder: Path) -> None:
    press(qtbot, window, Key.Key_R)
    button = window.reasons._buttons[ReviewReason.WARPED]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    assert review_of(folder / "a.png").reasons == (ReviewReason.WARPED,)


def test_a_key_that_is_held_down_decides_once_and_goes_on_and_on(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    def hold(key: Qt.Key, text: str) -> None:
        for again in (False, True, True, True):
            pressed = QKeyEvent(QKeyEvent.Type.KeyPress, key, PLAIN, text, again)
            QApplication.sendEvent(window, pressed)

    hold(Key.Key_A, "a")
    assert window.session.acceptance.accepted == 1
    hold(Key.Key_Up, "")
    assert window.session.name == "a.png"
    hold(Key.Key_Down, "")
    assert window.session.name == "c.png", "two on"


def test_a_key_that_is_pressed_twice_decides_on_no_clip_that_was_not_seen(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    for _ in range(2):
        QTest.keyClick(window, Key.Key_A)

    assert has_review(folder / "a.png")
    assert not has_review(folder / "b.png")
    assert "b.png has only just come up" in said(window)
    QTest.keyClicks(window, "r1")
    assert not has_review(folder / "b.png")

    until_shown(qtbot, window, "b.png")
    QTest.keyClick(window, Key.Key_A)
    assert review_of(folder / "b.png").decision is Decision.ACCEPTED

    QTest.keyClick(window, Key.Key_Up)  # seen before: nothing to wait for
    QTest.keyClicks(window, "r1")
    assert review_of(folder / "b.png").decision is Decision.REJECTED


def test_a_clip_that_cannot_be_shown_is_rejected_when_that_was_told(
    qtbot: QtBot, tmp_path: Path
) -> None:
    picture = came_back(tmp_path)
    companion_path(picture, CLIP_SUFFIX).write_bytes(b"no clip")
    described(picture)
    with reviewing(qtbot, tmp_path) as window:
        press(qtbot, window, Key.Key_R, Key.Key_Minus)

        assert "cannot be" in window.stage.clip_pane.message
    assert review_of(picture).reasons == (ReviewReason.OTHER,)


def test_r_that_is_held_down_keeps_asking_for_the_reason(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    for again in (False, True, True, True):
        held = QKeyEvent(QKeyEvent.Type.KeyPress, Key.Key_R, PLAIN, "r", again)
        QApplication.sendEvent(window, held)
    assert window.reasons.isVisible()

    press(qtbot, window, Key.Key_4)
    assert review_of(folder / "a.png").reasons == (ReviewReason.FRAMING,)


def test_the_last_decision_says_that_all_is_reviewed(qtbot: QtBot, window: ReviewWindow) -> None:
    press(qtbot, window, Key.Key_A, Key.Key_R, Key.Key_3, Key.Key_A)

    assert "67 % of 3 accepted" in window.acceptance.text()
    assert "All is reviewed" in said(window)


def test_undo_takes_a_review_back_and_redo_gives_it_again(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_A, Key.Key_R, Key.Key_1)
    written = companion_path(folder / "b.png", REVIEW_SUFFIX).read_bytes()

    QTest.keyClick(window, Key.Key_Z, CTRL)
    assert not has_review(folder / "b.png")
    assert window.session.name == "b.png"
    QTest.keyClick(window, Key.Key_Z, CTRL)
    assert not has_review(folder / "a.png")
    assert "nothing reviewed yet" in window.acceptance.text()

    QTest.keyClick(window, Key.Key_Y, CTRL)
    QTest.keyClick(window, Key.Key_Y, CTRL)
    assert review_of(folder / "a.png").decision is Decision.ACCEPTED
    assert companion_path(folder / "b.png", REVIEW_SUFFIX).read_bytes() == written


def test_another_word_on_a_clip_replaces_the_first_and_undo_brings_it_back(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_A, Key.Key_Up, Key.Key_R, Key.Key_4)
    assert review_of(folder / "a.png").reasons == (ReviewReason.FRAMING,)

    QTest.keyClick(window, Key.Key_Z, CTRL)

    assert review_of(folder / "a.png").decision is Decision.ACCEPTED


def test_u_takes_the_review_back(qtbot: QtBot, window: ReviewWindow, folder: Path) -> None:
    press(qtbot, window, Key.Key_A, Key.Key_Up, Key.Key_U)

    assert not has_review(folder / "a.png")
    assert window.session.shots["a.png"].state is ReviewState.TO_REVIEW


def test_a_note_waits_for_the_decision_and_is_written_with_it(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_N)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, NoteDialog)
    QTest.keyClicks(dialog.words, "Hand melts at the end")
    agree(qtbot, dialog)
    assert not has_review(folder / "a.png")
    assert "Hand melts" in window.facts.toPlainText()

    press(qtbot, window, Key.Key_R, Key.Key_6)

    assert review_of(folder / "a.png").note == "Hand melts at the end"


@pytest.mark.parametrize("key", [Key.Key_U, Key.Key_Z])
def test_a_note_waits_again_when_its_review_is_taken_back(
    qtbot: QtBot, window: ReviewWindow, folder: Path, key: Qt.Key
) -> None:
    window.session.set_note("Hand melts")
    press(qtbot, window, Key.Key_A, Key.Key_Up)

    QTest.keyClick(window, key, CTRL if key == Key.Key_Z else PLAIN)
    assert not has_review(folder / "a.png")
    assert "Hand melts" in window.facts.toPlainText()

    press(qtbot, window, Key.Key_R, Key.Key_6)
    assert review_of(folder / "a.png").note == "Hand melts"


def test_a_note_on_a_decided_clip_is_written_at_once(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_A, Key.Key_Up, Key.Key_N)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, NoteDialog)
    QTest.keyClicks(dialog.words, "for the trailer, a r 1")  # letters are not keys in a text
    agree(qtbot, dialog)

    review = review_of(folder / "a.png")
    assert (review.decision, review.note) == (Decision.ACCEPTED, "for the trailer, a r 1")


def test_words_that_are_too_long_are_told_and_none_is_cut_off(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_2, Key.Key_Up, Key.Key_N)
    note = dialog_of(qtbot, window)
    assert isinstance(note, NoteDialog)
    note.words.setPlainText("x" * 4001)
    note.accept()
    assert "1 characters more" in note.problem.text()
    note.words.setPlainText("x" * 4000)
    note.accept()
    assert len(review_of(folder / "a.png").note) == 4000

    press(qtbot, window, Key.Key_E)
    redo = dialog_of(qtbot, window)
    assert isinstance(redo, RedoDialog)
    redo.prompt.setPlainText("x" * 20_001)
    redo.accept()
    assert redo.isVisible()
    assert "20000" in redo.problem.text()
    redo.reject()


def test_e_says_how_a_rejected_clip_is_tried_again(
    qtbot: QtBot, window: ReviewWindow, folder: Path
) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_2, Key.Key_Up, Key.Key_E)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, RedoDialog)
    assert dialog.seed.text() == "8"
    dialog.seed.selectAll()
    QTest.keyClicks(dialog.seed, "1234")
    dialog.prompt.selectAll()
    QTest.keyClicks(dialog.prompt, "snow")
    agree(qtbot, dialog)

    assert review_of(folder / "a.png").redo == Redo(seed=1234, prompt="snow")
    assert review_of(folder / "a.png").reasons == (ReviewReason.TOO_FAST,)

    press(qtbot, window, Key.Key_E)
    again = dialog_of(qtbot, window)
    assert isinstance(again, RedoDialog)
    assert again.prompt.toPlainText() == "snow"
    QTest.keyClick(again.again, Key.Key_Space)
    agree(qtbot, again)
    assert review_of(folder / "a.png").redo is None


def test_another_reason_is_no_other_wish(qtbot: QtBot, window: ReviewWindow, folder: Path) -> None:
    press(qtbot, window, Key.Key_R, Key.Key_2, Key.Key_Up)
    window.session.set_redo(Redo(prompt="snow"))

    press(qtbot, window, Key.Key_R, Key.Key_5)

    assert review_of(folder / "a.png").reasons == (ReviewReason.WARPED,)
    assert review_of(folder / "a.png").redo == Redo(prompt="snow")


def test_e_on_a_clip_that_is_not_rejected_says_so(qtbot: QtBot, window: ReviewWindow) -> None:
    press(qtbot, window, Key.Key_E)

    assert "Only a rejected clip" in said(window)


def test_the_page_for_people_names_every_reason_by_its_key() -> None:
    page = (Path(__file__).parents[4] / "docs" / "review.md").read_text("utf-8")

    rows = {f"| {key} | {REASON_WORDS[reason]} |" for key, reason in REASONS.items()}
    assert rows == {
        line for line in page.splitlines() if line.startswith("| ") and "key" not in line
    }
