"""Comparing: two to four side by side, zoomed and shifted as one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from selector.view.cull.closeups import Closeups
from selector.view.cull.compare import Compare
from selector.view.shell.window import MainWindow
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS
from tests.selector.windows import cull_of, desk_of, press, settle, window

Key, Shift = Qt.Key, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def made(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The window comparing two large pictures of one group; groups of one and of six follow."""
    folder = tmp_path / "shoot"
    for group, size in enumerate((2, 1, 6)):
        for number in range(size):
            pixels = stills.drawn(2400, 1600, seed=number)
            stills.saved(pixels, folder / f"g{group}" / f"{number}.jpg", quality=80)
    with window(qtbot, tmp_path, folder) as opened:
        settle(qtbot, opened)
        press(opened, Key.Key_C)
        assert cull_of(opened).is_comparing
        yield opened


def compared(made: MainWindow) -> Compare:
    """The view."""
    return cull_of(made).compare


def panes(view: Compare) -> list[QImage]:
    """What each pane shows."""
    image = view.grab().toImage()
    return [image.copy(view.pane(index).adjusted(50, 50, -50, -50)) for index in view.candidates]


def test_both_are_enlarged_about_the_pointer_and_show_the_same_part(made: MainWindow) -> None:
    view = compared(made)
    where = QPointF(view.pane(0).center()) + QPointF(60, 40)
    before = view.point_at(where)
    assert before is not None
    for _ in range(6):
        QApplication.sendEvent(view, wheel(view, where))

    assert view.zoom == pytest.approx(1.25**6)
    after = view.point_at(where)
    assert after is not None
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=0.01)
    across = view.pane(1).center() - view.pane(0).center()
    beside = view.point_at(where + QPointF(across))
    assert beside is not None
    assert (beside.x(), beside.y()) == pytest.approx((after.x(), after.y()), abs=0.01)


def test_z_shows_a_pixel_of_the_picture_as_a_pixel_of_the_screen(
    qtbot: QtBot, made: MainWindow
) -> None:
    view = compared(made)
    press(made, Key.Key_Z)
    picture = desk_of(made).picture("g0/0.jpg")
    qtbot.waitUntil(lambda: view.closeups.image(picture) is not None, timeout=PATIENCE_MS)
    whole = view.closeups.image(picture)
    assert whole is not None
    assert (whole.width(), whole.height()) == (2400, 1600)

    corner = QPointF(view.pane(0).center())
    one, other = view.point_at(corner), view.point_at(corner + QPointF(100, 0))
    assert one is not None
    assert other is not None
    assert (other.x() - one.x()) * 2400 == pytest.approx(100, abs=0.5)
    press(made, Key.Key_Z)
    assert view.zoom == 1.0
    assert view.closeups.image(picture) is None, "let go of when it is not seen"


def test_dragging_shifts_all_and_stops_at_the_edge(made: MainWindow) -> None:
    view = compared(made)
    press(made, Key.Key_Z)
    before, seen = QPointF(view.middle), panes(view)
    start = view.pane(1).center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, start - QPoint(120, 0))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start - QPoint(120, 0))

    assert view.middle.x() > before.x()
    assert all(now != then for now, then in zip(panes(view), seen, strict=True))
    for _ in range(60):
        press(made, Key.Key_Right, Shift)
    assert view.middle.x() + 0.5 / view.zoom == pytest.approx(1.0)


def test_a_click_with_an_unsteady_hand_chooses_and_shifts_nothing(made: MainWindow) -> None:
    view = compared(made)
    press(made, Key.Key_Z)
    before, start = QPointF(view.middle), view.pane(1).center()
    assert desk_of(made).candidate == 0
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, start - QPoint(2, 1))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start - QPoint(2, 1))

    assert view.middle == before
    assert desk_of(made).candidate == 1


def test_every_key_of_the_cull_works_while_comparing(made: MainWindow) -> None:
    desk = desk_of(made)
    press(made, Key.Key_2)
    assert desk.cull.picked(0) == ("g0/1.jpg",)
    assert desk.group == 1
    assert not cull_of(made).is_comparing, "one picture is compared with nothing"
    press(made, Key.Key_C)
    assert not cull_of(made).is_comparing


def test_of_many_four_are_compared_with_the_current_one_among_them(made: MainWindow) -> None:
    desk, view = desk_of(made), compared(made)
    desk.go(2)
    assert list(view.candidates) == [0, 1, 2, 3]
    desk.go(2, 5)
    assert list(view.candidates) == [4, 5]


def test_escape_goes_back_to_the_tiles(made: MainWindow) -> None:
    press(made, Key.Key_Escape)
    assert not cull_of(made).is_comparing


def test_two_fingers_on_a_touch_pad_shift_both_and_a_pinch_zooms(made: MainWindow) -> None:
    view = compared(made)
    where = QPointF(view.pane(1).center())
    pinch = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        where,
        where,
        view.mapToGlobal(where),
        3.0,
        QPointF(),
    )
    QApplication.sendEvent(view, pinch)
    assert view.zoom == 4.0

    before = view.point_at(where)
    assert before is not None
    QApplication.sendEvent(view, fingers(view, where, QPoint(-40, 0)))
    assert view.zoom == 4.0
    there = view.point_at(where - QPointF(40.0, 0.0))
    assert there is not None
    assert (there.x(), there.y()) == pytest.approx((before.x(), before.y()), abs=1e-6)


def test_whole_pictures_are_let_go_of_while_another_page_is_seen(
    qtbot: QtBot, made: MainWindow
) -> None:
    view, picture = compared(made), desk_of(made).picture("g0/0.jpg")
    press(made, Key.Key_Z)
    qtbot.waitUntil(lambda: view.closeups.image(picture) is not None, timeout=PATIENCE_MS)

    press(made, Key.Key_E)
    assert view.closeups.image(picture) is None
    press(made, Key.Key_Escape)
    assert cull_of(made).is_comparing
    qtbot.waitUntil(lambda: view.closeups.image(picture) is not None, timeout=PATIENCE_MS)


def test_a_picture_that_changed_is_read_whole_again(qtbot: QtBot, made: MainWindow) -> None:
    view, desk = compared(made), desk_of(made)
    picture = desk.picture("g0/0.jpg")
    press(made, Key.Key_Z)
    qtbot.waitUntil(lambda: view.closeups.image(picture) is not None, timeout=PATIENCE_MS)
    stills.saved(stills.drawn(1200, 800, seed=5), picture)
    desk.rescan()

    def is_anew() -> bool:
        whole = view.closeups.image(picture)
        return whole is not None and whole.width() == 1200

    qtbot.waitUntil(is_anew, timeout=PATIENCE_MS)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_next_picture_is_read_whatever_became_of_the_one_before(
    qtbot: QtBot, tmp_path: Path
) -> None:
    unforeseen = Path("no file has such a name\0")
    picture = stills.saved(stills.drawn(60, 40), tmp_path / "a.png")
    closeups = Closeups()
    closeups.want([unforeseen, picture])
    qtbot.waitUntil(lambda: closeups.image(picture) is not None, timeout=PATIENCE_MS)
    assert closeups.image(unforeseen) is None


def fingers(view: Compare, where: QPointF, by: QPoint) -> QWheelEvent:
    """Two fingers on a touch pad."""
    return QWheelEvent(
        where,
        view.mapToGlobal(where),
        by,
        by * 2,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.ScrollUpdate,
        False,  # noqa: FBT003 - Qt's
    )


def wheel(view: Compare, where: QPointF) -> QWheelEvent:
    """One notch away from the operator."""
    return QWheelEvent(
        where,
        view.mapToGlobal(where),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003 - Qt's
    )
