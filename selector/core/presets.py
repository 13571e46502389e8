"""Drawing presets: the rectangles that a named move with its parameters makes on one picture.

Every rectangle has the clip's shape and lies inside the picture.  Orbit and dolly zoom are moves
through space; what is drawn for them is an honest approximation on the flat picture, and a video
model may be told the preset itself: an orbit slides the window to its far side, closing in by as
much as the subject would turn; a dolly zoom keeps its subject's place while the view widens or
narrows by its strength.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, assert_never

from companions.geometry import Rect, Size, largest_window
from companions.preset import DollyZoom, Orbit, Pan, Preset, PullOut, PushIn, Tilt

ORBIT_TRAVEL: Final = 0.5
"""Frame widths that the window slides for one radian of orbit."""
ORBIT_WINDOW: Final = 0.85
"""Width of an orbit's window, over the largest."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """START and END of a preset."""

    start: Rect
    end: Rect


DEFAULTS: Final[tuple[Preset, ...]] = (
    PushIn(name="push_in", zoom=1.25),
    PullOut(name="pull_out", zoom=1.25),
    Pan(name="pan_left", distance=0.15, window=0.8),
    Pan(name="pan_right", distance=0.15, window=0.8),
    Tilt(name="tilt_up", distance=0.12, window=0.8),
    Tilt(name="tilt_down", distance=0.12, window=0.8),
    DollyZoom(name="dolly_zoom", direction="in", strength=1.3, subject=(0.5, 0.5)),
    Orbit(name="orbit", angle_deg=15.0, subject=(0.5, 0.5)),
)
"""Every preset with parameters that pass the safety limits over four seconds."""


def draw(preset: Preset, *, picture: Size, output: Size) -> Drawn:
    """START and END of ``preset`` on a picture of that size, for clips of that size."""
    widest = largest_window(picture=picture, output=output)
    match preset:
        case PushIn():
            wide, tight = _zoom(widest, 1.0 / preset.zoom, at=preset.towards)
            return Drawn(wide, tight)
        case PullOut():
            wide, tight = _zoom(widest, 1.0 / preset.zoom, at=preset.away_from)
            return Drawn(tight, wide)
        case Pan() | Tilt():
            return _slide(preset, widest)
        case DollyZoom():
            wide, tight = _zoom(widest, 1.0 / preset.strength, at=preset.subject)
            return Drawn(wide, tight) if preset.direction == "in" else Drawn(tight, wide)
        case Orbit():
            return _orbit(preset, widest)
        case _:
            assert_never(preset)


def _zoom(
    widest: tuple[float, float], scale: float, *, at: tuple[float, float] | None
) -> tuple[Rect, Rect]:
    x, y = at or (0.5, 0.5)
    wide = Rect.around(x, y, *widest)
    # The point keeps its place in the frame, so that the eye need not follow it.
    fx = min(max((x - wide.x1) / wide.width, 0.0), 1.0)
    fy = min(max((y - wide.y1) / wide.height, 0.0), 1.0)
    width, height = widest[0] * scale, widest[1] * scale
    tight = Rect.around(x + (0.5 - fx) * width, y + (0.5 - fy) * height, width, height)
    return wide, tight


def _slide(preset: Pan | Tilt, widest: tuple[float, float]) -> Drawn:
    scale = min(1.0, preset.window / widest[0])
    width, height = widest[0] * scale, widest[1] * scale
    across = isinstance(preset, Pan)
    room = 1.0 - (width if across else height)
    half = min(preset.distance, room) / 2.0
    forth = preset.name in {"pan_right", "tilt_down"}
    before, after = (-half, half) if forth else (half, -half)
    if across:
        return Drawn(
            Rect.around(0.5 + before, 0.5, width, height),
            Rect.around(0.5 + after, 0.5, width, height),
        )
    return Drawn(
        Rect.around(0.5, 0.5 + before, width, height), Rect.around(0.5, 0.5 + after, width, height)
    )


def _orbit(preset: Orbit, widest: tuple[float, float]) -> Drawn:
    angle = math.radians(preset.angle_deg)
    width, height = widest[0] * ORBIT_WINDOW, widest[1] * ORBIT_WINDOW
    closer = math.cos(angle / 2.0)
    x, y = preset.subject
    travel = math.copysign(min(abs(angle) * ORBIT_TRAVEL, 0.8), angle)
    # The camera goes to the right: what it sees slides to the left of the frame.
    dx, dy = (
        (travel * width / 2.0, 0.0) if preset.axis == "vertical" else (0.0, -travel * height / 2)
    )
    return Drawn(
        Rect.around(x - dx, y - dy, width, height),
        Rect.around(x + dx, y + dy, width * closer, height * closer),
    )
