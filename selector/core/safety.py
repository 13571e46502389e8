"""Safety limits: is a move comfortable to watch, and the picture sharp enough for it?

Everything is measured on the rectangles as they will be rendered (grown to the output's aspect)
and after easing, because easing raises the peak speed of a move by about 1.7 times.

| limit | unit | standard warns / blocks | sensitive warns / blocks |
|---|---|---|---|
| ``peak_speed`` | % of frame width per second, fastest point | > 20 / > 40 | > 10 / > 20 |
| ``zoom_ratio`` | larger width over smaller | > 2 / > 3 | > 1.5 / > 2 |
| ``octaves_per_second`` | doublings of size per second, peak | > 0.35 / never | > 0.2 / > 0.35 |
| ``source_px`` | source pixels per output pixel, tightest window | < 1 / < 0.6 | < 1 / < 0.6 |
| ``aspect`` | % between a rectangle's aspect and the output's | > 1 / never | > 1 / never |

``sensitive`` is for audiences prone to nausea or photosensitivity: what is 20 %/s, a warning for
everyone else, stops a move there.  Zoom speed alone never blocks in ``standard`` since peak speed
and ratio already do, and neither does a foreign aspect: rendering grows the rectangle, so no
picture is ever distorted, and the meta says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from companions.easing import Easing, eased
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import Move, Safety, SafetyFinding, SafetyVerdict

FRAME_S: Final = 1.0 / 24.0
"""Speeds are averaged over this time: what an eye sees of a jump is the step between frames."""
_STEPS: Final = 64
_NEARLY_ONE: Final = 1e-6


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


STANDARD: Final = Profile(
    name="standard",
    peak_speed=Limit(warn=20.0, block=40.0),
    zoom_ratio=Limit(warn=2.0, block=3.0),
    octaves_per_second=Limit(warn=0.35, block=None),
    source_px=Limit(warn=1.0, block=0.6, at_least=True),
    aspect=Limit(warn=1.0, block=None),
)
SENSITIVE: Final = Profile(
    name="sensitive",
    peak_speed=Limit(warn=10.0, block=20.0),
    zoom_ratio=Limit(warn=1.5, block=2.0),
    octaves_per_second=Limit(warn=0.2, block=0.35),
    source_px=Limit(warn=1.0, block=0.6, at_least=True),
    aspect=Limit(warn=1.0, block=None),
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
                    limit=name, value=round(value, 4), threshold=threshold, verdict=verdict
                )
            )
    return Safety(
        profile=profile.name, verdict=worst(f.verdict for f in findings), findings=tuple(findings)
    )


def measure(move: Move, *, picture: Size, output: Size) -> Measures:
    """What ``move`` measures, whatever the limits are."""
    a = fit_aspect(move.start_rect, picture=picture, output=output)
    b = fit_aspect(move.end_rect, picture=picture, output=output)
    ratio = b.width / a.width
    slope = steepest_progress(move.easing, duration_s=move.duration_sec)
    smallest = min(a.width, b.width) * picture.width / output.width
    return Measures(
        peak_speed=100.0 * _reach(a, b, picture=picture) * slope / move.duration_sec,
        zoom_ratio=max(ratio, 1.0 / ratio),
        octaves_per_second=abs(math.log2(ratio)) * slope / move.duration_sec,
        source_px=smallest,
        aspect=max(
            _aspect_error(r, picture=picture, output=output)
            for r in (move.start_rect, move.end_rect)
        ),
    )


def worst(verdicts: Iterable[SafetyVerdict]) -> SafetyVerdict:
    """The gravest of ``verdicts``; pass if there are none."""
    return max(verdicts, key=_GRAVITY.__getitem__, default=SafetyVerdict.PASS)


@lru_cache(maxsize=256)
def steepest_progress(easing: Easing, *, duration_s: float) -> float:
    """The greatest slope of progress over time, both 0..1, between frames of a 24 fps clip."""
    step = min(FRAME_S / duration_s, 1.0)
    starts = (i / _STEPS * (1.0 - step) for i in range(_STEPS + 1))
    return max((eased(easing, u + step) - eased(easing, u)) / step for u in starts)


def _reach(a: Rect, b: Rect, *, picture: Size) -> float:
    """Peak speed of any point on the frame, in frame widths per unit of eased progress.

    A picture point seen at corner i of the window moves across the frame at the corner's speed
    over the window's width.  On the camera's path both scale with k**t, so the quotient is
    constant over the move: |corner step| * ln(k) / (k - 1) / first width.  Inside the frame the
    speed is a mean of the corners', hence never faster.
    """
    k = b.width / a.width
    pace = (1.0 if abs(k - 1.0) < _NEARLY_ONE else math.log(k) / (k - 1.0)) / a.width
    upright = picture.height / picture.width
    across = max(abs(b.x1 - a.x1), abs(b.x2 - a.x2))
    down = max(abs(b.y1 - a.y1), abs(b.y2 - a.y2)) * upright
    return math.hypot(across, down) * pace


def _aspect_error(rect: Rect, *, picture: Size, output: Size) -> float:
    own = rect.width * picture.width / (rect.height * picture.height)
    return 100.0 * abs(own / output.aspect - 1.0)
