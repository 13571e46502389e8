"""Objects that move by themselves: cut out, led along a way, named, ordered, timed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from companions.easing import EasingName
from companions.masks import read_mask
from companions.trajectory import MaskRegion, ObjectTrajectory, PolygonRegion
from selector.core.drafting import with_duration
from selector.view.edit.page import EditPage
from selector.view.edit.tools import Tool
from tests.selector.view.edit.editors import (
    PICTURE,
    SHIFT,
    A,
    B,
    click,
    drag,
    editing,
    mouse,
    on_disk,
    press,
)
from tests.selector.view.edit.test_inspector import chosen, typed


def objects(page: EditPage) -> tuple[ObjectTrajectory, ...]:
    """The objects on the disk."""
    return on_disk(page).objects


def tool(page: EditPage) -> Tool:
    """The tool in use."""
    return page.canvas.tool


def cut_triangle(page: EditPage) -> None:
    """A triangle around (0.3, 0.3)."""
    press(page, "p")
    for corner in ((0.25, 0.25), (0.35, 0.25), (0.3, 0.35)):
        click(page, corner)
    press(page, Qt.Key.Key_Return)


def paint_bar(page: EditPage) -> None:
    """What lies between (0.3, 0.4) and (0.5, 0.4), with the brush; it waits for its way."""
    press(page, "b")
    drag(page, (0.3, 0.4), (0.5, 0.4))
    press(page, Qt.Key.Key_Return)


def test_a_polygon_and_a_freehand_way_make_an_object(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        cut_triangle(page)
        assert objects(page) == ()  # it waits for its way
        drag(page, (0.3, 0.3), (0.5, 0.3), (0.5, 0.6))

        (made,) = objects(page)
        assert isinstance(made.region, PolygonRegion)
        assert len(made.region.points) == 3
        first, last = made.points[0], made.points[-1]
        assert (first.at, last.at) == (0.0, 1.0)
        assert first.position == pytest.approx((0.3, 0.3), abs=0.01)
        assert last.position == pytest.approx((0.5, 0.6), abs=0.02)
        assert max(p.position[0] for p in made.points) == pytest.approx(0.5, abs=0.02)
        assert page.editing.object == 0
        assert tool(page) is page.canvas.frames
        page.desk.undo_stack.undo()
        assert objects(page) == ()


def test_a_polygon_closes_at_its_first_corner(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "p")
        for corner in ((0.25, 0.25), (0.35, 0.25), (0.3, 0.35), (0.25, 0.25)):
            click(page, corner)
        assert tool(page) is page.carrying.way


def test_a_lasso_and_a_line_make_an_object_that_begins_where_it_is(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "l")
        drag(page, (0.5, 0.5), (0.6, 0.5), (0.6, 0.6), (0.5, 0.6), (0.5, 0.51))
        press(page, "j")
        drag(page, (0.7, 0.7), (0.8, 0.4))

        (made,) = objects(page)
        assert isinstance(made.region, PolygonRegion)
        assert [len(made.points), made.points[0].at, made.points[1].at] == [2, 0.0, 1.0]
        assert made.points[0].position == pytest.approx((0.55, 0.55), abs=0.01)
        assert made.points[1].position == pytest.approx((0.8, 0.4), abs=0.01)


def test_a_painted_object_becomes_a_mask_beside_the_picture(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "b", "]")
        drag(page, (0.3, 0.4), (0.5, 0.4))
        drag(page, (0.45, 0.4), (0.5, 0.4), held=SHIFT)  # takes away
        press(page, Qt.Key.Key_Return)
        folder = page.desk.picture(page.name).parent
        assert list(folder.glob("*.mask.png")) == []  # only when it has a way
        drag(page, (0.4, 0.4), (0.4, 0.7))

        (made,) = objects(page)
        assert isinstance(made.region, MaskRegion)
        mask = read_mask(made.region, folder=folder, picture=PICTURE)
        height, width = mask.shape
        assert mask[int(0.4 * height), int(0.35 * width)] == 255
        assert mask[int(0.4 * height), int(0.48 * width)] == 0
        assert mask[int(0.6 * height), int(0.35 * width)] == 0
        assert not page.canvas.masks[made.region.path].isEmpty()


def test_what_was_painted_waits_while_the_disk_does_not_take_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path / "shoot") as page:
        paint_bar(page)
        (tmp_path / "shoot").rename(tmp_path / "away")
        with qtbot.waitSignal(page.desk.told) as told:
            drag(page, (0.4, 0.4), (0.4, 0.7))
        assert told.args is not None
        assert "waits" in told.args[0]

        (tmp_path / "away").rename(tmp_path / "shoot")
        drag(page, (0.4, 0.4), (0.4, 0.7))
        (made,) = objects(page)
        assert isinstance(made.region, MaskRegion)


def test_what_waits_for_the_disk_waits_while_another_picture_is_opened(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path / "shoot") as page:
        paint_bar(page)
        (tmp_path / "shoot").rename(tmp_path / "away")
        drag(page, (0.4, 0.4), (0.4, 0.7))
        page.open(B)
        assert tool(page) is page.canvas.frames
        (tmp_path / "away").rename(tmp_path / "shoot")

        for _ in range(2):  # opened twice, as after a look at the cull
            with qtbot.waitSignal(page.desk.told) as told:
                page.open(A)
            assert told.args is not None
            assert "still waits" in told.args[0]
        drag(page, (0.4, 0.4), (0.4, 0.7))
        (made,) = objects(page)
        assert isinstance(made.region, MaskRegion)
        page.open(A)
        assert tool(page) is page.canvas.frames, "once is enough"


def test_what_waits_for_the_disk_is_given_up_with_escape(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path / "shoot") as page:
        paint_bar(page)
        (tmp_path / "shoot").rename(tmp_path / "away")
        drag(page, (0.4, 0.4), (0.4, 0.7))
        press(page, Qt.Key.Key_Escape)
        (tmp_path / "away").rename(tmp_path / "shoot")

        page.open(A)
        assert tool(page) is page.canvas.frames


def test_escape_gives_up_step_by_step_and_leaves_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "b")
        drag(page, (0.3, 0.4), (0.5, 0.4))
        press(page, Qt.Key.Key_Return, Qt.Key.Key_Escape)
        frames: Tool = page.canvas.frames
        assert tool(page) is frames

        with qtbot.waitSignal(page.desk.told):  # what was cut out waits no more
            press(page, "h")
        drag(page, (0.4, 0.4), (0.5, 0.4))  # a rectangle again, no way
        assert objects(page) == ()
        assert list(page.desk.picture(page.name).parent.glob("*.mask.png")) == []

        press(page, "p")
        click(page, (0.2, 0.2))
        press(page, Qt.Key.Key_Escape)
        assert tool(page) is page.carrying.polygon
        press(page, Qt.Key.Key_Escape)
        assert tool(page) is page.canvas.frames


def test_a_circle_leads_back_to_where_it_began(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        cut_triangle(page)
        press(page, "o")
        click(page, (0.4, 0.3))

        (made,) = objects(page)
        assert made.points[-1].position == pytest.approx(made.points[0].position, abs=1e-6)
        assert max(p.position[0] for p in made.points) == pytest.approx(0.5, abs=0.02)


def test_the_chosen_object_gets_another_way(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        cut_triangle(page)
        drag(page, (0.3, 0.3), (0.5, 0.3))
        press(page, "j")
        drag(page, (0.3, 0.3), (0.3, 0.8))

        (made,) = objects(page)
        assert made.points[-1].position == pytest.approx((0.3, 0.8), abs=0.01)


def test_a_way_without_an_object_says_what_to_do_first(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        with qtbot.waitSignal(page.desk.told) as told:
            press(page, "h")
        assert told.args is not None
        assert "Cut out an object first" in told.args[0]


def test_objects_are_named_ordered_and_deleted_in_the_list(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        for down in (0.5, 0.6):
            cut_triangle(page)
            drag(page, (0.3, 0.3), (0.5, down))
        panel = page.inspector.object_panel
        assert [panel.list.item(i).text() for i in range(2)] == ["object 2", "object 1"]

        panel.list.setFocus()
        QTest.keyClick(panel.list, Qt.Key.Key_F2)
        editor = panel.list.findChild(QLineEdit)
        assert editor is not None
        editor.selectAll()
        QTest.keyClicks(editor, "kite")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: [each.name for each in objects(page)] == ["object 1", "kite"])

        QTest.mouseClick(panel.down, Qt.MouseButton.LeftButton)
        assert [each.name for each in objects(page)] == ["kite", "object 1"]
        assert page.editing.object == 0
        QTest.mouseClick(panel.delete, Qt.MouseButton.LeftButton)
        assert [each.name for each in objects(page)] == ["object 1"]


def test_a_name_that_is_taken_is_refused_and_told(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        for down in (0.5, 0.6):
            cut_triangle(page)
            drag(page, (0.3, 0.3), (0.5, down))
        item = page.inspector.object_panel.list.item(0)
        with qtbot.waitSignal(page.desk.told) as told:
            item.setText("object 1")
        assert told.args is not None
        assert "another object is called object 1" in told.args[0]
        assert page.inspector.object_panel.list.item(0).text() == "object 2"


def test_an_object_is_timed_sized_turned_and_eased(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        cut_triangle(page)
        drag(page, (0.3, 0.3), (0.5, 0.3), (0.5, 0.6))
        panel = page.inspector.object_panel
        typed(panel.times[1], "3")
        typed(panel.times[0], "1.5")
        typed(panel.scales[1], "2")
        typed(panel.turns[1], "90")
        chosen(panel.easing, "ends softly")

        (made,) = objects(page)
        first, last = made.points[0], made.points[-1]
        assert (first.at, last.at) == pytest.approx((0.25, 0.5))
        assert (first.scale, last.scale) == pytest.approx((1.0, 2.0))
        assert (first.rotation_deg, last.rotation_deg) == pytest.approx((0.0, 90.0))
        assert made.easing is EasingName.EASE_OUT


def test_what_is_typed_into_one_field_leaves_the_others_as_they_are_however_they_are_rounded(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        page.editing.edit(lambda m: with_duration(m, 10.0 / 3.0), what="go faster")
        cut_triangle(page)
        drag(page, (0.3, 0.3), (0.5, 0.3), (0.5, 0.6))
        (before,) = objects(page)
        panel = page.inspector.object_panel
        typed(panel.turns[1], "90")
        typed(panel.turns[1], "0")
        typed(panel.turns[0], "5")

        (made,) = objects(page)
        assert [point.at for point in made.points] == [point.at for point in before.points]
        typed(panel.times[0], "1")
        assert objects(page)[0].points[-1].at == 1.0
        assert objects(page)[0].points[0].at == pytest.approx(0.3)


def test_a_time_that_makes_no_sense_is_marked_and_not_applied(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        cut_triangle(page)
        drag(page, (0.3, 0.3), (0.5, 0.3))
        field = page.inspector.object_panel.times[0]
        typed(field, "9")
        assert field.reason.isVisible()
        assert objects(page)[0].points[0].at == 0.0


def test_the_brush_is_seen_and_its_size_follows_the_brackets(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "b")
        mouse(
            page.canvas,
            QEvent.Type.MouseMove,
            page.canvas.view.at_fraction(0.5, 0.5),
            button=Qt.MouseButton.NoButton,
        )
        small = page.canvas.grab().toImage()
        radius, rect = page.carrying.brush.radius, on_disk(page).end_rect
        press(page, "]", "]")
        assert page.carrying.brush.radius > radius * 1.4
        assert page.canvas.grab().toImage() != small
        assert on_disk(page).end_rect == rect


def test_a_damaged_mask_is_told_and_the_rest_can_be_edited(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        paint_bar(page)
        drag(page, (0.4, 0.4), (0.4, 0.7))
        (mask,) = page.desk.picture(page.name).parent.glob("*.mask.png")
        mask.write_bytes(b"no picture")

        with qtbot.waitSignal(page.desk.told) as told:
            page.open(page.name)

        assert told.args is not None
        assert mask.name in told.args[0]
        press(page, Qt.Key.Key_Left)
        assert on_disk(page).end_rect.x1 < 0.2
        assert mask.read_bytes() == b"no picture"
