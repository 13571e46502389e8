"""Under the pointer: wheels and touch pads, clicks on objects, and drags that are overtaken."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from companions import codec
from companions.motion import MotionCompanion
from companions.names import MOTION_SUFFIX, companion_path
from selector.core import drafting
from selector.view.edit.page import EditPage
from tests.selector.desks import opened
from tests.selector.view.edit.editors import (
    ALT,
    CTRL,
    END,
    NONE,
    SHIFT,
    START,
    A,
    B,
    click,
    drag,
    editing,
    mouse,
    on_disk,
    page_of,
    press,
    pull,
    shown,
    two_motions,
)
from tests.selector.view.edit.test_objects import cut_triangle, objects, paint_bar


def fingers(
    widget: QWidget,
    at: QPointF,
    by: QPoint,
    *,
    phase: Qt.ScrollPhase = Qt.ScrollPhase.ScrollUpdate,
    held: Qt.KeyboardModifier = NONE,
    tells_pixels: bool = True,
) -> None:
    """Two fingers on a touch pad, as Qt tells them on a Mac; elsewhere not all tell pixels."""
    event = QWheelEvent(
        at,
        widget.mapToGlobal(at),
        by if tells_pixels else QPoint(),
        by * 2,
        Qt.MouseButton.NoButton,
        held,
        phase,
        False,  # noqa: FBT003 - Qt's
    )
    QApplication.sendEvent(widget, event)


def test_two_fingers_on_a_touch_pad_shift_the_picture_and_do_not_zoom(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        view = page.canvas.view
        before, scale = view.at_fraction(0.3, 0.3), view.scale

        fingers(page.canvas, before, QPoint(), phase=Qt.ScrollPhase.ScrollBegin)
        assert view.fitted
        fingers(page.canvas, before, QPoint(-30, 12))
        fingers(page.canvas, before, QPoint(), phase=Qt.ScrollPhase.ScrollEnd)

        by = view.at_fraction(0.3, 0.3) - before
        assert (by.x(), by.y()) == pytest.approx((-30.0, 12.0))
        assert view.scale == scale


@pytest.mark.parametrize(
    ("held", "tells_pixels"), [(CTRL, True), (NONE, False)], ids=["with Ctrl", "as a wheel does"]
)
def test_two_fingers_zoom_while_ctrl_is_held_and_where_the_touch_pad_tells_no_pixels(
    qtbot: QtBot, tmp_path: Path, held: Qt.KeyboardModifier, *, tells_pixels: bool
) -> None:
    with editing(qtbot, tmp_path) as page:
        scale = page.canvas.view.scale
        at, by = QPointF(400.0, 300.0), QPoint(0, 60)
        fingers(page.canvas, at, by, held=held, tells_pixels=tells_pixels)
        assert page.canvas.view.scale > scale * 1.1


def test_the_wheel_zooms_also_with_alt_which_turns_it_sideways(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        scale = page.canvas.view.scale
        at, by, phase = QPointF(400.0, 300.0), QPoint(60, 0), Qt.ScrollPhase.NoScrollPhase
        fingers(page.canvas, at, by, held=ALT, tells_pixels=False, phase=phase)
        assert page.canvas.view.scale > scale * 1.1


def test_a_click_on_an_object_chooses_it_and_another_the_rectangle_beneath(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        for down in (0.5, 0.6):
            cut_triangle(page)
            drag(page, (0.3, 0.3), (0.5, down))
        page.editing.choose(0)
        page.inspector.tabs.setCurrentIndex(0)

        click(page, (0.3, 0.28))
        assert page.editing.object == 1, "the uppermost"
        assert page.inspector.tabs.currentIndex() == 2
        click(page, (0.3, 0.28))
        assert (page.editing.object, page.editing.stop) == (-1, 1)

        click(page, (0.3, 0.28))
        press(page, Qt.Key.Key_Delete)
        assert [each.name for each in objects(page)] == ["object 1"]
        assert on_disk(page).end_rect == END


def test_a_double_click_chooses_as_a_click_does_and_may_begin_a_drag(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        cut_triangle(page)
        drag(page, (0.3, 0.3), (0.5, 0.5))
        page.editing.choose(1)
        at = page.canvas.view.at_fraction(0.3, 0.28)
        click(page, (0.3, 0.28))
        mouse(page.canvas, QEvent.Type.MouseButtonDblClick, at)
        mouse(page.canvas, QEvent.Type.MouseButtonRelease, at)
        assert page.editing.object == 0

        click(page, (0.3, 0.28))
        to = page.canvas.view.at_fraction(0.4, 0.28)
        mouse(page.canvas, QEvent.Type.MouseButtonDblClick, at)
        mouse(page.canvas, QEvent.Type.MouseMove, to)
        mouse(page.canvas, QEvent.Type.MouseButtonRelease, to)
        assert on_disk(page).end_rect.x1 == pytest.approx(END.x1 + 0.1, abs=0.01)


def test_a_click_beside_objects_and_a_drag_over_one_are_the_rectangles(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        cut_triangle(page)
        drag(page, (0.3, 0.3), (0.5, 0.5))
        page.editing.choose(1)
        click(page, (0.34, 0.34))  # in the box around the triangle, not in the triangle
        assert page.editing.object == -1

        drag(page, (0.3, 0.28), (0.4, 0.28))
        assert on_disk(page).end_rect.x1 == pytest.approx(END.x1 + 0.1, abs=0.01)
        assert page.editing.object == -1


def test_a_painted_object_is_chosen_by_a_click_too(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        paint_bar(page)
        drag(page, (0.4, 0.4), (0.4, 0.7))
        page.editing.choose(0)

        click(page, (0.45, 0.41))
        assert page.editing.object == 0


def test_what_is_painted_is_tinted_and_what_is_taken_away_is_not(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        spots = ((0.7, 0.2), (0.75, 0.2), (0.8, 0.2))
        before = [_colour(page, spot) for spot in spots]
        press(page, "b")
        drag(page, (0.7, 0.2), (0.8, 0.2))
        drag(page, (0.8, 0.2), (0.801, 0.2), held=SHIFT)
        press(page, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketLeft)
        away = page.canvas.view.at_fraction(0.2, 0.8)
        mouse(page.canvas, QEvent.Type.MouseMove, away, button=Qt.MouseButton.NoButton)

        after = [_colour(page, spot) for spot in spots]
        assert [a != b for a, b in zip(before, after, strict=True)] == [True, True, False]
        page.canvas.zoom(0.5)  # what is painted stays where it is in the picture
        assert _colour(page, (0.75, 0.2)) != _colour(page, (0.75, 0.3))


def test_a_drag_goes_no_further_when_another_picture_is_opened(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        view = page.canvas.view
        first, then = view.at_fraction(0.4, 0.4), view.at_fraction(0.5, 0.4)
        pull(page.canvas, first, then, lets_go=False)
        page.open(B)
        mouse(page.canvas, QEvent.Type.MouseMove, view.at_fraction(0.6, 0.5))
        mouse(page.canvas, QEvent.Type.MouseButtonRelease, view.at_fraction(0.6, 0.5))

        assert (on_disk(page, A).end_rect, on_disk(page, B).end_rect) == (END, END)
        assert shown(page).end_rect == END


def test_a_keyframe_that_is_dragged_in_time_is_let_go_when_another_picture_is_opened(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        for name in (B, A):
            page.open(name)
            press(page, "k")
        time = page.timeline
        pull(time, time.at(0.5), time.at(0.6), lets_go=False)
        page.open(B)
        mouse(time, QEvent.Type.MouseMove, time.at(0.8))
        mouse(time, QEvent.Type.MouseButtonRelease, time.at(0.8))

        assert [on_disk(page, name).keyframes[0].at for name in (A, B)] == [0.5, 0.5]


def test_a_rectangle_that_is_drawn_back_to_nothing_is_not_drawn(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        drag(page, (0.95, 0.97), (0.6, 0.6), (0.951, 0.971))
        assert (on_disk(page).start_rect, on_disk(page).end_rect) == (START, END)


def test_space_is_let_go_when_the_keys_go_elsewhere(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        QTest.keyPress(page.canvas, Qt.Key.Key_Space)
        QApplication.sendEvent(page.canvas, QFocusEvent(QEvent.Type.FocusOut))

        drag(page, (0.4, 0.4), (0.5, 0.4))  # draws, and shifts nothing
        assert on_disk(page).end_rect.x1 > END.x1 + 0.05


def test_a_drag_over_a_motion_that_became_another_one_shows_what_can_be(
    qtbot: QtBot, tmp_path: Path
) -> None:
    def stretched(motion: MotionCompanion) -> MotionCompanion:
        return drafting.with_duration(motion, motion.duration_sec + 50.0)

    with editing(qtbot, tmp_path) as page:
        page.editing.attempt(stretched)
        assert shown(page).duration_sec == 56.0
        path = companion_path(page.desk.picture(A), MOTION_SUFFIX)
        codec.write(path, drafting.with_duration(on_disk(page), 20.0))

        page.desk.take_theirs(A)  # 70 s are more than a clip may have
        assert shown(page).duration_sec == 20.0
        assert page.editing.is_at_rest


def test_what_lies_in_the_folder_now_is_shown_after_looking_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_motions(tmp_path)) as desk, page_of(qtbot, desk, A) as page:
        path = companion_path(desk.picture(A), MOTION_SUFFIX)
        codec.write(path, drafting.with_duration(on_disk(page), 11.0))
        desk.rescan()
        assert shown(page).duration_sec == 11.0

        desk.picture(A).unlink()
        desk.rescan()
        assert page.editing.obstacle is not None
        assert A in page.editing.obstacle
        page.grab()  # it can be painted


def _colour(page: EditPage, spot: tuple[float, float]) -> QColor:
    ratio = page.canvas.devicePixelRatioF()
    at = page.canvas.view.at_fraction(*spot) * ratio
    return page.canvas.grab().toImage().pixelColor(round(at.x()), round(at.y()))
