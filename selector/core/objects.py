"""Edits of the objects that move by themselves on one picture: made, named, ordered, timed.  Pure.

Objects go by their number, the lowest first; each edit takes all of them and returns all of them.
What an edit would make invalid raises ``ValueError`` with a reason for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from companions import codec
from companions.easing import Easing
from companions.easing import eased as progress
from companions.geometry import Size
from companions.motion import MAX_OBJECTS
from companions.trajectory import ObjectTrajectory, Region, TrajectoryPoint
from selector.core import ways
from selector.core.ways import Stroke, carried, simplified, timed

Objects = tuple[ObjectTrajectory, ...]

LEAST_SPAN: Final = 0.01
"""An object takes at least this fraction of the clip for its way."""


def middle(box: tuple[float, float, float, float]) -> tuple[float, float]:
    """The middle of a region's bounding box: where its way begins."""
    return (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0


def free_name(objects: Sequence[ObjectTrajectory]) -> str:
    """A name that none of them has."""
    taken = {each.name for each in objects}
    return next(f"object {i}" for i in range(1, len(objects) + 2) if f"object {i}" not in taken)


def added(
    objects: Objects,
    region: Region,
    way: Stroke,
    *,
    begins: tuple[float, float],
    name: str,
    picture: Size,
) -> Objects:
    """A further object on top, going along ``way`` over the whole clip.

    The way is moved as a whole to begin at ``begins``, the middle of the region: the object starts
    where it is.
    """
    if len(objects) >= MAX_OBJECTS:
        raise ValueError(f"a move has at most {MAX_OBJECTS} objects")
    points = timed(carried(simplified(way, picture=picture), begins), picture=picture)
    return (*objects, ObjectTrajectory(name=name, region=region, points=points))


def renamed(objects: Objects, index: int, name: str) -> Objects:
    """With another name for one of them."""
    name = name.strip()
    if any(each.name == name for i, each in enumerate(objects) if i != index):
        raise ValueError(f"another object is called {name}")
    return _with(objects, index, name=name)


def raised(objects: Objects, index: int, by: int) -> Objects:
    """With one of them further up (or down): later ones lie over earlier ones."""
    order = list(objects)
    moving = order.pop(index)
    order.insert(min(max(index + by, 0), len(order)), moving)
    return tuple(order)


def rewayed(objects: Objects, index: int, way: Stroke, *, picture: Size) -> Objects:
    """With another way for one of them, in its time, at its sizes and turns."""
    points = objects[index].points
    drawn = timed(
        carried(simplified(way, picture=picture), points[0].position),
        picture=picture,
        start=points[0].at,
        end=points[-1].at,
        scale=(points[0].scale, points[-1].scale),
        easing=objects[index].easing,
        rotation_deg=(points[0].rotation_deg, points[-1].rotation_deg),
    )
    return _with(objects, index, points=drawn)


def retimed(objects: Objects, index: int, *, start: float, end: float) -> Objects:
    """With one of them under way from the fraction ``start`` of the clip to ``end``."""
    if not 0.0 <= start < end <= 1.0 or end - start < LEAST_SPAN:
        raise ValueError("it must start within the clip, before it ends")
    points = objects[index].points
    begin, span = points[0].at, points[-1].at - points[0].at
    moved = tuple(
        point.model_copy(update={"at": min(1.0, start + (end - start) * (point.at - begin) / span)})
        for point in points
    )
    return _with(objects, index, points=moved)


def reshaped(
    objects: Objects, index: int, *, scale: tuple[float, float], rotation_deg: tuple[float, float]
) -> Objects:
    """With one of them growing and turning from the first value to the second along its way."""
    if min(scale) <= 0.0:
        raise ValueError("a size is over 0")
    points, easing = objects[index].points, objects[index].easing
    first, last = points[0], points[-1]
    if (*scale, *rotation_deg) == (
        first.scale, last.scale, first.rotation_deg, last.rotation_deg
    ):  # fmt: skip
        return objects  # what a file gives the points between stays

    def posed(point: TrajectoryPoint) -> TrajectoryPoint:
        share = progress(easing, (point.at - first.at) / (last.at - first.at))
        size = scale[0] * (scale[1] / scale[0]) ** share
        turn = rotation_deg[0] + (rotation_deg[1] - rotation_deg[0]) * share
        return point.model_copy(
            update={
                # Rounding must not carry what lies between beyond its ends, nor the contract's.
                "scale": min(max(size, min(scale)), max(scale)),
                "rotation_deg": min(max(turn, min(rotation_deg)), max(rotation_deg)),
            }
        )

    return _with(objects, index, points=tuple(posed(point) for point in points))


def eased(objects: Objects, index: int, easing: Easing) -> Objects:
    """With another easing for one of them; its points get the moments that follow from it."""
    each = objects[index]
    made = ways.retimed(each, start=each.points[0].at, end=each.points[-1].at, easing=easing)
    return _with(objects, index, points=made.points, easing=easing)


def removed(objects: Objects, index: int) -> Objects:
    """Without one of them."""
    return objects[:index] + objects[index + 1 :]


def _with(objects: Objects, index: int, **values: object) -> Objects:
    changed = objects[index].model_copy(update=values)
    try:  # a copy is not validated
        checked = ObjectTrajectory.model_validate_json(changed.model_dump_json())
    except ValidationError as error:
        raise ValueError(codec.problems_of(error)[0].what) from None
    return (*objects[:index], checked, *objects[index + 1 :])
