"""Safety limits: is a move comfortable to watch, and the picture sharp enough for it?

Everything is measured on the rectangles as they will be rendered (grown to the output's aspect),
over all stops and turns on the way, and after easing, because easing raises the peak speed of a
move by about 1.7 times.

| limit | unit | standard warns / blocks | sensitive warns / blocks |
|---|---|---|---|
| ``peak_speed`` | % of frame width per second, fastest point | > 20 / > 40 | > 10 / > 20 |
| ``zoom_ratio`` | widest window over narrowest | > 2 / > 3 | > 1.5 / > 2 |
| ``octaves_per_second`` | doublings of size per second, peak | > 0.35 / never | > 0.2 / > 0.35 |
| ``source_px`` | source pixels per output pixel, tightest window | < 1 / < 0.6 | < 1 / < 0.6 |
| ``aspect`` | % between a rectangle's aspect and the output's | > 1 / never | > 1 / never |
| ``outside`` | % of the picture's diagonal, turned window beyond its edge | - / > 0 | - / > 0 |

``sensitive`` is for audiences prone to nausea or photosensitivity: what is 20 %/s, a warning for
everyone else, stops a move there.  Zoom speed alone never blocks in ``standard`` since peak speed
and ratio already do, and neither does a foreign aspect: rendering grows the rectangle, so no
picture is ever distorted, and the meta says so.  A window that is turned out of its picture always
blocks: there is nothing to show there, and the fleet refuses it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from companions.camera import CameraPath
from companions.geometry import Rect, Size
from companions.motion import Move, Safety, SafetyFinding, SafetyVerdict
from selector.core.pace import peak_pace


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: beyond ``warn`` it warns, beyond ``block`` it blocks; None is never."""

    warn: float
    block: float | None
    at_least: bool = False
    """Whether values below, not above, are beyond the limit."""

    def verdict(self, value: float) -> tuple[SafetyVerdict, float]:
        """The verdict on ``value``, and the threshold that decided it."""
        if self.block is not None and self._beyond(value, self.block):
            return SafetyVerdict.BLOCK, self.block
        if self._beyond(value, self.warn):
            return SafetyVerdict.WARN, self.warn
        return SafetyVerdict.PASS, self.warn

    def _beyond(self, value: float, threshold: float) -> bool:
        # A millionth of slack: a window made to sit on its limit must not fail by rounding.
        if self.at_least:
            return value < threshold * (1.0 - 1e-6)
        return value > threshold * (1.0 + 1e-6)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of limits."""

    name: str
    peak_speed: Limit
    zoom_ratio: Limit
    octaves_per_second: Limit
    source_px: Limit
    aspect: Limit
    outside: Limit


STANDARD: Final = Profile(
    name="standard",
    peak_speed=Limit(warn=20.0, block=40.0),
    zoom_ratio=Limit(warn=2.0, block=3.0),
    octaves_per_second=Limit(warn=0.35, block=None),
    source_px=Limit(warn=1.0, block=0.6, at_least=True),
    aspect=Limit(warn=1.0, block=None),
    outside=Limit(warn=0.0, block=0.0),
)
SENSITIVE: Final = Profile(
    name="sensitive",
    peak_speed=Limit(warn=10.0, block=20.0),
    zoom_ratio=Limit(warn=1.5, block=2.0),
    octaves_per_second=Limit(warn=0.2, block=0.35),
    source_px=Limit(warn=1.0, block=0.6, at_least=True),
    aspect=Limit(warn=1.0, block=None),
    outside=Limit(warn=0.0, block=0.0),
)
PROFILES: Final[Mapping[str, Profile]] = {p.name: p for p in (STANDARD, SENSITIVE)}
"""Every profile by name."""

_GRAVITY: Final = {SafetyVerdict.PASS: 0, SafetyVerdict.WARN: 1, SafetyVerdict.BLOCK: 2}


@dataclass(frozen=True, slots=True)
class Measures:
    """What a move measures against the limits, each in its limit's unit."""

    peak_speed: float
    zoom_ratio: float
    octaves_per_second: float
    source_px: float
    aspect: float
    outside: float


def judge(move: Move, *, picture: Size, output: Size, profile: Profile = STANDARD) -> Safety:
    """The verdict on ``move`` over a picture of that size: the worst of its findings.

    Only limits that warn or block are listed.
    """
    measures = measure(move, picture=picture, output=output)
    findings = []
    for name in Measures.__dataclass_fields__:
        value = getattr(measures, name)
        verdict, threshold = getattr(profile, name).verdict(value)
        if verdict is not SafetyVerdict.PASS:
            findings.append(
                SafetyFinding(
                    limit=name,
                    value=round(value, 4) or value,  # a little beyond 0 is not 0
                    threshold=threshold,
                    verdict=verdict,
                )
            )
    return Safety(
        profile=profile.name, verdict=worst(f.verdict for f in findings), findings=tuple(findings)
    )


def measure(move: Move, *, picture: Size, output: Size) -> Measures:
    """What ``move`` measures, whatever the limits are."""
    path = CameraPath.of(move, picture=picture, output=output)
    pace = peak_pace(path, picture=picture, duration_s=move.duration_sec)
    widths = [stop.rect.width for stop in path.stops]
    drawn = [move.start_rect, *(stop.rect for stop in move.keyframes), move.end_rect]
    diagonal = math.hypot(picture.width, picture.height)
    return Measures(
        peak_speed=100.0 * pace.widths_per_s,
        zoom_ratio=max(widths) / min(widths),
        octaves_per_second=pace.octaves_per_s,
        source_px=min(widths) * picture.width / output.width,
        aspect=max(_aspect_error(rect, picture=picture, output=output) for rect in drawn),
        outside=100.0 * path.overhang(picture=picture).px / diagonal,
    )


def worst(verdicts: Iterable[SafetyVerdict]) -> SafetyVerdict:
    """The gravest of ``verdicts``; pass if there are none."""
    return max(verdicts, key=_GRAVITY.__getitem__, default=SafetyVerdict.PASS)


def _aspect_error(rect: Rect, *, picture: Size, output: Size) -> float:
    own = rect.width * picture.width / (rect.height * picture.height)
    return 100.0 * abs(own / output.aspect - 1.0)
