"""The preview panel, through its keys, its mouse and its pixels."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from companions.geometry import Size
from companions.motion import Move
from selector.view.edit import inks
from selector.view.preview.panel import PreviewPanel
from selector.view.preview.stage import MOST_PIXELS
from tests.companions import moves
from tests.companions.test_reference import FLIES
from tests.selector import stills
from tests.selector.media.test_player import made_by_the_fleet, pixels_of

PATIENCE_MS = 30_000
OUTPUT = Size(320, 180)
FPS = Fraction(24)
LEFT, NO_MODIFIER = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
FOUR_SECONDS = moves.KEYFRAMED.model_copy(update={"duration_sec": 4.0})


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[PreviewPanel]:
    made = PreviewPanel()
    qtbot.addWidget(made)
    made.resize(700, 460)
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    yield made
    made.shut_down()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return stills.copied("coffee.png", tmp_path)


def show(
    qtbot: QtBot, panel: PreviewPanel, picture: Path, move: Move = FOUR_SECONDS, **more: Size
) -> None:
    panel.show_move(picture, move, more.get("output", OUTPUT), FPS)
    qtbot.waitUntil(lambda: panel.stage.image is not None, timeout=PATIENCE_MS)


def colour_at(widget: QWidget, x: float, y: float) -> QColor:
    return widget.grab().toImage().pixelColor(round(x), round(y))


def near(a: QColor, b: QColor, *, by: int = 40) -> bool:
    apart = (a.red() - b.red(), a.green() - b.green(), a.blue() - b.blue())
    return max(map(abs, apart)) <= by


def test_a_move_is_shown_at_start_as_the_fleet_renders_it(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)

    assert panel.fraction == 0.0
    assert panel.stage.image is not None
    fleet = made_by_the_fleet(picture, FOUR_SECONDS)
    assert np.array_equal(pixels_of(panel.stage.image), fleet[0])


def test_the_frame_is_painted_in_the_middle_of_the_stage_with_its_own_colours(
    qtbot: QtBot, panel: PreviewPanel, tmp_path: Path
) -> None:
    green = stills.saved(np.full((300, 400, 3), (20, 200, 60), np.uint8), tmp_path / "g.png")
    show(qtbot, panel, green)

    frame = panel.stage.frame_rect

    assert frame.width() / frame.height() == pytest.approx(OUTPUT.aspect, rel=0.01)
    assert near(
        colour_at(panel.stage, frame.center().x(), frame.center().y()), QColor(20, 200, 60), by=3
    )
    assert near(colour_at(panel.stage, 2, 2), QColor(24, 24, 26), by=3)


def test_space_plays_and_pauses(qtbot: QtBot, panel: PreviewPanel, picture: Path) -> None:
    show(qtbot, panel, picture)

    QTest.keyClick(panel, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: panel.fraction > 0.05, timeout=PATIENCE_MS)
    QTest.keyClick(panel, Qt.Key.Key_Space)

    assert not panel.playing
    stays = panel.fraction
    assert 0.0 < stays < 1.0
    assert panel.bar.fraction == stays


def test_a_move_plays_to_its_end_and_shows_end(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    short = moves.PUSH_IN.model_copy(update={"duration_sec": 0.5})
    show(qtbot, panel, picture, short)

    panel.play()
    qtbot.waitUntil(lambda: not panel.playing, timeout=PATIENCE_MS)

    fleet = made_by_the_fleet(picture, short)
    assert panel.fraction == 1.0

    def end_is_shown() -> bool:
        image = panel.stage.image
        return image is not None and np.array_equal(pixels_of(image), fleet[-1])

    qtbot.waitUntil(end_is_shown, timeout=PATIENCE_MS)


def test_the_operator_steps_by_frames_and_jumps_to_both_ends(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    shift = Qt.KeyboardModifier.ShiftModifier

    told = []
    for key, modifier in (
        (Qt.Key.Key_Right, NO_MODIFIER),
        (Qt.Key.Key_Right, shift),
        (Qt.Key.Key_Left, NO_MODIFIER),
        (Qt.Key.Key_End, NO_MODIFIER),
        (Qt.Key.Key_Right, NO_MODIFIER),
        (Qt.Key.Key_Left, shift),
        (Qt.Key.Key_Home, NO_MODIFIER),
        (Qt.Key.Key_Left, NO_MODIFIER),
    ):
        QTest.keyClick(panel, key, modifier)
        told.append(panel.player.index)

    assert told == [1, 11, 10, 95, 95, 85, 0, 0]


def test_the_time_code_says_moment_and_frame(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)

    panel.scrub_to(30 / 95)

    assert " ".join(panel.time.text().split()) == "1.25 s / 4.00 s frame 31 of 96"


def test_the_time_code_does_not_move_the_bar(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture, moves.PUSH_IN.model_copy(update={"duration_sec": 12.0}))
    widths = set()

    for fraction in (0.0, 0.09, 0.5, 1.0):
        panel.scrub_to(fraction)
        qtbot.waitUntil(lambda: not panel.player.waiting, timeout=PATIENCE_MS)
        widths.add((panel.bar.width(), panel.time.sizeHint().width()))

    assert len(widths) == 1


def test_scrubbing_with_the_mouse_shows_that_moment(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    bar = panel.bar
    said: list[float] = []
    panel.moved.connect(said.append)
    start = QPoint(round(bar.x_of(0.1)), bar.height() // 2)
    middle = QPoint(round(bar.x_of(0.5)), bar.height() // 2)

    QTest.mousePress(bar, LEFT, NO_MODIFIER, start)
    QTest.mouseMove(bar, middle)
    QTest.mouseRelease(bar, LEFT, NO_MODIFIER, middle)

    assert panel.fraction == pytest.approx(0.5, abs=0.01)
    assert said[-1] == panel.fraction
    fleet = made_by_the_fleet(picture, FOUR_SECONDS)
    wanted = fleet[panel.player.index]

    def it_is_shown() -> bool:
        image = panel.stage.image
        return image is not None and np.array_equal(pixels_of(image), wanted)

    qtbot.waitUntil(it_is_shown, timeout=PATIENCE_MS)


def test_scrubbing_stops_what_plays(qtbot: QtBot, panel: PreviewPanel, picture: Path) -> None:
    show(qtbot, panel, picture)
    panel.play()

    panel.scrub_to(0.25)

    assert not panel.playing
    assert panel.fraction == pytest.approx(0.25, abs=0.01)


def test_who_follows_the_playhead_and_says_so_back_stops_nothing(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    panel.moved.connect(panel.scrub_to)

    panel.play()

    qtbot.waitUntil(lambda: panel.fraction > 0.2, timeout=PATIENCE_MS)
    assert panel.playing


def test_l_loops(qtbot: QtBot, panel: PreviewPanel, picture: Path) -> None:
    short = moves.PUSH_IN.model_copy(update={"duration_sec": 0.25})
    show(qtbot, panel, picture, short)
    played: list[bool] = []
    said: list[float] = []
    panel.moved.connect(said.append)
    panel.moved.connect(lambda _: played.append(panel.playing))

    QTest.keyClick(panel, Qt.Key.Key_L)
    QTest.keyClick(panel, Qt.Key.Key_Space)

    def came_round() -> bool:
        return any(after < before for before, after in pairwise(said))

    qtbot.waitUntil(came_round, timeout=PATIENCE_MS)
    assert all(played), "it did not stop at END"
    QTest.keyClick(panel, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: not panel.playing, timeout=PATIENCE_MS)


def test_the_bar_marks_start_end_and_keyframes(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    panel.scrub_to(0.5)
    bar = panel.bar
    low = bar.height() / 2 + 6

    assert near(colour_at(bar, bar.x_of(0.0), low), inks.START)
    assert near(colour_at(bar, bar.x_of(1.0), low), inks.END)
    for stop in FOUR_SECONDS.keyframes:
        assert near(colour_at(bar, bar.x_of(stop.at), low), inks.KEYFRAME)
    assert not near(colour_at(bar, bar.x_of(0.15), low), inks.KEYFRAME)


def test_m_shows_where_objects_are(qtbot: QtBot, panel: PreviewPanel, tmp_path: Path) -> None:
    grey = stills.saved(np.full((400, 600, 3), 128, np.uint8), tmp_path / "grey.png")
    move = moves.PAN.model_copy(update={"objects": (FLIES,)})
    show(qtbot, panel, grey, move)
    qtbot.waitUntil(lambda: panel.player.masks(0) is not None, timeout=PATIENCE_MS)
    masks = panel.player.masks(0)
    assert masks is not None
    mask = masks[0]
    inside = next(
        (x, y)
        for y in range(mask.height())
        for x in range(mask.width())
        if all(mask.pixelColor(x + d, y + d).alpha() == 255 for d in (0, 6, 12))
    )
    frame = panel.stage.frame_rect
    at = frame.topLeft() + QPointF(
        (inside[0] + 6) * frame.width() / mask.width(),
        (inside[1] + 6) * frame.height() / mask.height(),
    )
    assert near(colour_at(panel.stage, at.x(), at.y()), QColor(128, 128, 128), by=8)

    QTest.keyClick(panel, Qt.Key.Key_M)

    ink = inks.OBJECT
    tinted = QColor((128 + ink.red()) // 2, (128 + ink.green()) // 2, (128 + ink.blue()) // 2)
    assert near(colour_at(panel.stage, at.x(), at.y()), tinted, by=8)
    beside = frame.topRight() + QPointF(-20, 20)
    assert near(colour_at(panel.stage, beside.x(), beside.y()), QColor(128, 128, 128), by=8)
    QTest.keyClick(panel, Qt.Key.Key_M)
    assert near(colour_at(panel.stage, at.x(), at.y()), QColor(128, 128, 128), by=8)


def test_objects_may_be_given_beside_the_move_and_are_said_to_be_a_reference(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    flies = moves.PAN.model_copy(update={"objects": (FLIES,)})
    panel.show_move(picture, flies, OUTPUT, FPS)
    qtbot.waitUntil(lambda: panel.player.masks(0) is not None, timeout=PATIENCE_MS)

    assert panel.stage.caption == "reference for the model"

    panel.show_move(picture, moves.PAN, OUTPUT, FPS)
    assert panel.stage.caption == ""


def test_keys_of_others_go_to_the_widget_around_it(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    heard: list[int] = []

    class Around(QWidget):
        def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
            heard.append(event.key())

    around = Around()
    qtbot.addWidget(around)
    QVBoxLayout(around).addWidget(panel)
    around.show()
    show(qtbot, panel, picture)

    for key in (Qt.Key.Key_Escape, Qt.Key.Key_E, Qt.Key.Key_Space, Qt.Key.Key_Right):
        QTest.keyClick(panel, key)
    QTest.keyClick(panel, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)

    heard.remove(Qt.Key.Key_Control)
    assert heard == [Qt.Key.Key_Escape, Qt.Key.Key_E, Qt.Key.Key_L]
    assert not panel.player.looping
    panel.setParent(None)


def test_what_cannot_be_read_is_told_where_the_frame_would_be(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    bad = stills.copied("chelsea.png", picture.parent)
    bad.write_bytes(bad.read_bytes()[:30_000])

    panel.show_move(bad, FOUR_SECONDS, OUTPUT, FPS)
    panel.play()

    qtbot.waitUntil(lambda: "corrupt" in panel.stage.message, timeout=PATIENCE_MS)
    assert panel.stage.image is None
    assert not panel.playing
    QTest.keyClick(panel, Qt.Key.Key_Space)
    assert not panel.playing
    stills.copied("chelsea.png", picture.parent)
    show(qtbot, panel, bad)
    assert panel.stage.message == ""


def test_another_pictures_frame_is_never_shown_for_this_one(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)

    panel.show_move(stills.copied("chelsea.png", picture.parent), FOUR_SECONDS, OUTPUT, FPS)

    assert panel.stage.image is None
    assert panel.stage.message != ""
    qtbot.waitUntil(lambda: panel.stage.image is not None, timeout=PATIENCE_MS)
    assert panel.stage.message == ""


def test_a_move_that_is_changed_while_it_plays_goes_on_playing(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    panel.play()
    qtbot.waitUntil(lambda: panel.fraction > 0.1, timeout=PATIENCE_MS)

    panel.show_move(picture, moves.PAN.model_copy(update={"duration_sec": 4.0}), OUTPUT, FPS)

    here = panel.fraction
    assert here > 0.1
    assert panel.playing
    qtbot.waitUntil(lambda: panel.fraction > here, timeout=PATIENCE_MS)


def test_a_picture_that_was_replaced_on_the_disk_is_shown_as_it_is_now(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    stills.copied("chelsea.png", picture.parent, to=picture.name)
    fleet = made_by_the_fleet(picture, FOUR_SECONDS)

    panel.show_move(picture, FOUR_SECONDS, OUTPUT, FPS)

    def it_is_shown() -> bool:
        image = panel.stage.image
        return image is not None and np.array_equal(pixels_of(image), fleet[0])

    qtbot.waitUntil(it_is_shown, timeout=PATIENCE_MS)


def test_a_stopped_panel_shows_nothing_and_has_no_keys(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    panel.play()

    panel.stop()

    assert not panel.playing
    assert panel.stage.image is None
    QTest.keyClick(panel, Qt.Key.Key_Space)
    assert not panel.playing
    show(qtbot, panel, picture)


def test_frames_are_no_larger_than_the_clip_the_stage_or_the_limit(
    qtbot: QtBot, panel: PreviewPanel
) -> None:
    stage = panel.stage

    assert stage.drawn_size(OUTPUT) == OUTPUT
    fitted = stage.drawn_size(Size(1920, 1080))
    assert fitted.width <= stage.width() * stage.devicePixelRatioF() + 1
    assert fitted.aspect == pytest.approx(16 / 9, rel=0.01)
    panel.resize(4000, 3000)
    assert stage.drawn_size(Size(3840, 2160)).pixels <= MOST_PIXELS * 1.01


def test_a_resized_panel_renders_for_its_new_size(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture, output=Size(1280, 720))
    assert panel.stage.image is not None
    before = panel.stage.image.width()

    panel.resize(1000, 640)

    def is_sharper() -> bool:
        return panel.stage.image is not None and panel.stage.image.width() > before

    qtbot.waitUntil(is_sharper, timeout=PATIENCE_MS)


def test_dropped_frames_are_told_and_no_longer_when_it_pauses(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    panel.play()

    panel.player.pace.emit(15.2, 24.0)

    assert panel.stage.badge == "15 of 24 frames/s shown"
    panel.player.pace.emit(23.9, 24.0)
    assert panel.stage.badge == ""
    panel.player.pace.emit(15.2, 24.0)
    panel.pause()
    assert panel.stage.badge == ""


def test_a_panel_that_is_shut_down_leaves_no_thread(
    qtbot: QtBot, panel: PreviewPanel, picture: Path
) -> None:
    show(qtbot, panel, picture)
    assert {"preview", "stills"} <= {thread.name for thread in threading.enumerate()}

    panel.shut_down()

    assert not {"preview", "stills"} & {thread.name for thread in threading.enumerate()}
