"""Drawing presets: the rectangles that a named move with its parameters makes on one picture.

Every rectangle has the clip's shape and lies inside the picture, whatever the parameters: where a
way and a window do not both fit, the window is drawn smaller, and where even that does not make
room, the way shorter.  Orbit and dolly zoom are moves through space; what is drawn for them is an
honest approximation on the flat picture, and a video model may be told the preset itself: an
orbit slides the window to its far side, closing in by as much as the subject would turn; a dolly
zoom keeps its subject's place while the view widens or narrows by its strength.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, assert_never

from companions.geometry import Rect, Size, largest_window
from companions.preset import DollyZoom, Orbit, Pan, Preset, PullOut, PushIn, Tilt

ORBIT_TRAVEL: Final = 0.5
"""Frame widths (for an orbit over the subject, heights) that the window slides for one radian."""
ORBIT_WINDOW: Final = 0.85
"""Width of an orbit's window, over the largest."""
LEAST_WINDOW: Final = 0.1
"""No window is drawn narrower than this share of the largest, as with the highest zoom."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """START and END of a preset."""

    start: Rect
    end: Rect


DEFAULTS: Final[tuple[Preset, ...]] = (
    PushIn(name="push_in", zoom=1.25),
    PullOut(name="pull_out", zoom=1.25),
    Pan(name="pan_left", distance=0.14, window=0.8),
    Pan(name="pan_right", distance=0.14, window=0.8),
    Tilt(name="tilt_up", distance=0.12, window=0.8),
    Tilt(name="tilt_down", distance=0.12, window=0.8),
    DollyZoom(name="dolly_zoom", direction="in", strength=1.3, subject=(0.5, 0.5)),
    Orbit(name="orbit", angle_deg=15.0, subject=(0.5, 0.5)),
)
"""Every preset with parameters that pass the safety limits over four seconds."""


def draw(preset: Preset, *, picture: Size, output: Size) -> Drawn:
    """START and END of ``preset`` on a picture of that size, for clips of that size.

    Raises:
        ValueError: picture and clip have shapes so far apart that no such window is a rectangle
            (``MIN_EXTENT``).
    """
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


def backwards(preset: Preset) -> Preset | None:
    """The preset that draws the same rectangles in the other order; None where there is none."""
    match preset:
        case PushIn():
            return PullOut(name="pull_out", zoom=preset.zoom, away_from=preset.towards)
        case PullOut():
            return PushIn(name="push_in", zoom=preset.zoom, towards=preset.away_from)
        case Pan():
            right = preset.name == "pan_left"
            return preset.model_copy(update={"name": "pan_right" if right else "pan_left"})
        case Tilt():
            down = preset.name == "tilt_up"
            return preset.model_copy(update={"name": "tilt_down" if down else "tilt_up"})
        case DollyZoom():
            out = preset.direction == "in"
            return preset.model_copy(update={"direction": "out" if out else "in"})
        case Orbit():
            return None  # it closes in on its way, whichever way it goes
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
    across = isinstance(preset, Pan)
    along = widest[0] if across else widest[1]
    # A window as high as the picture has no room to tilt in: the way is what was asked for.
    scale = min(1.0, preset.window / widest[0], (1.0 - preset.distance) / along)
    scale = max(scale, LEAST_WINDOW)
    width, height = widest[0] * scale, widest[1] * scale
    half = min(preset.distance, 1.0 - along * scale) / 2.0
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
    sideways = preset.axis == "vertical"
    way = abs(angle) * ORBIT_TRAVEL
    # The wider the orbit, the smaller the window: it must have room to slide.
    scale = min(ORBIT_WINDOW, 1.0 / (1.0 + way))
    width, height = widest[0] * scale, widest[1] * scale
    closer = math.cos(angle / 2.0)
    # The camera goes to the right: what it sees slides to the left of the frame.
    half = math.copysign(way / 2.0, angle)
    dx, dy = (half * width, 0.0) if sideways else (0.0, -half * height)
    # Around the subject as nearly as the picture has room on both sides of it.
    x = _with_room(preset.subject[0], reach=abs(dx) + width / 2.0)
    y = _with_room(preset.subject[1], reach=abs(dy) + height / 2.0)
    return Drawn(
        Rect.around(x - dx, y - dy, width, height),
        Rect.around(x + dx, y + dy, width * closer, height * closer),
    )


def _with_room(at: float, *, reach: float) -> float:
    return min(max(at, reach), 1.0 - reach) if reach < 0.5 else 0.5
