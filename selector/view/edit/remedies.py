"""What the meter offers for an unsafe move: the nearest safe ones, else what helps at least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from companions.geometry import Size
from companions.motion import MotionCompanion, Move, SafetyVerdict
from selector.core import drafting
from selector.core.drafting import Edit
from selector.core.nearest import Remedy, nearest_safe
from selector.core.safety import Limit, Profile
from selector.view.edit.gauges import profile_of, sharp_output

ANY_SHARPNESS = Limit(warn=0.0, block=None, at_least=True)


@dataclass(frozen=True, slots=True)
class Offer:
    """A change of the motion.

    Attributes:
        what: what it changes, for people.
        change: the change.
        is_safe: whether the move passes with it; else it only helps.
    """

    what: str
    change: Edit
    is_safe: bool


def offers(motion: MotionCompanion) -> tuple[Offer, ...]:
    """Ways to make ``motion`` pass, the nearest first; none where it passes."""
    profile = profile_of(motion)
    if _passes(motion, profile):
        return ()
    found = [_offer(remedy, is_safe=True) for remedy in _nearest(motion, profile)]
    smaller = sharp_output(motion)
    if smaller is not None:
        found += _with_smaller_clip(motion, smaller, profile)
    if not found:
        # The picture has too few pixels for any clip; the move itself can be mended all the same.
        lenient = replace(profile, source_px=ANY_SHARPNESS)
        found = [_offer(remedy, is_safe=False) for remedy in _nearest(motion, lenient)]
    return tuple(found)


def _with_smaller_clip(motion: MotionCompanion, smaller: Size, profile: Profile) -> list[Offer]:
    what = f"a clip of {smaller.width} x {smaller.height}"
    shrink: Edit = partial(drafting.with_output, output=smaller)
    shrunk = shrink(motion)
    if _passes(shrunk, profile):
        return [Offer(what, shrink, is_safe=True)]
    return [
        Offer(f"{what}, {remedy.what}", _both(shrink, _taking(remedy.move)), is_safe=True)
        for remedy in _nearest(shrunk, profile)[:1]
    ]


def _nearest(motion: MotionCompanion, profile: Profile) -> tuple[Remedy, ...]:
    return nearest_safe(
        motion,
        picture=drafting.picture_size(motion),
        output=drafting.output_size(motion),
        profile=profile,
    )


def _passes(motion: MotionCompanion, profile: Profile) -> bool:
    safety = drafting.judged(motion, profile=profile).safety
    return safety is None or safety.verdict is SafetyVerdict.PASS


def _offer(remedy: Remedy, *, is_safe: bool) -> Offer:
    return Offer(remedy.what, _taking(remedy.move), is_safe)


def _taking(move: Move) -> Edit:
    return lambda motion: drafting.with_move(motion, move)


def _both(first: Edit, second: Callable[[MotionCompanion], MotionCompanion]) -> Edit:
    return lambda motion: second(first(motion))
