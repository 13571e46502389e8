"""What is drawn over the picture: stops, the camera's way, objects, faces, thirds and guides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from companions.camera import turned_corners
from companions.geometry import Rect, Size, fit_aspect
from companions.objects import picture_to_moved, polygon_box, pose_at
from companions.trajectory import ObjectTrajectory, PolygonRegion
from selector.core.grips import Grip, grip_points
from selector.core.snapping import Guide
from selector.view.edit import inks
from selector.view.edit.editing import Editing
from selector.view.edit.viewport import Viewport

REACH_PX: Final = 10.0
"""How near the pointer must be to a grip, in widget pixels."""
SAMPLES: Final = 96
_FEW_TICKS: Final = 24


def reach(rect: Rect, view: Viewport) -> float:
    """The reach for a rectangle's grips in picture pixels: less for small ones, whose grips would
    else leave no room to take hold of their inside."""
    shorter = min(rect.width * view.picture.width, rect.height * view.picture.height)
    return min(view.px(REACH_PX), shorter / 4.0)


def quad(rect: Rect, degrees: float, *, view: Viewport) -> list[QPointF]:
    """A turned rectangle's corners on the canvas."""
    corners = turned_corners(rect, degrees, picture=view.picture)
    return [view.at((float(x), float(y))) for x, y in corners]


def paint_dim(painter: QPainter, view: Viewport, editing: Editing) -> None:
    """Darken what the chosen stop's frame does not show."""
    stop = editing.stops[editing.stop]
    outside = QPainterPath()
    outside.addRect(view.box())
    frame = QPainterPath()
    frame.addPolygon(QPolygonF(quad(stop.rect, editing.degrees(editing.stop), view=view)))
    painter.fillPath(outside.subtracted(frame), QColor(0, 0, 0, 70))


def paint_thirds(painter: QPainter, view: Viewport, editing: Editing) -> None:
    """Lines at the thirds of the chosen stop's frame."""
    stop = editing.stops[editing.stop]
    nw, ne, se, sw = quad(stop.rect, editing.degrees(editing.stop), view=view)
    painter.setPen(QPen(QColor(255, 255, 255, 150), 1.0))
    for share in (1.0 / 3.0, 2.0 / 3.0):
        painter.drawLine(nw + (ne - nw) * share, sw + (se - sw) * share)
        painter.drawLine(nw + (sw - nw) * share, ne + (se - ne) * share)


def paint_faces(painter: QPainter, view: Viewport, faces: Sequence[Rect]) -> None:
    """Faces that were found."""
    for face in faces:
        inks.line(painter, quad(face, 0.0, view=view), inks.FACE, width=1.0, closed=True)


def paint_guides(painter: QPainter, view: Viewport, guides: Sequence[Guide]) -> None:
    """Lines that a rectangle snapped to."""
    box = view.box()
    for guide in guides:
        on = view.at_fraction(guide.at, guide.at)
        ends = (
            [QPointF(on.x(), box.top()), QPointF(on.x(), box.bottom())]
            if guide.vertical
            else [QPointF(box.left(), on.y()), QPointF(box.right(), on.y())]
        )
        inks.line(painter, ends, inks.GUIDE, width=1.0)
        if guide.what in {"third", "middle", "face"}:
            at = ends[0] + QPointF(4.0, 4.0)
            inks.tag(painter, at, guide.what, inks.GUIDE)


def paint_path(painter: QPainter, view: Viewport, editing: Editing) -> None:
    """The way of the frame's middle with a tick each half second, and of its corners."""
    path, motion = editing.path, editing.motion
    if path is None or motion is None:
        return
    _paint_corner_ways(painter, view, editing)
    middles = [view.at_fraction(*path.window(i / SAMPLES).centre) for i in range(SAMPLES + 1)]
    box = QPolygonF(middles).boundingRect()
    if max(box.width(), box.height()) < 6.0:
        return
    inks.line(painter, middles, inks.PATH, width=1.5)
    step_s = 0.5 if motion.duration_sec * 2.0 <= _FEW_TICKS else 1.0
    for i in range(1, math.ceil(motion.duration_sec / step_s)):
        u = i * step_s / motion.duration_sec
        at = view.at_fraction(*path.window(u).centre)
        whole = (i * step_s).is_integer()
        inks.dot(painter, at, inks.PATH, radius=3.0 if whole else 2.0)
    inks.dot(painter, middles[0], inks.START, radius=4.0)
    tip = middles[-1]
    before = next((m for m in reversed(middles) if _apart(m, tip) > 4.0), middles[0])
    inks.arrow_head(painter, tip, towards=tip - before, colour=inks.END)


def _paint_corner_ways(painter: QPainter, view: Viewport, editing: Editing) -> None:
    """Where the corners go: what shows a zoom, whose middle may stay where it is."""
    painter.setPen(QPen(QColor(255, 255, 255, 70), 1.0))
    frames = [
        quad(stop.rect, editing.degrees(i), view=view) for i, stop in enumerate(editing.stops)
    ]
    for a, b in pairwise(frames):
        for p, q in zip(a, b, strict=True):
            if _apart(p, q) > 16.0:
                painter.drawLine(p, q)
                middle = p + (q - p) * 0.55
                inks.arrow_head(painter, middle, towards=q - p, colour=QColor(255, 255, 255, 110))
                painter.setPen(QPen(QColor(255, 255, 255, 70), 1.0))


def paint_stops(painter: QPainter, view: Viewport, editing: Editing, *, grips: bool) -> None:
    """Every stop's frame; the chosen one last, with its grips."""
    order = [i for i in range(len(editing.stops)) if i != editing.stop] + [editing.stop]
    for i in order:
        _paint_stop(painter, view, editing, i, grips=grips and i == editing.stop)


def _paint_stop(
    painter: QPainter, view: Viewport, editing: Editing, stop: int, *, grips: bool
) -> None:
    shown, degrees = editing.stops[stop], editing.degrees(stop)
    colour = inks.stop_colour(stop, last=editing.last)
    frame = quad(shown.rect, degrees, view=view)
    grown = _rendered(shown.rect, picture=view.picture, output=editing.output)
    if grown != shown.rect:
        # A free shape is a wish: this is what the clip will show.
        inks.line(painter, quad(grown, degrees, view=view), colour, width=1.0, dashed=True,
                  closed=True)  # fmt: skip
    inks.line(painter, frame, colour, width=3.0 if grips else 1.5, closed=True)
    if stop == 0:
        inks.tag(painter, frame[0] + QPointF(4.0, 4.0), "START", colour)
    elif stop == editing.last:
        inks.tag(painter, frame[1] + QPointF(-4.0, 4.0), "END", colour,
                 align=Qt.AlignmentFlag.AlignRight)  # fmt: skip
    else:
        inks.tag(painter, frame[3] + QPointF(4.0, -22.0), f"{shown.at:.0%}", colour)
    if grips:
        _paint_grips(painter, view, shown.rect, degrees, colour)


def _paint_grips(
    painter: QPainter, view: Viewport, rect: Rect, degrees: float, colour: QColor
) -> None:
    found = grip_points(rect, degrees, picture=view.picture, reach_px=reach(rect, view))
    places = {grip: view.at(point) for grip, point in found.items()}
    painter.setPen(QPen(colour, 1.5))
    painter.drawLine(places[Grip.N], places[Grip.ROTATE])
    near = _apart(places[Grip.NW], places[Grip.NE]) < 4.5 * REACH_PX
    low = _apart(places[Grip.NW], places[Grip.SW]) < 4.5 * REACH_PX
    for grip, at in places.items():
        if grip is Grip.ROTATE:
            painter.setPen(QPen(colour, 2.0))
            painter.setBrush(Qt.GlobalColor.white)
            painter.drawEllipse(at, 5.5, 5.5)
        elif not ((near and grip in {Grip.N, Grip.S}) or (low and grip in {Grip.E, Grip.W})):
            inks.square(painter, at, colour)


def paint_playhead(painter: QPainter, view: Viewport, editing: Editing) -> None:
    """What the camera sees at the playhead, between stops."""
    path = editing.path
    if path is None or any(abs(stop.at - editing.playhead) < 1e-6 for stop in editing.stops):
        return
    corners = path.corners(editing.playhead, picture=view.picture)
    frame = [view.at((float(x), float(y))) for x, y in corners]
    inks.line(painter, frame, inks.PATH, width=1.0, dashed=True, closed=True)


def paint_objects(
    painter: QPainter, view: Viewport, editing: Editing, masks: dict[str, QPainterPath]
) -> None:
    """Objects, their ways, and where they are at the playhead.

    ``masks``: outlines of painted regions in picture fractions, by their path.
    """
    for i, each in enumerate(editing.objects):
        chosen = i == editing.object
        outline = region_outline(each, masks)
        width = 2.5 if chosen else 1.5
        paint_region(painter, view, outline, width=width, filled=chosen)
        way = [view.at_fraction(*point.position) for point in each.points]
        inks.line(painter, way, inks.OBJECT, width=width)
        inks.arrow_head(painter, way[-1], towards=way[-1] - _before(way), colour=inks.OBJECT)
        if chosen and not outline.isEmpty():
            _paint_ghost(painter, view, each, outline, editing.playhead)
        inks.tag(painter, way[0] + QPointF(6.0, 6.0), each.name, inks.OBJECT)


def object_under(
    view: Viewport, editing: Editing, masks: dict[str, QPainterPath], point: tuple[float, float]
) -> int:
    """The number of the uppermost object whose outline lies around a point of the picture (in its
    pixels), or -1."""
    at = QPointF(point[0] / view.picture.width, point[1] / view.picture.height)
    around = (
        i for i, each in enumerate(editing.objects) if region_outline(each, masks).contains(at)
    )
    return max(around, default=-1)


def region_outline(each: ObjectTrajectory, masks: dict[str, QPainterPath]) -> QPainterPath:
    """A region's outline in picture fractions."""
    if isinstance(each.region, PolygonRegion):
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in each.region.points]))
        path.closeSubpath()
        return path
    return masks.get(each.region.path, QPainterPath())


def paint_region(
    painter: QPainter, view: Viewport, outline: QPainterPath, *, width: float, filled: bool
) -> None:
    """A region's outline, given in picture fractions."""
    shape = view.transform().scale(view.picture.width, view.picture.height).map(outline)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.strokePath(shape, QPen(inks.HALO, width + 2.0))
    painter.strokePath(shape, QPen(inks.OBJECT, width))
    if filled:
        tint = QColor(inks.OBJECT)
        tint.setAlpha(45)
        painter.fillPath(shape, tint)


def _paint_ghost(
    painter: QPainter,
    view: Viewport,
    each: ObjectTrajectory,
    outline: QPainterPath,
    at: float,
) -> None:
    """The region where it is at the playhead."""
    bounds = outline.boundingRect()
    box = (
        polygon_box(each.region)
        if isinstance(each.region, PolygonRegion)
        else (bounds.left(), bounds.top(), bounds.right(), bounds.bottom())
    )
    there = picture_to_moved(pose_at(each, at), box, picture=view.picture)
    (a, b, c), (d, e, f) = there.tolist()
    moved = QPainterPath()
    for polygon in outline.toSubpathPolygons():
        points = [
            (p.x() * view.picture.width - 0.5, p.y() * view.picture.height - 0.5)
            for p in (polygon.at(i) for i in range(polygon.count()))
        ]
        moved.addPolygon(
            QPolygonF(
                [view.at((a * x + b * y + c + 0.5, d * x + e * y + f + 0.5)) for x, y in points]
            )
        )
    pen = QPen(inks.OBJECT, 1.5)
    pen.setDashPattern([4.0, 3.0])
    painter.strokePath(moved, pen)


def paint_edge(painter: QPainter, box: QRectF) -> None:
    """The picture's edge."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(128, 128, 128, 120), 1.0))
    painter.drawRect(box)


def _rendered(rect: Rect, *, picture: Size, output: Size) -> Rect:
    grown = fit_aspect(rect, picture=picture, output=output)
    near = max(abs(p - q) for p, q in zip(grown.root, rect.root, strict=True)) < 1e-3
    return rect if near else grown


def _before(way: Sequence[QPointF]) -> QPointF:
    return next((p for p in reversed(way) if _apart(p, way[-1]) > 4.0), way[0])


def _apart(a: QPointF, b: QPointF) -> float:
    return math.hypot(a.x() - b.x(), a.y() - b.y())
