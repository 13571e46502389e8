"""What is seen on the tiles: always the current pictures, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from selector.core.groups import GroupRule
from selector.view import theme
from selector.view.cull.tiles import Tiles
from selector.view.edit import inks
from selector.view.shell.window import MainWindow
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, wait_for_look
from tests.selector.windows import cull_of, desk_of, press, settle, window

Key = Qt.Key
COLOURS = ((200, 30, 30), (30, 170, 40), (40, 60, 210), (210, 190, 30), (150, 40, 170))
"""One plain colour a group, so that a picture out of place is seen by any pixel of it."""


def coloured(folder: Path, *, size: int = 2) -> Path:
    """Groups of plain pictures, each of its group's colour."""
    for group, colour in enumerate(COLOURS):
        for number in range(size):
            pixels = np.full((400, 600, 3), colour, np.uint8)
            stills.saved(pixels, folder / f"g{group}" / f"{number}.png")
    return folder


@pytest.fixture
def made(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The window with the coloured groups."""
    with window(qtbot, tmp_path, coloured(tmp_path / "shoot")) as opened:
        yield opened


def grabbed(tiles: Tiles) -> QImage:
    """What is painted now."""
    return tiles.viewport().grab().toImage()


def middle(tiles: Tiles, index: int) -> QPoint:
    """The middle of a tile's picture."""
    box = tiles.arrangement.box(index)
    return QPoint(box.x + box.width // 2, box.y + box.height // 2)


def is_near(colour: QColor, wanted: tuple[int, int, int]) -> bool:
    """Whether a pixel has about that colour."""
    seen = (colour.red(), colour.green(), colour.blue())
    return all(abs(one - other) <= 6 for one, other in zip(seen, wanted, strict=True))


def foreign(image: QImage, group: int) -> int:
    """How many of a grid of pixels have the colour of another group's picture."""
    others = [colour for each, colour in enumerate(COLOURS) if each != group]
    return sum(
        is_near(image.pixelColor(x, y), other)
        for x in range(0, image.width(), 8)
        for y in range(0, image.height(), 8)
        for other in others
    )


def test_each_tile_shows_its_own_picture(qtbot: QtBot, made: MainWindow) -> None:
    for group, colour in enumerate(COLOURS):
        desk_of(made).go(group)
        settle(qtbot, made)
        tiles = cull_of(made).tiles
        image = grabbed(tiles)
        for index in range(2):
            assert is_near(image.pixelColor(middle(tiles, index)), colour)


def test_a_held_arrow_never_shows_a_picture_of_another_group(
    qtbot: QtBot, made: MainWindow
) -> None:
    """From the first key on, with pictures there and not there: paints are checked as they come."""
    tiles, page = cull_of(made).tiles, cull_of(made)
    wrong: list[int] = []
    for times in range(24):
        right = times // (len(COLOURS) - 1) % 2 == 0
        key = Key.Key_Right if right else Key.Key_Left
        event = QKeyEvent(
            QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", times % 4 > 0
        )
        QApplication.sendEvent(page, event)
        wrong.append(foreign(grabbed(tiles), desk_of(made).group))
        QApplication.processEvents()

    assert wrong == [0] * 24


def test_a_picture_that_is_not_there_yet_is_shown_by_its_name(
    qtbot: QtBot, made: MainWindow
) -> None:
    tiles = cull_of(made).tiles
    settle(qtbot, made)
    desk = desk_of(made)
    desk.loader.close()  # nothing comes any more
    desk.go(0)
    with_pictures = grabbed(tiles)
    for name in desk.scan.names:
        desk.loader.forget(desk.picture(name))
    desk.rescan()
    assert not tiles.is_complete or grabbed(tiles) != with_pictures
    image = grabbed(tiles)

    assert not is_near(image.pixelColor(middle(tiles, 0)), COLOURS[0])
    assert not tiles.is_complete


def test_picks_are_ticked_and_the_others_fade(qtbot: QtBot, made: MainWindow) -> None:
    tiles = cull_of(made).tiles
    settle(qtbot, made)
    desk_of(made).decide(0, ("g0/1.png",))
    image = grabbed(tiles)

    assert is_near(image.pixelColor(middle(tiles, 1)), COLOURS[0])
    faded = image.pixelColor(middle(tiles, 0))
    assert not is_near(faded, COLOURS[0])
    assert faded.red() > faded.blue(), "faded, not gone"
    assert _plates(image, theme.PICKED) == 2, "its number and a tick"


def test_candidates_of_one_folder_are_not_taken_for_each_other(
    qtbot: QtBot, tmp_path: Path
) -> None:
    for number, colour in enumerate(COLOURS[:3]):
        pixels = np.full((400, 600, 3), colour, np.uint8)
        stills.saved(pixels, tmp_path / "shoot" / "g" / f"{number}.png")
    with window(qtbot, tmp_path, tmp_path / "shoot") as made:
        settle(qtbot, made)
        tiles = cull_of(made).tiles
        image = grabbed(tiles)
        for index in range(3):
            assert is_near(image.pixelColor(middle(tiles, index)), COLOURS[index])


def test_the_current_candidate_is_outlined(qtbot: QtBot, made: MainWindow) -> None:
    tiles = cull_of(made).tiles
    settle(qtbot, made)
    press(made, Key.Key_Down)
    image, boxes = grabbed(tiles), [tiles.arrangement.box(index) for index in range(2)]
    edges = [image.pixelColor(box.x + 1, box.y + box.height // 2) for box in boxes]

    accent = (theme.ACCENT.red(), theme.ACCENT.green(), theme.ACCENT.blue())
    assert [is_near(edge, accent) for edge in edges] == [False, True]


def test_r_draws_start_in_green_and_end_in_blue(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    stills.saved(stills.drawn(1600, 1000, subject=(0.3, 0.4)), folder / "a.png")
    with window(qtbot, tmp_path, folder) as made:
        wait_for_look(qtbot, desk_of(made), "a.png")
        settle(qtbot, made)
        assert not _has(grabbed(cull_of(made).tiles), inks.END)
        press(made, Key.Key_R)
        image = grabbed(cull_of(made).tiles)

        assert _has(image, inks.START)
        assert _has(image, inks.END)


def test_a_damaged_picture_shows_why_and_the_others_beside_it(qtbot: QtBot, tmp_path: Path) -> None:
    folder = coloured(tmp_path / "shoot")
    (folder / "g0" / "0.png").write_bytes(b"no picture")
    with window(qtbot, tmp_path, folder) as made:
        wait_for_look(qtbot, desk_of(made), "g0/0.png")
        settle(qtbot, made)
        image = grabbed(cull_of(made).tiles)

        assert _has(image, theme.BLOCKED)
        assert is_near(image.pixelColor(middle(cull_of(made).tiles, 1)), COLOURS[0])


def test_a_screen_of_twice_the_pixels_gets_pictures_of_twice_the_pixels(
    qtbot: QtBot, made: MainWindow
) -> None:
    settle(qtbot, made)
    from PySide6.QtCore import QSize

    from selector.view.cull.scaled import Scaled

    scaled = Scaled(desk_of(made).loader)
    picture = desk_of(made).picture("g0/0.png")
    single, _ = scaled.get(picture, QSize(300, 200), ratio=1.0)
    double, _ = scaled.get(picture, QSize(300, 200), ratio=2.0)
    assert single is not None
    assert double is not None

    assert (double.width(), double.deviceIndependentSize().width()) == (600, 300.0)
    assert single.width() == 300


def test_the_last_of_thousands_of_groups_is_one_key_away(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    first = stills.saved(stills.drawn(60, 40), folder / "00000.png").read_bytes()
    for number in range(1, 3000):
        (folder / f"{number:05}.png").write_bytes(first)
    with window(qtbot, tmp_path, folder) as made:
        desk, strip = desk_of(made), cull_of(made).filmstrip
        press(made, Key.Key_End)

        assert desk.group == len(desk.cull.groups) - 1
        qtbot.waitUntil(
            lambda: desk.loader.image(desk.picture(desk.name)) is not None, timeout=PATIENCE_MS
        )
        seen = strip.viewport().rect()
        assert seen.intersects(strip.visualRect(strip.groups.index(strip.groups.rowCount() - 1)))


def test_fewer_groups_are_painted_at_once_when_they_are_made_by_another_rule(
    qtbot: QtBot, tmp_path: Path
) -> None:
    for number in range(60):
        stills.saved(stills.drawn(60, 40), tmp_path / "shoot" / f"{number:02}.png")
    with window(qtbot, tmp_path, tmp_path / "shoot") as made:
        desk, strip = desk_of(made), cull_of(made).filmstrip
        desk.regroup(GroupRule.EACH)
        press(made, Key.Key_End)
        QApplication.processEvents()
        press(made, Key.Key_X)  # what it changes is still to be painted
        desk.regroup(GroupRule.FOLDER)
        QApplication.processEvents()

        assert strip.groups.rowCount() == 1
        assert cull_of(made).bar.progress.maximum() == 1


def _plates(image: QImage, colour: QColor) -> int:
    """How many plates of a colour stand beside each other in the row where most do."""
    wanted = (colour.red(), colour.green(), colour.blue())
    most = 0
    for y in range(image.height()):
        runs, length = 0, 0
        for x in range(image.width()):
            length = length + 1 if is_near(image.pixelColor(x, y), wanted) else 0
            runs += length == 10
        most = max(most, runs)
    return most


def _has(image: QImage, colour: QColor) -> bool:
    wanted = (colour.red(), colour.green(), colour.blue())
    return any(
        is_near(image.pixelColor(x, y), wanted)
        for x in range(image.width())
        for y in range(0, image.height(), 3)
    )
