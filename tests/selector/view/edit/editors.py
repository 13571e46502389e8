"""An editor for tests: two pictures with motions, the page shown, a pointer that acts as a hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from companions import codec
from companions.geometry import Rect, Size
from companions.motion import (
    MotionCompanion,
    MotionOrigin,
    OutputSize,
    PictureIdentity,
    Provenance,
)
from companions.names import MOTION_SUFFIX, companion_path
from selector.core import drafting
from selector.view.desk import Desk
from selector.view.edit.page import EditPage
from tests.selector import stills
from tests.selector.desks import let_go, opened

A, B = "first/a.jpg", "second/b.jpg"
PICTURE = Size(2400, 1600)
START = Rect.of(0.05, 0.05, 0.85, 0.725)
END = Rect.of(0.2, 0.2, 0.6, 0.5375)
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
Spot = tuple[float, float]
"""A point in picture fractions."""


def motion_for(picture: Path, *, start: Rect = START, end: Rect = END) -> MotionCompanion:
    """A move over that picture, in six seconds into a clip of 640 x 360."""
    return drafting.judged(
        MotionCompanion(
            start_rect=start,
            end_rect=end,
            duration_sec=6.0,
            image=PictureIdentity(
                name=picture.name,
                width=PICTURE.width,
                height=PICTURE.height,
                sha256=hashlib.sha256(picture.read_bytes()).hexdigest(),
            ),
            output=OutputSize(width=640, height=360),
            provenance=Provenance(
                tool="selector", version="1", origin=MotionOrigin.EDITED, at=stills.NOON
            ),
        )
    )


def two_motions(folder: Path) -> Path:
    """Two groups of one picture, each with a motion."""
    for name in (A, B):
        pixels = stills.drawn(PICTURE.width, PICTURE.height)
        picture = stills.saved(pixels, folder / name, quality=60)
        codec.write(companion_path(picture, MOTION_SUFFIX), motion_for(picture))
    return folder


@contextmanager
def page_of(qtbot: QtBot, desk: Desk, name: str = A) -> Iterator[EditPage]:
    """The editor's page over that desk, shown, with that picture."""
    page = EditPage(desk)
    page.resize(1300, 860)
    with qtbot.waitExposed(page):
        page.show()
    page.open(name)
    try:
        yield page
    finally:
        page.shut_down()
        page.close()
        let_go(page)


@contextmanager
def editing(qtbot: QtBot, folder: Path, *, read_only: bool = False) -> Iterator[EditPage]:
    """The editor over two pictures with motions; the first is open."""
    with opened(two_motions(folder), read_only=read_only) as desk, page_of(qtbot, desk) as page:
        yield page


def press(page: EditPage, *keys: str | Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
    """Type on the canvas."""
    for key in keys:
        if isinstance(key, str):
            QTest.keyClicks(page.canvas, key, held)
        else:
            QTest.keyClick(page.canvas, key, held)


def drag(page: EditPage, *spots: Spot, held: Qt.KeyboardModifier = NONE) -> None:
    """Drag on the canvas from spot to spot, and let go."""
    pull(page.canvas, *(page.canvas.view.at_fraction(*spot) for spot in spots), held=held)


def pull(
    widget: QWidget,
    *points: QPointF,
    held: Qt.KeyboardModifier = NONE,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    lets_go: bool = True,
) -> None:
    """Drag on a widget from point to point in steps of a hand."""
    mouse(widget, QEvent.Type.MouseMove, points[0], held=held, button=Qt.MouseButton.NoButton)
    mouse(widget, QEvent.Type.MouseButtonPress, points[0], held=held, button=button)
    for a, b in pairwise(points):
        for step in range(1, 9):
            at = a + (b - a) * (step / 8.0)
            mouse(widget, QEvent.Type.MouseMove, at, held=held, button=button)
    if lets_go:
        mouse(widget, QEvent.Type.MouseButtonRelease, points[-1], held=held, button=button)


def click(page: EditPage, spot: Spot) -> None:
    """Click on the canvas."""
    drag(page, spot)


def mouse(
    widget: QWidget,
    kind: QEvent.Type,
    at: QPointF,
    *,
    held: Qt.KeyboardModifier = NONE,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
) -> None:
    """One event of the mouse, as Qt would send it."""
    moves, up = kind == QEvent.Type.MouseMove, kind == QEvent.Type.MouseButtonRelease
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        kind,
        at,
        widget.mapToGlobal(at),
        none if moves else button,
        none if up else button,
        held,
    )
    QApplication.sendEvent(widget, event)


def on_disk(page: EditPage, name: str = A) -> MotionCompanion:
    """That picture's motion as anyone would read it."""
    path = companion_path(page.desk.picture(name), MOTION_SUFFIX)
    return codec.read(path, MotionCompanion)


def shown(page: EditPage) -> MotionCompanion:
    """The motion as the page has it."""
    motion = page.editing.motion
    assert motion is not None
    return motion
