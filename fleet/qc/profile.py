"""The limits a clip is held against: the profile ``standard``, and what a shot says instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from companions.video_manifest import QcParams


@dataclass(frozen=True, slots=True)
class Limits:
    """One set of limits.

    Attributes:
        adherence_pass: largest corner error, over the window's diagonal, that passes.
        adherence_fail: corner error above which the clip fails; between the two it warns.
        black_ratio: largest share of black frames that passes.
        frozen_ratio: largest share of frozen frames, of those that should move, that passes.
        flashes_per_second: most flashes in any second that pass (WCAG 2.3.1, ITU-R BT.1702).
        luma_flicker: mean second difference of mean luma (0..255) above which the clip warns;
            clean camera moves measure .1, visible pumping 4 and more.
        brightness_swing: change of one single frame against its neighbours, over their luma,
            above which it is a flash frame and the clip fails.
        brightness_step: change of mean luma from one frame to the next, over the brighter one,
            above which the clip warns.
        temporal_ssim: SSIM of neighbouring frames, the planned motion taken out, below which the
            clip warns.
    """

    adherence_pass: float
    adherence_fail: float
    black_ratio: float
    frozen_ratio: float
    flashes_per_second: int
    luma_flicker: float
    brightness_swing: float
    brightness_step: float
    temporal_ssim: float


STANDARD: Final = Limits(
    adherence_pass=0.03,
    adherence_fail=0.10,
    black_ratio=0.0,
    frozen_ratio=0.10,
    flashes_per_second=3,
    luma_flicker=2.0,
    brightness_swing=0.5,
    brightness_step=0.3,
    temporal_ssim=0.85,
)
"""The profile ``standard``."""

_PROFILES: Final = {"standard": STANDARD}


def limits_of(params: QcParams) -> Limits:
    """The limits of a shot: its profile's, less those it states itself.

    A shot that sets only one of the two adherence limits moves the other with it where they
    would cross, so that pass never lies above fail.
    """
    profile = _PROFILES[params.profile]
    stated = params.thresholds
    limits = replace(
        profile,
        black_ratio=_either(stated.black_ratio, profile.black_ratio),
        frozen_ratio=_either(stated.frozen_ratio, profile.frozen_ratio),
        flashes_per_second=(
            profile.flashes_per_second
            if stated.flashes_per_second is None
            else stated.flashes_per_second
        ),
        adherence_pass=_either(stated.adherence_pass, profile.adherence_pass),
        adherence_fail=_either(stated.adherence_fail, profile.adherence_fail),
    )
    if limits.adherence_pass <= limits.adherence_fail:
        return limits
    if stated.adherence_pass is None:
        return replace(limits, adherence_pass=limits.adherence_fail)
    return replace(limits, adherence_fail=limits.adherence_pass)


def _either(stated: float | None, profile: float) -> float:
    return profile if stated is None else stated
