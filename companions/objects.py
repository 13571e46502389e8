"""Objects that move by themselves: from time to pose, and from pose to pixels' way.

The rule is the one ``trajectory`` states: a region is at each point at that point's moment;
between two points its position is linear, its scale geometric and its rotation linear in eased
time.  Maps here take pixel centres to pixel centres, as OpenCV does.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

import numpy as np

from companions.camera import Affine, turning
from companions.easing import eased
from companions.geometry import Size
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint

_NO_TIME: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a region is: the middle of its box in picture fractions, its size and turn."""

    x: float
    y: float
    scale: float
    rotation_deg: float


def pose_at(trajectory: ObjectTrajectory, u: float) -> Pose:
    """Where the object is at the fraction ``u`` (0..1) of the clip's time."""
    points = trajectory.points
    if u <= points[0].at:
        return _pose(points[0])
    if u >= points[-1].at:
        return _pose(points[-1])
    begin, span = points[0].at, points[-1].at - points[0].at
    i = bisect_right(points, u, key=lambda point: point.at) - 1
    a, b = points[i], points[i + 1]
    from_, to = (eased(trajectory.easing, (p.at - begin) / span) for p in (a, b))
    if to - from_ < _NO_TIME:  # a curve this flat would never arrive
        share = (u - a.at) / (b.at - a.at)
    else:
        share = (eased(trajectory.easing, (u - begin) / span) - from_) / (to - from_)
        share = min(1.0, max(0.0, share))
    return Pose(
        x=a.position[0] + (b.position[0] - a.position[0]) * share,
        y=a.position[1] + (b.position[1] - a.position[1]) * share,
        scale=a.scale * (b.scale / a.scale) ** share,
        rotation_deg=a.rotation_deg + (b.rotation_deg - a.rotation_deg) * share,
    )


def polygon_box(region: PolygonRegion) -> tuple[float, float, float, float]:
    """The polygon's bounding box, x1, y1, x2, y2 in picture fractions."""
    xs, ys = zip(*region.points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def picture_to_moved(
    pose: Pose, box: tuple[float, float, float, float], *, picture: Size
) -> Affine:
    """Where each pixel of the region goes: picture pixel centres to picture pixel centres, 2x3.

    ``box`` is the region's bounding box in picture fractions; its middle goes to the pose's.
    """
    middle = np.array(
        [(box[0] + box[2]) / 2.0 * picture.width, (box[1] + box[3]) / 2.0 * picture.height]
    )
    goal = np.array([pose.x * picture.width, pose.y * picture.height])
    turn = turning(pose.rotation_deg) * pose.scale
    # Corner-based inside, centre-based outside: pixel (0, 0)'s centre is (0.5, 0.5) of the corner.
    half = np.array([0.5, 0.5])
    return np.column_stack([turn, goal + turn @ (half - middle) - half])


def _pose(point: TrajectoryPoint) -> Pose:
    return Pose(point.position[0], point.position[1], point.scale, point.rotation_deg)
