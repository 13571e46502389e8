"""Looking at a clip: playing, its plan, its path, its findings, and what is listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from skimage.metrics import structural_similarity

from companions.geometry import Rect
from selector.view.cheatsheet import CheatSheet
from selector.view.review.actions import ACTIONS
from selector.view.review.session import Shown
from selector.view.review.window import ReviewWindow
from tests.selector.clips import (
    PUSH_IN,
    came_back,
)
from tests.selector.desks import PATIENCE_MS
from tests.selector.view.review.reviewing import (
    PLAIN,
    SHIFT,
    Key,
    at_rest,
    dialog_of,
    press,
    reviewing,
    until_shown,
)


def pixels(image: QImage) -> npt.NDArray[np.uint8]:
    shown = image.convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(shown.constBits(), dtype=np.uint8)
    return data.reshape(shown.height(), shown.width(), 4)[..., :3].copy()


def test_keys_step_and_play_through_the_clip(qtbot: QtBot, window: ReviewWindow) -> None:
    reader = window.reader
    press(qtbot, window, Key.Key_K)
    at_rest(qtbot, window, 10)

    def stands(frame: int) -> None:
        qtbot.waitUntil(lambda: window.stage.timeline.frame == frame, timeout=PATIENCE_MS)

    for key, frame in (
        (Key.Key_Period, 11),
        (Key.Key_Comma, 10),
        (Key.Key_Right, 11),
        (Key.Key_Left, 10),
        (Key.Key_Home, 0),
        (Key.Key_End, 23),
    ):
        press(qtbot, window, key)
        stands(frame)
    QTest.keyClick(window, Key.Key_Left, SHIFT)
    stands(13)
    QTest.keyClick(window, Key.Key_Right, SHIFT)
    stands(23)
    assert "frame 23 of 0-23" in window.stage.time.text()

    press(qtbot, window, Key.Key_L, Key.Key_L)
    assert reader.speed == 2.0
    assert "x2" in window.stage.time.text()
    press(qtbot, window, Key.Key_J, Key.Key_J, Key.Key_J)
    assert reader.speed == -4.0
    press(qtbot, window, Key.Key_Space)
    assert reader.speed == 0.0
    press(qtbot, window, Key.Key_Space)
    assert reader.speed == 1.0


def test_the_plan_at_the_same_moment_is_what_the_clip_shows(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    press(qtbot, window, Key.Key_K)
    for frame in (0, 12, 23):
        clip = at_rest(qtbot, window, frame)
        QTest.keyClick(window, Key.Key_Backslash)
        plan = _plan_at(qtbot, window, frame)
        assert window.stage.clip_pane.image is plan
        assert _alike(clip, plan) > 0.9
        press(qtbot, window, Key.Key_B)
        assert window.stage.clip_pane.image is window.stage.clip_pane.clip


def test_until_the_plan_of_a_moment_is_rendered_the_clip_stays(
    qtbot: QtBot, tmp_path: Path
) -> None:
    came_back(tmp_path, move=PUSH_IN.model_copy(update={"duration_sec": 4.0}))
    with reviewing(qtbot, tmp_path) as window:
        until_shown(qtbot, window, "coffee.png")
        pane = window.stage.clip_pane
        at_rest(qtbot, window, 0)
        press(qtbot, window, Key.Key_Backslash)
        _plan_at(qtbot, window, 0)
        press(qtbot, window, Key.Key_Backslash)
        clip = at_rest(qtbot, window, 95)

        QTest.keyClick(window, Key.Key_Backslash)

        assert pane.plan_frame in {-1, 95}  # that of frame 0 would be taken for this one's
        if pane.plan_frame == -1:
            assert pane.image is clip
        assert pane.image is not None
        _plan_at(qtbot, window, 95)


def test_the_plan_goes_along_with_the_clip(qtbot: QtBot, window: ReviewWindow) -> None:
    at_rest(qtbot, window, 5)
    press(qtbot, window, Key.Key_Backslash)
    before = _plan_at(qtbot, window, 5)

    press(qtbot, window, *[Key.Key_Period] * 10)

    assert _alike(before, _plan_at(qtbot, window, 15)) < 0.95
    press(qtbot, window, Key.Key_L)
    qtbot.waitUntil(lambda: window.stage.clip_pane.plan_frame > 17, timeout=PATIENCE_MS)


def test_the_plan_of_another_moment_is_not_what_the_clip_shows(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    """Guards the test above: these pictures differ enough between moments to tell."""
    first, last = at_rest(qtbot, window, 0), at_rest(qtbot, window, 23)

    assert _alike(first, last) < 0.7


def _plan_at(qtbot: QtBot, window: ReviewWindow, frame: int) -> QImage:
    pane = window.stage.clip_pane
    qtbot.waitUntil(lambda: pane.plan_frame == frame, timeout=PATIENCE_MS)
    assert pane.plan is not None
    return pane.plan


def _alike(one: QImage, other: QImage) -> float:
    alike = structural_similarity(pixels(one), pixels(other), channel_axis=2)  # type: ignore[no-untyped-call]
    return float(alike)


def test_o_shows_the_rectangles_and_the_measured_path_or_neither(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    pane = window.stage.keyframe_pane
    qtbot.waitUntil(lambda: len(pane.placed) == 9, timeout=PATIENCE_MS)
    at_rest(qtbot, window, 0)
    with_lines = pixels(pane.grab().toImage())

    press(qtbot, window, Key.Key_O)
    without = pixels(pane.grab().toImage())
    press(qtbot, window, Key.Key_O)

    assert np.count_nonzero((with_lines != without).any(axis=2)) > 500
    assert (pixels(pane.grab().toImage()) == with_lines).all()
    for colour in ((46, 204, 113), (66, 153, 255), (255, 128, 48)):  # START, END, measured
        bgr = np.array(colour[::-1])
        assert (np.abs(with_lines.astype(int) - bgr).max(axis=2) < 12).any(), colour


def test_a_clip_that_stays_behind_its_plan_is_seen_to_stay_behind(
    qtbot: QtBot, tmp_path: Path
) -> None:
    still = PUSH_IN.model_copy(update={"end_rect": Rect.of(0.05, 0.05, 0.95, 0.95)})
    came_back(tmp_path, shown=still)

    with reviewing(qtbot, tmp_path) as window:
        pane = window.stage.keyframe_pane
        qtbot.waitUntil(lambda: len(pane.placed) == 9, timeout=PATIENCE_MS)

        assert pane.placed[0].centre == pytest.approx(pane.placed[-1].centre, abs=0.01)
        assert pane.planned is not None
        assert pane.planned.path.window(1.0).width < 0.6 * pane.planned.path.window(0.0).width


def test_findings_lie_on_the_timeline_and_g_goes_there(qtbot: QtBot, window: ReviewWindow) -> None:
    window.session.go("c.png")
    until_shown(qtbot, window, "c.png")
    assert [mark.first for mark in window.stage.timeline.marks] == [12]
    assert "adherence" in window.facts.toPlainText()

    press(qtbot, window, Key.Key_K)
    at_rest(qtbot, window, 3)
    press(qtbot, window, Key.Key_G)

    qtbot.waitUntil(lambda: window.stage.timeline.frame == 12, timeout=PATIENCE_MS)


def test_the_timeline_is_clicked_and_dragged(qtbot: QtBot, window: ReviewWindow) -> None:
    timeline = window.stage.timeline
    y = timeline.height() // 2

    def at(frame: int) -> QPoint:
        return QPoint(round(timeline.x_of(frame)), y)

    QTest.mousePress(timeline, Qt.MouseButton.LeftButton, PLAIN, at(5))
    qtbot.waitUntil(lambda: timeline.frame == 5, timeout=PATIENCE_MS)
    # QTest moves the mouse without its button held.
    held = Qt.MouseButton.LeftButton
    to = QPointF(at(20))
    moved = QMouseEvent(QMouseEvent.Type.MouseMove, to, to, Qt.MouseButton.NoButton, held, PLAIN)
    QApplication.sendEvent(timeline, moved)
    qtbot.waitUntil(lambda: timeline.frame == 20, timeout=PATIENCE_MS)
    QTest.mouseRelease(timeline, held, PLAIN, at(20))

    assert window.reader.speed == 0.0


def test_going_to_another_clip_never_shows_a_frame_of_the_one_before(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    press(qtbot, window, Key.Key_Down)
    assert window.stage.clip_pane.clip is None
    assert window.stage.keyframe_pane.image is None or window.session.name == "b.png"
    until_shown(qtbot, window, "b.png")

    picture = window.session.shots["b.png"].picture
    assert picture is not None
    qtbot.waitUntil(
        lambda: window.stage.keyframe_pane.image is window.loader.image(picture) is not None,
        timeout=PATIENCE_MS,
    )


def test_filters_list_what_fits_and_f_goes_through_them(qtbot: QtBot, window: ReviewWindow) -> None:
    press(qtbot, window, Key.Key_A)  # a accepted, c is flagged
    listed = {}
    for _ in Shown:
        listed[window.filters.currentText()] = window.session.shown
        press(qtbot, window, Key.Key_F)

    assert listed == {
        "all": ("a.png", "b.png", "c.png"),
        "to review": ("b.png", "c.png"),
        "accepted": ("a.png",),
        "rejected": (),
        "flagged": ("c.png",),
        "no clip": (),
    }


def test_a_clip_that_is_decided_stays_listed_until_the_filter_is_chosen_again(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    window.filters.setCurrentText(Shown.TO_REVIEW.value)
    press(qtbot, window, Key.Key_A)

    assert window.session.shown == ("a.png", "b.png", "c.png")


def test_the_sheet_of_keys_names_every_action_and_every_action_is_done(
    qtbot: QtBot, window: ReviewWindow
) -> None:
    press(qtbot, window, Key.Key_F1)
    dialog = dialog_of(qtbot, window)
    assert isinstance(dialog, CheatSheet)
    words = {label.text() for label in dialog.findChildren(QLabel)}
    for action in ACTIONS:
        assert action.words in words
    assert window._acts.keys() == {action.name for action in ACTIONS}
    dialog.reject()

    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))


def test_no_part_of_the_window_takes_the_keys(qtbot: QtBot, window: ReviewWindow) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE_MS)
    QTest.mouseClick(window.list.viewport(), Qt.MouseButton.LeftButton, PLAIN, QPoint(40, 80))
    assert window.session.name == "b.png"
    QTest.keyClick(QApplication.focusWidget() or window, Key.Key_Up)
    assert window.session.name == "a.png"

    for part in (window.facts.viewport(), window.stage.timeline, window.stage.clip_pane):
        QTest.mouseClick(part, Qt.MouseButton.LeftButton)
        QTest.keyClick(QApplication.focusWidget() or window, Key.Key_Down)
        assert window.session.name == "b.png"
        QTest.keyClick(QApplication.focusWidget() or window, Key.Key_Up)
        assert window.session.name == "a.png"
