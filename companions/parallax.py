"""A camera that moves through space: where it stands at each moment of a move.

The picture is taken to be what a pinhole camera saw.  Of the plane at the *focus* (a value of the
depth map) every frame shows exactly the window that the rectangles say, whatever else happens; so
rectangles mean what they mean on a flat picture.  What is nearer or farther shifts against that
plane, because the camera stands elsewhere than where the picture was taken:

    k   its distance from the focal plane, over what it was: under 1 it has come nearer
    m   how far it has gone sideways, in picture pixels of the focal plane

A point p of the picture (from its middle, in pixels) whose inverse distance is r times the focal
plane's is seen on that plane at  q = m + k (p - m r) / (1 - (1 - k) r).  START is where the picture
was taken from: k is 1 and m is 0, and the first frame is the flat one.

* Any move: a window that shrinks is a camera that comes nearer, one that slides a camera that goes
  sideways, lens unchanged.
* A dolly zoom besides changes the lens: the field of view grows or shrinks by the preset's
  strength, and the camera comes nearer, or draws back, by as much more.
* An orbit goes round its subject on a circle; its window slides as drawn.  The picture plane is not
  turned with the camera (no keystone): rectangles could not stay rectangles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from companions.camera import Affine, CameraPath
from companions.depth_map import Depth
from companions.easing import eased
from companions.geometry import Size
from companions.preset import DollyZoom, Orbit, Preset

Places = npt.NDArray[np.float32]

FOCAL_LENGTH: Final = 1.0
"""Of the picture's longer side: a view of 53 degrees, a common lens.  Only orbits depend on it."""
NEAREST: Final = 0.05
"""What is nearer to the camera than this share of its distance at START is passed and not seen."""
_LEAST_K: Final = 0.05
_SUBJECT: Final = 0.03
"""The depth of a subject is the median of so much of the picture's longer side around it."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where the camera stands: ``k`` and ``m`` as above, ``cx`` and ``cy`` the picture's middle."""

    k: float
    mx: float
    my: float
    cx: float
    cy: float

    @property
    def at_start(self) -> bool:
        """Whether it is where the picture was taken, so that nothing shifts."""
        return abs(self.k - 1.0) < 1e-9 and abs(self.mx) < 1e-6 and abs(self.my) < 1e-6

    @property
    def most(self) -> float:
        """The inverse distance, over the focal plane's, from which on things are passed."""
        return (1.0 - NEAREST) / (1.0 - self.k) if self.k < 1.0 else math.inf

    def seen_at(self, x: Places, y: Places, r: Places) -> tuple[Places, Places, Places]:
        """Where on the focal plane points of the picture are seen, and how much larger."""
        scale = self.k / (1.0 - (1.0 - self.k) * r)
        return (
            (self.cx + self.mx + scale * (x - self.cx - self.mx * r)).astype(np.float32),
            (self.cy + self.my + scale * (y - self.cy - self.my * r)).astype(np.float32),
            scale.astype(np.float32),
        )

    def comes_from(self, x: Places, y: Places, r: Places) -> tuple[Places, Places]:
        """The points of the picture that are seen on the focal plane at (x, y): the inverse."""
        back = (1.0 - (1.0 - self.k) * r) / self.k
        return (
            (self.cx + (x - self.cx - self.mx) * back + self.mx * r).astype(np.float32),
            (self.cy + (y - self.cy - self.my) * back + self.my * r).astype(np.float32),
        )

    def affine(self, r: float) -> Affine:
        """``seen_at`` for everything at one distance: picture pixels to picture pixels, 2x3."""
        scale = self.k / max(NEAREST, 1.0 - (1.0 - self.k) * r)
        return np.array(
            [
                [scale, 0.0, self.cx + self.mx - scale * (self.cx + self.mx * r)],
                [0.0, scale, self.cy + self.my - scale * (self.cy + self.my * r)],
            ]
        )


def standpoint(path: CameraPath, u: float, *, preset: Preset | None, picture: Size) -> Standpoint:
    """Where the camera of ``path`` stands at the fraction ``u`` (0..1) of its time."""
    size = np.array([picture.width, picture.height], dtype=np.float64)
    middle = size / 2.0 - 0.5
    now, start = path.window(u), path.window(0.0)
    k = now.width / start.width
    match preset:
        case Orbit():
            k, m = _around(preset, eased(path.easing, u), size)
        case DollyZoom():
            wider = preset.strength if preset.direction == "in" else 1.0 / preset.strength
            k = max(_LEAST_K, k / wider ** eased(path.easing, u))
            m = (np.array(preset.subject) * size - size / 2.0) * (1.0 - k)
        case _:
            m = (np.array(now.centre) - 0.5) * size - k * (np.array(start.centre) - 0.5) * size
    return Standpoint(k, float(m[0]), float(m[1]), float(middle[0]), float(middle[1]))


def focus_of(depth: Depth, path: CameraPath, *, preset: Preset | None) -> float:
    """The value of the map at which rectangles hold exactly."""
    if depth.focus is not None:
        return depth.focus
    height, width = depth.inverse.shape
    if isinstance(preset, Orbit | DollyZoom):
        x, y = preset.subject
        reach_x = _SUBJECT / 2.0 * max(width, height) / width
        reach_y = _SUBJECT / 2.0 * max(width, height) / height
        box = (x - reach_x, y - reach_y, x + reach_x, y + reach_y)
    else:
        box = path.end.root
    x1, y1 = max(0, math.floor(box[0] * width)), max(0, math.floor(box[1] * height))
    x2, y2 = max(x1 + 1, math.ceil(box[2] * width)), max(y1 + 1, math.ceil(box[3] * height))
    part = depth.inverse[min(y1, height - 1) : y2, min(x1, width - 1) : x2]
    return float(np.median(part))


def relative(depth: Depth, focus: float) -> Places:
    """The map as inverse distance over the focal plane's: 1 there, more where it is nearer."""
    farthest = 1.0 / depth.far_over_near
    at_focus = farthest + (1.0 - farthest) * focus
    return ((farthest + (1.0 - farthest) * depth.inverse) / at_focus).astype(np.float32)


def _around(
    orbit: Orbit, progress: float, size: npt.NDArray[np.float64]
) -> tuple[float, npt.NDArray[np.float64]]:
    focal = FOCAL_LENGTH * float(size.max())
    angle = math.radians(orbit.angle_deg) * progress
    along = 0 if orbit.axis == "vertical" else 1
    # To the right, or up: which is towards smaller y.
    away = focal * math.sin(angle) * (1.0 if along == 0 else -1.0)
    subject = (orbit.subject[along] - 0.5) * float(size[along])
    m = np.zeros(2)
    m[along] = subject * (1.0 - math.cos(angle)) + away
    return max(_LEAST_K, math.cos(angle) + subject * away / focal**2), m
