"""The timeline: stops chosen and moved in time, the playhead put."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from pytestqt.qtbot import QtBot

from tests.selector.view.edit.editors import editing, mouse, on_disk, press, pull, shown


def test_a_keyframe_is_dragged_to_another_moment_as_one_step(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "k")
        steps = page.desk.undo_stack.count()

        pull(page.timeline, page.timeline.at(0.5), page.timeline.at(0.6), page.timeline.at(0.75))

        assert on_disk(page).keyframes[0].at == pytest.approx(0.75, abs=0.01)
        assert page.editing.playhead == pytest.approx(0.75, abs=0.01)
        assert page.desk.undo_stack.count() == steps + 1


def test_a_keyframe_stays_between_its_neighbours(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "k")
        pull(page.timeline, page.timeline.at(0.5), page.timeline.at(1.2))
        assert 0.9 < on_disk(page).keyframes[0].at < 1.0


def test_a_press_on_a_stop_chooses_it_and_elsewhere_puts_the_playhead(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        pull(page.timeline, page.timeline.at(0.0))
        assert page.editing.stop == 0
        pull(page.timeline, page.timeline.at(0.3), page.timeline.at(0.4))
        assert page.editing.stop == 0
        assert page.editing.playhead == pytest.approx(0.4, abs=0.01)


def test_escape_gives_up_a_drag_in_time_and_stays_here(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, "k")
        time = page.timeline
        pull(time, time.at(0.5), time.at(0.7), lets_go=False)
        with qtbot.assertNotEmitted(page.closed):
            press(page, Qt.Key.Key_Escape)
        mouse(time, QEvent.Type.MouseMove, time.at(0.8))
        mouse(time, QEvent.Type.MouseButtonRelease, time.at(0.8))

        assert on_disk(page).keyframes[0].at == shown(page).keyframes[0].at == 0.5


def test_the_playheads_window_is_drawn_on_the_canvas(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.editing.seek(0.4)
        first = page.canvas.grab().toImage()
        page.editing.seek(0.6)
        assert page.canvas.grab().toImage() != first
