"""How much motion to ask of a model that takes an amount of it and no direction.  Pure.

Stable Video Diffusion was trained with a number for the motion in each clip.  People who seed it
by hand take 10 for a still camera, 100 for a pan and 127 for a zoom; how fast these are meant to
be nobody says.  Here they stand for a move at the speed limit: its fastest point crosses a fifth
of the frame's width in a second.  Slower moves lie in between, on a straight line from 10:

    pan    10 + 90  * min(1, v / 0.2)    v: window widths per second of the window's middle, plus
                                         what turning adds at the frame's edge
    zoom   10 + 117 * min(1, z / 0.2)    z: frame widths per second that zooming adds at its edge

and the larger of the two is taken, rounded.  Objects on ways of their own count as a pan at the
limit.  No figure for this has been published: it is a rule of thumb, and the manifest's
``motion_bucket_id`` goes before it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from fleet.generate.base import GenerateRequest

STILL: Final = 10
PAN: Final = 100
ZOOM: Final = 127
LIMIT: Final = 0.2
"""Frame widths per second."""


def motion_bucket(request: GenerateRequest) -> int:
    """The amount for the part of the move that ``request`` shows, 10 to 127."""
    panned, zoomed = _travelled(request)
    seconds = (len(request.move_fractions) - 1) / request.fps
    if seconds <= 0.0:
        return STILL
    pan = STILL + (PAN - STILL) * min(1.0, panned / seconds / LIMIT)
    zoom = STILL + (ZOOM - STILL) * min(1.0, zoomed / seconds / LIMIT)
    return round(max(pan, zoom, PAN if request.objects else STILL))


def _travelled(request: GenerateRequest) -> tuple[float, float]:
    """How far the window's middle went and turned, and how far its edge was zoomed, in frame
    widths, along the way."""
    path, whole = request.path, (request.picture.shape[1], request.picture.shape[0])
    panned = zoomed = 0.0
    for u, v in pairwise(request.move_fractions):
        a, b = path.window(u), path.window(v)
        width = math.sqrt(a.width * b.width) * whole[0]
        across = (b.x1 + b.x2 - a.x1 - a.x2) / 2 * whole[0]
        down = (b.y1 + b.y2 - a.y1 - a.y2) / 2 * whole[1]
        turned = abs(math.radians(path.rotation_deg(v) - path.rotation_deg(u))) / 2
        panned += math.hypot(across, down) / width + turned
        zoomed += abs(math.log(b.width / a.width)) / 2
    return panned, zoomed
