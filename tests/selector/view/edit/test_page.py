"""The page: what stands in the way, what comes later, other pictures, the preview."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from companions import codec
from companions.names import MOTION_SUFFIX, companion_path
from companions.trajectory import ObjectTrajectory, TrajectoryPoint
from selector.core import drafting
from selector.core.regions import BrushStroke, brushed, save_mask
from selector.media.loader import Tier
from tests.selector.desks import PATIENCE_MS, opened, two_groups, wait_for_look
from tests.selector.view.edit.editors import (
    END,
    PICTURE,
    A,
    B,
    drag,
    editing,
    on_disk,
    page_of,
    press,
    pull,
    two_motions,
)


def test_a_picture_with_a_damaged_motion_says_why_and_edits_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    two_motions(tmp_path)
    damaged = companion_path(tmp_path / A, MOTION_SUFFIX)
    damaged.write_text("{ half a motion")
    with opened(tmp_path) as desk, page_of(qtbot, desk, A) as page:
        obstacle = page.editing.obstacle
        assert obstacle is not None
        assert damaged.name in obstacle
        assert not page.inspector.tabs.isEnabled()

        press(page, Qt.Key.Key_Left, "w", "k", "b")
        drag(page, (0.4, 0.4), (0.5, 0.5))

        assert damaged.read_text() == "{ half a motion"
        page.grab()  # it can be painted
        page.open(B)
        assert page.inspector.tabs.isEnabled()


def test_a_picture_without_a_motion_can_be_drawn_on_as_soon_as_it_was_looked_at(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk, page_of(qtbot, desk, "first/b.png") as page:
        assert page.editing.is_waiting
        press(page, Qt.Key.Key_Left)  # nothing yet, and no harm
        wait_for_look(qtbot, desk, "first/b.png")

        assert page.editing.obstacle is None
        press(page, "[")
        assert companion_path(desk.picture("first/b.png"), MOTION_SUFFIX).exists()
        assert desk.cull.is_picked("first/b.png")  # who draws, wants the clip


def test_a_window_that_only_looks_changes_nothing_and_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path, read_only=True) as page:
        with qtbot.waitSignal(page.desk.told):
            press(page, Qt.Key.Key_Left)
        drag(page, (0.4, 0.4), (0.5, 0.5))
        assert on_disk(page).end_rect == END
        assert page.editing.motion == on_disk(page)


def test_undoing_a_change_of_another_picture_shows_that_picture(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        page.desk.decide(0, {A})
        press(page, Qt.Key.Key_Left)
        page.open(B)

        page.desk.undo_stack.undo()

        assert page.name == A
        assert page.title.text() == A
        assert on_disk(page).end_rect == END


def test_what_another_program_wrote_is_shown_when_it_is_read_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with editing(qtbot, tmp_path) as page:
        path = companion_path(page.desk.picture(A), MOTION_SUFFIX)
        codec.write(path, drafting.with_duration(on_disk(page), 11.0))

        page.desk.take_theirs(A)

        assert page.inspector.move_panel.duration.edit.text() == "11"


def test_space_plays_the_move_and_escape_comes_back(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, Qt.Key.Key_Space)
        panel = page.preview
        assert panel is not None
        assert page.stack.currentWidget() is panel
        qtbot.waitUntil(lambda: panel.stage.image is not None, timeout=PATIENCE_MS)

        QTest.keyClick(panel, Qt.Key.Key_S)  # no key of the canvas acts unseen
        assert page.editing.stop == 1
        QTest.keyClick(panel, Qt.Key.Key_Escape)

        assert page.stack.currentWidget() is page.canvas
        assert page.canvas.hasFocus()
        assert not panel.playing


def test_the_preview_follows_changes_and_the_timeline(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        press(page, Qt.Key.Key_Space)
        panel = page.preview
        assert panel is not None
        pull(page.timeline, page.timeline.at(0.5))
        assert panel.fraction == pytest.approx(0.5, abs=0.02)
        assert not panel.playing

        page.acting.swap()

        clip = panel.player.clip
        assert clip is not None
        assert clip.move.start_rect == END
        assert page.stack.currentWidget() is panel


def test_a_brushed_object_of_an_overlay_is_previewed_from_there(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder, overlay = two_motions(tmp_path / "shoot"), tmp_path / "overlay"
    companion_path(folder / A, MOTION_SUFFIX).unlink()
    with opened(folder, overlay=overlay) as desk:
        wait_for_look(qtbot, desk, A)
        stroke = BrushStroke(points=((0.45, 0.5), (0.55, 0.5)), radius=0.05)
        assert desk.pick(0)
        region = save_mask(
            brushed([stroke], picture=PICTURE),
            picture=desk.placement.stand_in(desk.picture(A)),
            name="ball",
        )
        points = tuple(TrajectoryPoint(at=at, position=(0.4 + at * 0.2, 0.5)) for at in (0.0, 1.0))
        ball = ObjectTrajectory(name="ball", region=region, points=points)
        desk.edit(A, lambda motion: drafting.with_objects(motion, (ball,)), what="ball")
        with page_of(qtbot, desk) as page:
            page.show_preview()
            panel = page.preview
            assert panel is not None
            with qtbot.waitSignal(panel.player.frame, timeout=PATIENCE_MS):
                panel.scrub_to(0.5)
            assert panel.stage.message == ""


def test_a_name_in_any_script_or_markup_is_shown_as_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_motions(tmp_path)
    strange = "first/<b>Ünï 写真<b>.jpg"
    (folder / A).rename(folder / strange)
    with opened(folder) as desk, page_of(qtbot, desk, strange) as page:
        wait_for_look(qtbot, desk, strange)
        assert page.title.text() == strange
        assert page.title.textFormat() == Qt.TextFormat.PlainText
        assert page.editing.motion is not None


def test_every_pixel_is_read_when_the_picture_is_zoomed_into(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        picture = page.desk.picture(A)
        qtbot.waitUntil(lambda: page.desk.loader.image(picture) is not None, timeout=PATIENCE_MS)
        assert page.canvas.image_width <= 1920

        press(page, "z")

        qtbot.waitUntil(lambda: page.canvas.image_width == PICTURE.width, timeout=PATIENCE_MS)
        page.open(B)
        assert page.canvas.image_width <= 1920


def test_full_pixels_are_let_go_of_while_another_page_is_seen(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        picture = page.desk.picture(A)
        qtbot.waitUntil(lambda: page.desk.loader.image(picture) is not None, timeout=PATIENCE_MS)
        press(page, "z")
        qtbot.waitUntil(lambda: page.canvas.image_width == PICTURE.width, timeout=PATIENCE_MS)

        page.hide()
        page.desk.loader.ready.emit(picture, Tier.SCREEN)  # as for the tiles, meanwhile
        assert page.canvas.image_width <= 1920
        with pytest.raises(qtbot.TimeoutError):
            qtbot.waitUntil(lambda: page.canvas.image_width == PICTURE.width, timeout=300)
        page.show()
        page.open(A)
        press(page, "z")
        qtbot.waitUntil(lambda: page.canvas.image_width == PICTURE.width, timeout=PATIENCE_MS)


def test_the_desk_goes_where_the_editor_is(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.open(B)
        assert page.desk.name == B


def test_a_picture_that_cannot_be_read_says_so_and_edits_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    two_motions(tmp_path)
    (tmp_path / A).write_bytes(b"no picture at all")
    with opened(tmp_path) as desk, page_of(qtbot, desk, A) as page:
        wait_for_look(qtbot, desk, A)
        assert page.editing.obstacle == desk.problem(A)
        before = on_disk(page)
        press(page, "w")
        assert on_disk(page) == before
