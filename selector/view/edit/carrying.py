"""How an object comes about: a region is cut out, then its way is drawn, then it is in the motion.

A painted region becomes a mask file when its way is drawn and not before, so that what is given
up leaves nothing behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from companions import files
from companions.errors import MotionfleetError
from companions.geometry import Size
from companions.masks import Mask, mask_box, read_mask
from companions.objects import polygon_box
from companions.trajectory import MaskRegion, ObjectTrajectory, PolygonRegion, Region
from selector.core import drafting, objects
from selector.core.regions import BrushStroke, Outline, brushed, outlines, save_mask
from selector.core.shelf import make_below
from selector.core.ways import WayKind
from selector.view.edit import overlay
from selector.view.edit.canvas import Canvas
from selector.view.edit.cutting import TOO_SMALL, BrushTool, LassoTool, PolygonTool
from selector.view.edit.editing import Editing
from selector.view.edit.leading import WayTool
from selector.view.edit.tools import Tool

CUT_FIRST: Final = (
    "Cut out an object first (P polygon, L lasso, B brush), or choose one in the list."
)


STILL_WAITS: Final = "The painted object still waits: draw its way, or give it up with Escape."


@dataclass(frozen=True, slots=True)
class Cut:
    """A region that waits for its way."""

    region: PolygonRegion | Mask
    begins: tuple[float, float]
    lines: tuple[Outline, ...]
    """Its outline, to be seen while its way is drawn."""


class Carrying(QObject):
    """The tools for objects, and what comes of them."""

    def __init__(self, editing: Editing, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._editing, self._canvas = editing, canvas
        self._cut: Cut | None = None
        self._refused: dict[str, Cut] = {}
        """By picture, what the disk did not take; it waits there, whatever is opened meanwhile."""
        view, told = canvas.view, editing.desk.told
        self.polygon = PolygonTool(view, self._take_polygon, told.emit)
        self.lasso = LassoTool(view, self._take_polygon, told.emit, lambda: editing.picture)
        self.brush = BrushTool(view, self._take_strokes)
        self.way = WayTool(view, self._take_way)
        self.way.gives_up = self._give_up
        self.problems: dict[str, str] = {}
        editing.changed.connect(self._read_masks)
        editing.opened.connect(self._reset)

    def cut(self, tool: Tool) -> None:
        """Cut out an object with that tool."""
        if self._editing.obstacle is None:
            self._canvas.use(tool)

    def lead(self, kind: WayKind) -> None:
        """Draw the way of what was cut out, or another one for the chosen object."""
        self.way.kind = kind
        if self._cut is None:
            chosen = self._editing.object
            if chosen < 0:
                self._editing.desk.told.emit(CUT_FIRST)
                return
            each = self._editing.objects[chosen]
            outline = overlay.region_outline(each, self._canvas.masks)
            self.way.lead(each.points[0].position, outline)
        self._canvas.use(self.way)
        self._canvas.update()

    # -- what the tools hand over -----------------------------------------------------------------

    def _take_polygon(self, region: PolygonRegion) -> None:
        self._wait(Cut(region, objects.middle(polygon_box(region)), (region.points,)))

    def _take_strokes(self, strokes: tuple[BrushStroke, ...]) -> None:
        picture = self._editing.picture
        if picture is None:
            return
        mask = brushed(strokes, picture=picture)
        box = mask_box(mask)
        if box is None:
            self._editing.desk.told.emit(TOO_SMALL)
            return
        self._wait(Cut(mask, objects.middle(box), outlines(mask)))

    def _wait(self, cut: Cut) -> None:
        self.way.kind = WayKind.FREEHAND
        self.way.lead(cut.begins, painter_path(cut.lines))
        self._canvas.use(self.way)
        self._cut = cut

    def _take_way(self, way: list[tuple[float, float]]) -> None:
        cut, self._cut = self._cut, None
        if cut is None:
            self._lead_anew(way)
        elif self._add(cut, way):
            self._refused.pop(self._editing.name, None)
        else:
            self._refused[self._editing.name] = cut  # until the disk takes it, or Escape
            self._wait(cut)
            return
        self._canvas.use(self._canvas.frames)

    def _add(self, cut: Cut, way: list[tuple[float, float]]) -> bool:
        """Whether the region could be kept."""
        editing = self._editing
        motion = editing.motion
        if motion is None:
            return True
        name = objects.free_name(motion.objects)
        region = self._kept(cut.region, name)
        if region is None:
            return False
        picture = drafting.picture_size(motion)
        added = editing.edit(
            lambda m: drafting.with_objects(
                m,
                objects.added(
                    m.objects, region, way, begins=cut.begins, name=name, picture=picture
                ),
            ),
            what=f"add {name}",
        )
        if added:
            editing.choose_object(len(editing.objects) - 1)
        return True

    def _lead_anew(self, way: list[tuple[float, float]]) -> None:
        editing = self._editing
        chosen, picture = editing.object, editing.picture
        if chosen >= 0 and picture is not None:
            size: Size = picture
            editing.edit(
                lambda m: drafting.with_objects(
                    m, objects.rewayed(m.objects, chosen, way, picture=size)
                ),
                what=f"draw the way of {editing.objects[chosen].name}",
            )

    def _kept(self, region: PolygonRegion | Mask, name: str) -> Region | None:
        """The region as a document names it; a painted one is written first."""
        if isinstance(region, PolygonRegion):
            return region
        desk = self._editing.desk
        if desk.is_refused():
            return None
        picture = desk.placement.stand_in(desk.picture(self._editing.name))
        try:
            if desk.placement.overlay is not None:
                with files.reporting_unwritable(picture):
                    make_below(desk.placement.overlay, picture.parent)
            return save_mask(region, picture=picture, name=name)
        except (MotionfleetError, ValueError) as error:
            desk.told.emit(f"The painted object waits, draw its way again later: {error}")
            return None

    def _give_up(self) -> None:
        if self._cut is not None:
            self._cut = None
            self._refused.pop(self._editing.name, None)

    def _reset(self) -> None:
        self._cut = None  # before its tool is given up: what waits for its picture goes on waiting
        self._canvas.masks.clear()
        self.problems.clear()
        self._canvas.tool.cancel()  # nothing that was begun goes on over another picture
        self._canvas.use(self._canvas.frames)
        if (cut := self._refused.get(self._editing.name)) is not None:
            self._wait(cut)
            self._editing.desk.told.emit(STILL_WAITS)

    # -- masks that are in the motion -------------------------------------------------------------

    def _read_masks(self) -> None:
        for each in self._editing.objects:
            if isinstance(each.region, MaskRegion) and each.region.path not in self._canvas.masks:
                self._canvas.masks[each.region.path] = self._read(each, each.region)

    def _read(self, each: ObjectTrajectory, region: MaskRegion) -> QPainterPath:
        desk, picture = self._editing.desk, self._editing.picture
        folder = desk.placement.stand_in(desk.picture(self._editing.name)).parent
        if picture is None:
            return QPainterPath()
        try:
            mask = read_mask(region, folder=folder, picture=picture)
        except MotionfleetError as error:
            self.problems[each.name] = str(error)
            desk.told.emit(str(error))
            return QPainterPath()
        return painter_path(outlines(mask))


def painter_path(lines: tuple[Outline, ...]) -> QPainterPath:
    """Closed lines as one shape, holes left out."""
    path = QPainterPath()
    for line in lines:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in line]))
        path.closeSubpath()
    return path
