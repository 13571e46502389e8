"""What the safety meter shows, without showing it: values against their limits, and words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from companions.geometry import Size
from companions.motion import MotionCompanion, SafetyVerdict
from selector.core import drafting
from selector.core.safety import PROFILES, STANDARD, Limit, Profile, measure

LEAST_OUTPUT: Final = 64


@dataclass(frozen=True, slots=True)
class Gauge:
    """One limit as a bar.

    Attributes:
        name: the limit's name in ``core.safety``.
        title: its name for people.
        value, warn, block: shares of the bar's length, 0..1; block is None where nothing blocks.
        verdict: what follows from the value.
        shown: the value with its unit.
        words: the value against its limit: "peak speed 31 %/s, limit 20".
    """

    name: str
    title: str
    value: float
    warn: float
    block: float | None
    verdict: SafetyVerdict
    shown: str
    words: str


@dataclass(frozen=True, slots=True)
class _Scale:
    title: str
    words: str
    unit: str
    most: float
    digits: int


_SCALES: Final[Mapping[str, _Scale]] = {
    "peak_speed": _Scale("Speed", "peak speed", " %/s", 1.25, 0),
    "zoom_ratio": _Scale("Zoom", "zoom", "x", 1.25, 2),
    "octaves_per_second": _Scale("Zoom speed", "zoom speed", " octaves/s", 2.0, 2),
    "source_px": _Scale("Sharpness", "picture pixels per clip pixel:", "", 2.0, 2),
    "outside": _Scale("Outside", "outside the picture", " %", 0.0, 1),
}
"""``most``: the bar's length over the limit that blocks, or that warns where none does."""
_OUTSIDE_MOST: Final = 5.0


def profile_of(motion: MotionCompanion) -> Profile:
    """The limits that the motion is judged by."""
    name = motion.safety.profile if motion.safety is not None else STANDARD.name
    return PROFILES.get(name, STANDARD)


def gauges(motion: MotionCompanion) -> tuple[Gauge, ...]:
    """Every gauge of the meter, in its order."""
    measures = measure(
        motion, picture=drafting.picture_size(motion), output=drafting.output_size(motion)
    )
    profile = profile_of(motion)
    return tuple(
        _gauge(name, scale, value=getattr(measures, name), limit=getattr(profile, name))
        for name, scale in _SCALES.items()
    )


def sharp_output(motion: MotionCompanion) -> Size | None:
    """The largest clip of this shape that the picture is sharp enough for; None where the clip is
    no larger, or no clip is small enough."""
    picture, output = drafting.picture_size(motion), drafting.output_size(motion)
    room = measure(motion, picture=picture, output=output).source_px
    wanted = profile_of(motion).source_px.warn
    if room >= wanted * (1.0 - 1e-6):
        return None
    width = _even(output.width * room / wanted)
    height = _even(width / output.aspect)
    if min(width, height) < LEAST_OUTPUT:
        return None
    return Size(width, height)


def _gauge(name: str, scale: _Scale, *, value: float, limit: Limit) -> Gauge:
    verdict, threshold = limit.verdict(value)
    top = limit.warn if limit.at_least or limit.block is None else limit.block
    length = top * scale.most or _OUTSIDE_MOST
    shown = f"{value:.{scale.digits}f}{scale.unit}"
    bound = (
        f"{threshold:.{scale.digits}f}".rstrip("0").rstrip(".")
        if threshold % 1
        else (f"{threshold:.0f}")
    )
    side = "at least" if limit.at_least else "limit"
    return Gauge(
        name=name,
        title=scale.title,
        value=min(max(value / length, 0.0), 1.0) if math.isfinite(value) else 1.0,
        warn=min(limit.warn / length, 1.0),
        block=None if limit.block is None else min(limit.block / length, 1.0),
        verdict=verdict,
        shown=shown,
        words=f"{scale.words} {shown}, {side} {bound}",
    )


def _even(pixels: float) -> int:
    return int(pixels) // 2 * 2
