"""The inspector: what is typed is saved while it is valid, and marked with a reason when not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget
from pytestqt.qtbot import QtBot

from companions.easing import EasingName
from companions.motion import MotionType, OutputSize
from companions.preset import Orbit, PushIn
from companions.wishes import Wishes
from selector.view.edit.fields import Field
from selector.view.edit.page import EditPage
from tests.selector.view.edit.editors import B, editing, on_disk, press, pull, shown


def typed(field: Field, text: str) -> None:
    """Replace what a field says, as a person does."""
    QApplication.processEvents()  # rows that were made just now are shown by the event loop
    field.edit.setFocus()
    field.edit.selectAll()
    QTest.keyClick(field.edit, Qt.Key.Key_Delete)
    QTest.keyClicks(field.edit, text)


def chosen(box: QComboBox, text: str) -> None:
    """Choose a line of a combo box by the keyboard."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    while box.currentText() != text:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() != before, f"no {text} in the list"


def wishes(page: EditPage) -> Wishes:
    """What the shot asks for, as it is on the disk."""
    return on_disk(page).wishes or Wishes()


def test_a_duration_is_saved_as_it_is_typed_and_is_one_step(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.desk.decide(0, {page.name})
        steps = page.desk.undo_stack.count()

        typed(page.inspector.move_panel.duration, "7.25")

        assert on_disk(page).duration_sec == 7.25
        assert page.desk.undo_stack.count() == steps + 1
        page.desk.undo_stack.undo()
        assert on_disk(page).duration_sec == 6.0
        assert page.inspector.move_panel.duration.edit.text() == "6"


@pytest.mark.parametrize(
    ("text", "why"), [("61", "at most 60"), ("0", "over 0"), ("soon", "a number"), ("", "a number")]
)
def test_a_wrong_duration_is_marked_with_the_reason_and_not_applied(
    qtbot: QtBot, tmp_path: Path, text: str, why: str
) -> None:
    with editing(qtbot, tmp_path) as page:
        field = page.inspector.move_panel.duration
        plain = field.edit.palette().base().color()
        before = on_disk(page).duration_sec

        typed(field, text)

        assert why in field.reason.text()
        assert field.reason.isVisible()
        assert field.edit.palette().base().color() != plain
        assert on_disk(page).duration_sec in {before, 6.0}  # "61" was 6 on the way
        typed(field, "5")
        assert not field.reason.isVisible()
        assert on_disk(page).duration_sec == 5.0


def test_up_and_down_step_a_number(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        field = page.inspector.move_panel.duration
        field.edit.setFocus()
        QTest.keyClick(field.edit, Qt.Key.Key_Up)
        QTest.keyClick(field.edit, Qt.Key.Key_Up)
        QTest.keyClick(field.edit, Qt.Key.Key_Down)
        assert on_disk(page).duration_sec == pytest.approx(6.1)


def test_letters_typed_into_a_field_are_text_and_escape_goes_back_to_the_canvas(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        _show(page, page.inspector.shot_panel)
        field = page.inspector.shot_panel.model
        typed(field, "wan")  # W would exchange START and END
        assert on_disk(page).start_rect != on_disk(page).end_rect
        assert wishes(page).model == "wan"

        QTest.keyClick(field.edit, Qt.Key.Key_Escape)
        assert page.canvas.hasFocus()
        with qtbot.waitSignal(page.closed):
            press(page, Qt.Key.Key_Escape)


def test_wishes_are_saved_and_taken_back_when_they_are_emptied(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        panel = page.inspector.shot_panel
        _show(page, panel)
        typed(panel.fps, "23.976")
        typed(panel.seed, "42")
        panel.prompt.edit.setFocus()
        QTest.keyClicks(panel.prompt.edit, "a bird")
        panel.negative.edit.setFocus()
        QTest.keyClicks(panel.negative.edit, "rain")

        said = wishes(page)
        assert said.target_fps == Fraction(24000, 1001)
        assert (said.seed, said.prompt, said.negative_prompt) == (42, "a bird", "rain")
        typed(panel.seed, "")
        assert wishes(page).seed is None
        assert wishes(page).prompt == "a bird"


def test_a_prompt_that_is_too_long_is_told_and_stays_to_be_shortened(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        panel = page.inspector.shot_panel
        _show(page, panel)
        field, long = panel.prompt, "bird " * 4001
        field.edit.setFocus()
        field.edit.setPlainText(long)
        page.acting.swap()  # all that is shown is shown anew
        assert field.edit.toPlainText() == long
        assert "20,005 signs" in field.reason.text()
        assert on_disk(page).wishes is None

        field.edit.setPlainText(long[:20_000])
        assert wishes(page).prompt == long[:20_000]
        assert not field.reason.isVisible()
        field.edit.setPlainText(long)
        page.open(B)
        assert field.edit.toPlainText() == ""


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("fps", "0.5", "frames per second"),
        ("seed", "-1", "whole number"),
        ("model", "%", "letters, digits"),
    ],
)
def test_a_wrong_wish_is_marked_and_not_applied(
    qtbot: QtBot, tmp_path: Path, name: str, text: str, why: str
) -> None:
    with editing(qtbot, tmp_path) as page:
        _show(page, page.inspector.shot_panel)
        field: Field = getattr(page.inspector.shot_panel, name)
        typed(field, text)

        assert why in field.reason.text()
        assert on_disk(page).wishes is None


def test_a_clip_size_is_applied_when_it_is_finished_and_not_on_the_way(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        panel = page.inspector.shot_panel
        _show(page, panel)
        typed(panel.size_, "800 x 600")
        assert on_disk(page).output == OutputSize(width=640, height=360)

        QTest.keyClick(panel.size_.edit, Qt.Key.Key_Return)

        after = on_disk(page)
        assert after.output == OutputSize(width=800, height=600)
        rect = after.end_rect
        assert rect.width * 2400 / (rect.height * 1600) == pytest.approx(800 / 600, rel=1e-3)
        typed(panel.size_, "801 x 600")
        assert "even" in panel.size_.reason.text()


def test_a_usual_size_is_chosen_from_the_list(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        _show(page, page.inspector.shot_panel)
        chosen(page.inspector.shot_panel.sizes, "1920 x 1080")
        assert on_disk(page).output == OutputSize(width=1920, height=1080)


def test_a_preset_draws_the_move_and_its_parameters_draw_it_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        panel = page.inspector.move_panel
        chosen(panel.preset, "push in")
        assert on_disk(page).type is MotionType.PUSH_IN
        assert isinstance(on_disk(page).preset, PushIn)

        typed(panel.parameters.fields["zoom"], "1.6")
        after = on_disk(page)
        assert after.start_rect.width / after.end_rect.width == pytest.approx(1.6)
        typed(panel.parameters.fields["towards"], "0.3, 0.7")
        assert on_disk(page).preset == PushIn(name="push_in", zoom=1.6, towards=(0.3, 0.7))

        typed(panel.parameters.fields["zoom"], "11")
        assert panel.parameters.fields["zoom"].reason.isVisible()
        assert on_disk(page).preset == PushIn(name="push_in", zoom=1.6, towards=(0.3, 0.7))


def test_a_preset_with_choices_offers_them(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        panel = page.inspector.move_panel
        chosen(panel.preset, "orbit")
        chosen(panel.parameters.choices["axis"], "horizontal")
        preset = on_disk(page).preset
        assert isinstance(preset, Orbit)
        assert preset.axis == "horizontal"


def test_dragging_a_rectangle_of_a_preset_makes_it_free(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        chosen(page.inspector.move_panel.preset, "push in")
        press(page, Qt.Key.Key_Left)
        assert on_disk(page).preset is None
        assert page.inspector.move_panel.preset.currentText() == "drawn freely"


def test_an_easing_is_chosen_by_name(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        chosen(page.inspector.move_panel.easing, "ease out")
        assert on_disk(page).easing is EasingName.EASE_OUT


def test_a_handle_of_the_curve_is_dragged_and_saved_once(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.desk.decide(0, {page.name})
        steps = page.desk.undo_stack.count()
        curve = page.inspector.move_panel.curve
        at = curve.handle_at(0)

        pull(curve, at, at + QPointF(0.0, -20.0), at + QPointF(10.0, -40.0))

        easing = on_disk(page).easing
        assert isinstance(easing, tuple)
        assert easing[1] > 0.2
        assert easing[2:] == (0.58, 1.0)
        assert page.desk.undo_stack.count() == steps + 1
        assert page.inspector.move_panel.easing.currentText() == "a curve of its own"


def test_the_curve_can_be_drawn_with_the_keyboard(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        curve = page.inspector.move_panel.curve
        curve.setFocus()
        QTest.keyClick(curve, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClick(curve, Qt.Key.Key_Space)
        QTest.keyClick(curve, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        assert on_disk(page).easing == pytest.approx((0.42, 0.1, 0.58, 0.9))


def test_a_turn_is_typed(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        typed(page.inspector.move_panel.turned, "-2.5")
        rotation = on_disk(page).rotation
        assert rotation is not None
        assert rotation.end_deg == -2.5


def test_another_picture_shows_its_own_values(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        field = page.inspector.move_panel.duration
        typed(field, "9")
        typed(field, "nine")
        page.open(B)
        assert field.edit.text() == "6"
        assert not field.reason.isVisible()
        assert shown(page).duration_sec == 6.0


def _show(page: EditPage, panel: QWidget) -> None:
    tabs = page.inspector.tabs
    for i in range(tabs.count()):
        page_ = tabs.widget(i)
        if page_ is not None and page_.isAncestorOf(panel):
            tabs.setCurrentIndex(i)
