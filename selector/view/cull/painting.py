"""What is painted on a candidate: its picture, number, viability, verdict, START and END."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPalette, QPen, QPixmap

from companions.geometry import Rect
from companions.motion import Move, Viability
from selector.view import theme
from selector.view.cull.arranging import CAPTION
from selector.view.edit import inks

DIM: Final = 0.62
"""How much a passed-over picture is faded into the ground."""
_OUTLINE: Final = 3
_CHECKED: Final = 50
_BADGE: Final = 26


@dataclass(frozen=True, slots=True)
class Tile:
    """One candidate as it is shown.

    Attributes:
        number: which key picks it; 0 if none does.
        name: for its caption.
        pixmap: its picture, or None while there is no image of it.
        current: whether it is the outlined one.
        picked: whether it is picked.
        passed_over: whether its group was decided and it was not picked.
        problem: why it cannot be used, or empty.
        viability: how promising it is, once known.
        move: START and END to draw, or None.
    """

    number: int
    name: str
    pixmap: QPixmap | None
    current: bool
    picked: bool
    passed_over: bool
    problem: str
    viability: Viability | None
    move: Move | None


def picture_room(box: QRect) -> QRect:
    """Where in a tile its picture goes: all but the caption and a margin for the outline."""
    return box.adjusted(_OUTLINE, _OUTLINE, -_OUTLINE, -CAPTION)


def title_of(name: str, *, among: Sequence[str]) -> str:
    """A picture's name for its caption: without its folder where all of its group are in one."""
    folder = name.rpartition("/")[0]
    if all(other.rpartition("/")[0] == folder for other in among[:_CHECKED]):
        return name.rpartition("/")[2]
    return name


def paint_tile(
    painter: QPainter,
    box: QRect,
    tile: Tile,
    palette: QPalette,
    *,
    enlarged: tuple[QImage, QRectF] | None = None,
) -> None:
    """Paint one candidate into its cell.

    ``enlarged`` is an image and where the whole of it would lie, instead of the tile's picture.
    """
    ground = theme.ground(palette)
    painter.fillRect(box, ground)
    room = picture_room(box)
    shown = QRectF(room)
    painter.save()
    painter.setClipRect(room)
    if enlarged is not None:
        shown = paint_part(painter, room, *enlarged)
    elif tile.pixmap is not None:
        shown = fitted(tile.pixmap.deviceIndependentSize(), room)
        painter.drawPixmap(shown.toRect(), tile.pixmap)
    else:
        paint_placeholder(painter, room, "" if tile.problem else tile.name, palette)
    if tile.move is not None and not tile.problem:
        paint_move(painter, enlarged[1] if enlarged is not None else shown, tile.move)
    if tile.passed_over:
        veil = QColor(ground)
        veil.setAlphaF(DIM)
        painter.fillRect(shown, veil)
    if tile.problem:
        paint_problem(painter, room, tile.problem, palette)
    painter.restore()
    _paint_corner(painter, shown, tile)
    _paint_caption(painter, QRect(box.left(), room.bottom(), box.width(), CAPTION), tile, palette)
    if tile.current:
        painter.setPen(QPen(theme.ACCENT, _OUTLINE))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(box).adjusted(1.5, 1.5, -1.5, -1.5))


def paint_part(painter: QPainter, room: QRect, image: QImage, whole: QRectF) -> QRectF:
    """The part of an image that is seen in ``room``; where it was painted.

    Only what is seen is handed over: Qt would else scale all of a picture of many megapixels.
    """
    seen = whole.intersected(QRectF(room))
    scale_x, scale_y = image.width() / whole.width(), image.height() / whole.height()
    source = QRectF(
        (seen.x() - whole.x()) * scale_x,
        (seen.y() - whole.y()) * scale_y,
        seen.width() * scale_x,
        seen.height() * scale_y,
    )
    painter.drawImage(seen, image, source)
    return seen


def fitted(size: QSizeF, room: QRect) -> QRectF:
    """A picture of ``size`` in the middle of ``room``, not enlarged."""
    left = room.x() + (room.width() - size.width()) / 2.0
    top = room.y() + (room.height() - size.height()) / 2.0
    return QRectF(round(left), round(top), size.width(), size.height())


def paint_placeholder(painter: QPainter, room: QRect, name: str, palette: QPalette) -> None:
    """A soft plate with the name, where there is no image yet."""
    painter.fillRect(room, palette.color(QPalette.ColorRole.AlternateBase))
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, name)


def paint_problem(painter: QPainter, room: QRect, why: str, palette: QPalette) -> None:
    """Why a picture cannot be used, over it."""
    veil = QColor(palette.color(QPalette.ColorRole.AlternateBase))
    veil.setAlpha(225)
    painter.fillRect(room, veil)
    words = room.adjusted(14, 34, -14, -14)
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    painter.drawText(words, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWrapAnywhere, why)
    stripe = QRect(room.left(), room.top(), room.width(), 4)
    painter.fillRect(stripe, theme.BLOCKED)


def paint_move(painter: QPainter, shown: QRectF, move: Move) -> None:
    """START and END of a move, thin, over the picture that is shown there."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    rotation = move.rotation
    ends = (
        (move.start_rect, rotation.start_deg if rotation else 0.0, inks.START),
        (move.end_rect, rotation.end_deg if rotation else 0.0, inks.END),
    )
    for rect, degrees, colour in ends:
        inks.line(painter, corners(rect, degrees, shown), colour, width=1.5, closed=True)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def corners(rect: Rect, degrees: float, shown: QRectF) -> list[QPointF]:
    """A motion rectangle's corners over the picture that is shown there."""
    cx, cy = rect.centre
    middle = QPointF(shown.x() + cx * shown.width(), shown.y() + cy * shown.height())
    half_w, half_h = rect.width * shown.width() / 2.0, rect.height * shown.height() / 2.0
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [
        middle + QPointF(x * half_w * cos - y * half_h * sin, x * half_w * sin + y * half_h * cos)
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _paint_corner(painter: QPainter, shown: QRectF, tile: Tile) -> None:
    """The number that picks it, and whether it is picked."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    left, top = shown.left() + 8, shown.top() + 8
    if tile.number:
        plate = QRectF(left, top, _BADGE, _BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.PICKED if tile.picked else theme.BADGE)
        painter.drawEllipse(plate)
        font = QFont(painter.font())
        font.setBold(True)
        font.setPixelSize(14)
        painter.save()
        painter.setFont(font)
        painter.setPen(theme.ON_BADGE)
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, str(tile.number))
        painter.restore()
        left += _BADGE + 6
    if tile.picked:
        _tick(painter, QRectF(left, top, _BADGE, _BADGE))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _tick(painter: QPainter, plate: QRectF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.PICKED)
    painter.drawEllipse(plate)
    pen = QPen(theme.ON_BADGE, 3.0)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    side = plate.width()
    points = [
        plate.topLeft() + QPointF(side * x, side * y)
        for x, y in ((0.27, 0.53), (0.44, 0.69), (0.74, 0.34))
    ]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(points)


def _paint_caption(painter: QPainter, line: QRect, tile: Tile, palette: QPalette) -> None:
    """The name at the left, viability with its flags at the right."""
    metrics = QFontMetrics(painter.font())
    words = line.adjusted(8, 2, -8, 0)
    if tile.viability is not None:
        flags = ", ".join(tile.viability.flags).replace("_", " ")
        text = f"{tile.viability.score:.2f}"
        full = f"{flags}   {text}" if flags else text
        right = metrics.elidedText(full, Qt.TextElideMode.ElideLeft, words.width() * 6 // 10)
        room = metrics.horizontalAdvance(right)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
        bar = QRectF(words.right() - metrics.horizontalAdvance(text), words.bottom() - 2.0,
                     metrics.horizontalAdvance(text), 3.0)  # fmt: skip
        painter.fillRect(bar, score_colour(tile.viability.score))
        words.setRight(words.right() - room - 12)
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    name = metrics.elidedText(tile.name, Qt.TextElideMode.ElideMiddle, words.width())
    painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)


def score_colour(score: float) -> QColor:
    """From red at 0 over amber to green at 1."""
    if score < 0.5:
        return theme.mixed(theme.REJECTED, theme.BLOCKED, score * 2.0)
    return theme.mixed(theme.BLOCKED, theme.PICKED, score * 2.0 - 1.0)
