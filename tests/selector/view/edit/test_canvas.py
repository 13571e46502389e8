"""The canvas under the pointer: what is dragged is drawn, and saved when it is let go."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from companions.geometry import Rect
from selector.core import grips
from selector.core.grips import Grip
from selector.view.edit import inks, overlay
from selector.view.edit.page import EditPage
from tests.selector.desks import opened, two_groups, wait_for_look
from tests.selector.view.edit.editors import (
    ALT,
    CTRL,
    END,
    PICTURE,
    SHIFT,
    START,
    Spot,
    click,
    drag,
    editing,
    mouse,
    on_disk,
    page_of,
    press,
    pull,
    shown,
)


def grip(page: EditPage, which: Grip) -> Spot:
    """Where a grip of the chosen stop is."""
    rect = page.editing.stops[page.editing.stop].rect
    reach = overlay.reach(rect, page.canvas.view)
    at = grips.grip_points(rect, 0.0, picture=PICTURE, reach_px=reach)[which]
    return at[0] / PICTURE.width, at[1] / PICTURE.height


def middle(rect: Rect) -> Spot:
    """A rectangle's middle."""
    return rect.centre


def test_a_rectangle_that_is_dragged_is_saved_when_it_is_let_go_as_one_step(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        page.desk.decide(0, {page.name})
        steps = page.desk.undo_stack.count()

        drag(page, (0.4, 0.4), (0.47, 0.45), (0.51, 0.47))

        moved = on_disk(page).end_rect
        assert moved.x1 == pytest.approx(END.x1 + 0.11, abs=0.005)
        assert moved.width == pytest.approx(END.width)
        assert page.desk.undo_stack.count() == steps + 1
        page.desk.undo_stack.undo()
        assert on_disk(page).end_rect == END


def test_a_drag_is_shown_and_measured_but_not_saved_and_escape_gives_it_up(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        view = page.canvas.view
        pull(page.canvas, view.at_fraction(0.4, 0.4), view.at_fraction(0.6, 0.4), lets_go=False)

        assert shown(page).end_rect.x1 > END.x1 + 0.1
        assert on_disk(page).end_rect == END

        press(page, Qt.Key.Key_Escape)

        assert shown(page).end_rect == END
        assert on_disk(page).end_rect == END


def test_a_corner_keeps_the_clips_shape_and_the_opposite_corner(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        drag(page, grip(page, Grip.SE), (0.7, 0.62))

        rect = on_disk(page).end_rect
        aspect = rect.width * PICTURE.width / (rect.height * PICTURE.height)
        assert aspect == pytest.approx(640 / 360, rel=1e-3)
        assert (rect.x1, rect.y1) == pytest.approx((END.x1, END.y1), abs=1e-6)
        assert rect.width > END.width + 0.08


def test_shift_frees_the_shape_and_ctrl_keeps_the_middle(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        drag(page, grip(page, Grip.SE), (0.75, 0.55), held=SHIFT)
        free = on_disk(page).end_rect
        assert free.x2 == pytest.approx(0.75, abs=0.01)
        assert free.y2 == pytest.approx(0.55, abs=0.01)
        page.desk.undo_stack.undo()

        drag(page, grip(page, Grip.E), (0.66, END.centre[1]), held=CTRL)
        assert middle(on_disk(page).end_rect) == pytest.approx(middle(END), abs=1e-6)
        assert on_disk(page).end_rect.width > END.width + 0.05


def test_the_round_grip_turns_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        cx, cy = END.centre
        drag(page, grip(page, Grip.ROTATE), (cx + 0.08, cy - 0.3), held=ALT)

        rotation = on_disk(page).rotation
        assert rotation is not None
        assert 15.0 < rotation.end_deg < 30.0
        assert rotation.start_deg == 0.0


def test_a_rectangle_snaps_to_the_middle_of_the_picture_unless_alt_is_held(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        view = page.canvas.view
        near = 0.4 + 0.1 + 4.0 / view.box().width()  # 4 pixels beyond the middle
        pull(page.canvas, view.at_fraction(0.4, 0.4), view.at_fraction(near, 0.4), lets_go=False)
        assert [guide.what for guide in page.canvas.frames.guides if guide.vertical] == ["middle"]
        assert shown(page).end_rect.centre[0] == pytest.approx(0.5, abs=1e-9)
        press(page, Qt.Key.Key_Escape)

        drag(page, (0.4, 0.4), (near, 0.4), held=ALT)
        assert on_disk(page).end_rect.centre[0] == pytest.approx(near, abs=1e-3)


def test_a_dragged_edge_snaps_to_another_rectangles_edge(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        off = 5.0 / page.canvas.view.box().width()
        drag(page, grip(page, Grip.E), (START.x2 - off, END.centre[1]))

        assert on_disk(page).end_rect.x2 == pytest.approx(START.x2, abs=1e-9)


def test_a_click_chooses_the_rectangle_under_the_pointer(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        assert page.editing.stop == 1

        click(page, (0.75, 0.65))  # in START, outside END
        assert page.editing.stop == 0
        click(page, (0.4, 0.4))  # in both
        assert page.editing.stop == 1
        assert on_disk(page).start_rect == START


def test_a_drag_in_the_open_draws_the_chosen_rectangle_anew(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        drag(page, (0.88, 0.97), (0.98, 0.8), held=ALT)

        rect = on_disk(page).end_rect
        assert rect.x1 == pytest.approx(0.88, abs=0.06)
        assert rect.x1 > 0.6
        assert rect.width < 0.4


def test_the_wheel_zooms_about_the_pointer(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        view = page.canvas.view
        at, before = view.at_fraction(0.3, 0.3), view.scale

        wheel(page, at, notches=2)

        assert view.scale > before * 1.3
        there = view.at_fraction(0.3, 0.3)
        assert (there.x(), there.y()) == pytest.approx((at.x(), at.y()), abs=1e-6)


def test_z_goes_to_one_picture_pixel_per_screen_pixel_and_back(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        view = page.canvas.view
        fitted = view.scale
        press(page, "z")
        assert view.scale == pytest.approx(1.0 / page.canvas.devicePixelRatioF())
        press(page, "z")
        assert view.scale == fitted


def test_the_middle_button_shifts_the_picture_and_changes_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        before = page.canvas.view.at_fraction(0.5, 0.5)

        pull(
            page.canvas,
            QPointF(400.0, 300.0),
            QPointF(460.0, 320.0),
            button=Qt.MouseButton.MiddleButton,
        )

        by = page.canvas.view.at_fraction(0.5, 0.5) - before
        assert (by.x(), by.y()) == pytest.approx((60.0, 20.0))
        assert on_disk(page).end_rect == END


def test_space_and_a_drag_shift_the_picture_and_do_not_preview(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        before = page.canvas.view.at_fraction(0.5, 0.5)
        QTest.keyPress(page.canvas, Qt.Key.Key_Space)
        pull(page.canvas, QPointF(400.0, 300.0), QPointF(450.0, 300.0))
        QTest.keyRelease(page.canvas, Qt.Key.Key_Space)

        assert (page.canvas.view.at_fraction(0.5, 0.5) - before).x() == pytest.approx(50.0)
        assert page.stack.currentWidget() is page.canvas
        assert on_disk(page).end_rect == END


def test_start_is_green_end_is_blue_and_a_keyframe_amber(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.editing.seek(0.5)
        press(page, "k", "e")
        image = page.canvas.grab().toImage()
        view, ratio = page.canvas.view, page.canvas.devicePixelRatioF()
        stops = page.editing.stops

        for rect, colour in (
            (stops[0].rect, inks.START),
            (stops[1].rect, inks.KEYFRAME),
            (stops[2].rect, inks.END),
        ):
            # On the left edge, a little below its middle, away from grips and tags.
            at = view.at_fraction(rect.x1, rect.y1 + 0.6 * rect.height) * ratio
            near = [image.pixelColor(round(at.x()) + dx, round(at.y())) for dx in (-1, 0, 1)]
            assert min(_apart(found, colour) for found in near) < 60, (rect, colour.name())


def test_the_pointer_shows_what_a_press_would_do(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        for spot, shape in (
            (grip(page, Grip.SE), Qt.CursorShape.SizeFDiagCursor),
            (grip(page, Grip.NE), Qt.CursorShape.SizeBDiagCursor),
            (grip(page, Grip.W), Qt.CursorShape.SizeHorCursor),
            (grip(page, Grip.ROTATE), Qt.CursorShape.PointingHandCursor),
            ((0.4, 0.4), Qt.CursorShape.SizeAllCursor),
            ((0.95, 0.95), Qt.CursorShape.CrossCursor),
        ):
            hover(page, spot)
            assert page.canvas.cursor().shape() is shape, spot
        press(page, ".", ".", ".", ".")
        page.acting.turn_to(45.0)
        hover(page, (END.x1 + END.width / 2.0, END.centre[1]))
        assert page.canvas.cursor().shape() is Qt.CursorShape.SizeAllCursor


def test_pinching_zooms(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        view = page.canvas.view
        at, before = view.at_fraction(0.6, 0.4), view.scale
        pinch = QNativeGestureEvent(
            Qt.NativeGestureType.ZoomNativeGesture,
            QPointingDevice.primaryPointingDevice(),
            2,
            at,
            at,
            page.canvas.mapToGlobal(at),
            0.25,
            QPointF(),
        )
        QApplication.sendEvent(page.canvas, pinch)
        assert view.scale == pytest.approx(before * 1.25)
        there = view.at_fraction(0.6, 0.4)
        assert (there.x(), there.y()) == pytest.approx((at.x(), at.y()), abs=1e-6)


def test_g_shows_the_thirds_and_f_hides_faces(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, "first/a.png")  # the astronaut has a face
        with page_of(qtbot, desk, "first/a.png") as page:
            assert page.editing.faces
            plain = page.canvas.grab().toImage()
            press(page, "f")
            without = page.canvas.grab().toImage()
            press(page, "g")
            with_thirds = page.canvas.grab().toImage()

            assert plain != without
            assert without != with_thirds


def test_the_picture_is_drawn_beneath_and_sharp_where_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        picture = page.desk.picture(page.name)
        qtbot.waitUntil(lambda: page.desk.loader.image(picture) is not None, timeout=60_000)
        at = page.canvas.view.at_fraction(0.5, 0.44) * page.canvas.devicePixelRatioF()

        def is_orange() -> bool:
            found = page.canvas.grab().toImage().pixelColor(round(at.x()), round(at.y()))
            return found.red() > 2 * found.blue()

        qtbot.waitUntil(is_orange, timeout=60_000)


def hover(page: EditPage, spot: Spot) -> None:
    """Move the pointer there with no button down."""
    at = page.canvas.view.at_fraction(*spot)
    mouse(page.canvas, QEvent.Type.MouseMove, at, button=Qt.MouseButton.NoButton)


def wheel(page: EditPage, at: QPointF, *, notches: int) -> None:
    """Turn the wheel over a point of the canvas."""
    event = QWheelEvent(
        at,
        page.canvas.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003 - Qt's
    )
    QApplication.sendEvent(page.canvas, event)


def _apart(a: QColor, b: QColor) -> int:
    return max(abs(a.red() - b.red()), abs(a.green() - b.green()), abs(a.blue() - b.blue()))
