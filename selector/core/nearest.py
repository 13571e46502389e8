"""The nearest safe move: what to change, and by how little, so that an unsafe move passes.

Four ways are tried, each by the smallest step that is enough: more time, less way (END drawn
toward START, or where that does not help START toward END), larger windows, windows turned less.
Where none is enough alone, or only by giving up most of the move, two are taken together, then
all.  Everything that is offered has been judged and passes; what gives up least of the move comes
first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from companions.geometry import Rect, Size, fit_aspect, largest_window
from companions.motion import MAX_DURATION_S, MotionKeyframe, Move, Rotation, SafetyVerdict
from selector.core.safety import STANDARD, Profile, judge

_STEPS: Final = 100
"""Ways of drawing are tried in hundredths, so that what is said is what is done."""
_LONGEST_STRETCH: Final = 4.0
_TOO_MUCH: Final = 0.5
"""A single change that gives up more than this share of the move is looked for in two parts."""
_TENTHS: Final = 10
_NOT_TOLD: Final = 0.005
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Remedy:
    """A safe move near an unsafe one.

    Attributes:
        move: the safe one.
        what: what it changes, for people: "5.2 s instead of 4".
        change: how much of the move it gives up, 0..1; less is nearer.
    """

    move: Move
    what: str
    change: float


def nearest_safe(
    move: Move, *, picture: Size, output: Size, profile: Profile = STANDARD
) -> tuple[Remedy, ...]:
    """Ways to make ``move`` pass, the nearest first; empty where it passes, or nothing helps.

    Nothing helps exactly where the largest window that the picture has is still too small.

    Raises:
        ValueError: as ``fit_aspect``.
    """

    def passes(candidate: Move) -> bool:
        safety = judge(candidate, picture=picture, output=output, profile=profile)
        return safety.verdict is SafetyVerdict.PASS

    if passes(move):
        return ()
    fitted = _drawn(move, lambda rect: fit_aspect(rect, picture=picture, output=output))
    if passes(fitted):
        return (Remedy(fitted, "rectangles in the clip's shape", 0.0),)
    longer, less = _Way(_longer, steps=_tenths(move)), _Way(_turned_less)
    larger = _Way(_larger(picture, output))
    nearer = _Way(_end_nearer)
    if nearer.change(fitted, 1.0) is not None and _least(nearer, fitted, passes) is None:
        nearer = _Way(_start_nearer)
    ways = [way for way in (longer, nearer, larger, less) if way.change(fitted, 1.0) is not None]
    found = _found(ways, fitted, passes)
    least = min((remedy.change for remedy in found), default=1.0)
    if least > _TOO_MUCH:
        pairs = (_Way(_together(a.change, b.change)) for a, b in combinations(ways, 2))
        better = [each for each in _found(pairs, fitted, passes) if each.change < least]
        found += sorted(better, key=_by_change)[:1]
    if not found:
        found = _found([_Way(_together(*(way.change for way in ways)))], fitted, passes)
    return tuple(sorted(found, key=_by_change))


Change = Callable[[Move, float], Remedy | None]
"""From a move and how far to go, over 0 (nothing) to 1 (all that can be), to the changed move;
None where this way changes nothing about it."""


@dataclass(frozen=True, slots=True)
class _Way:
    change: Change
    steps: int = _STEPS


def _by_change(remedy: Remedy) -> float:
    return remedy.change


def _found(ways: Iterable[_Way], move: Move, passes: Callable[[Move], bool]) -> list[Remedy]:
    least = (_least(way, move, passes) for way in ways)
    return [remedy for remedy in least if remedy is not None]


def _least(way: _Way, move: Move, passes: Callable[[Move], bool]) -> Remedy | None:
    """The smallest step of one way that passes, as far as halving finds it."""
    best = way.change(move, 1.0)
    if best is None or not passes(best.move):
        return None
    low, high = 0, way.steps
    while high - low > 1:
        middle = (low + high) // 2
        tried = way.change(move, middle / way.steps)
        if tried is not None and passes(tried.move):
            best, high = tried, middle
        else:
            low = middle
    return best


def _tenths(move: Move) -> int:
    return max(1, math.ceil((_longest(move) - move.duration_sec) * _TENTHS))


def _longest(move: Move) -> float:
    return min(MAX_DURATION_S, move.duration_sec * _LONGEST_STRETCH)


def _longer(move: Move, share: float) -> Remedy | None:
    before = move.duration_sec
    # Tenths of a second: nobody wants 5.2371 s.
    tenths = math.ceil((before + (_longest(move) - before) * share) * _TENTHS - _ROUNDING)
    after = min(tenths / _TENTHS, MAX_DURATION_S)
    if after <= before:
        return None
    longer = move.model_copy(update={"duration_sec": after})
    return Remedy(longer, f"{after:g} s instead of {before:g}", 1.0 - before / after)


def _end_nearer(move: Move, share: float) -> Remedy | None:
    nearer = _drawn(move, lambda rect: _between(rect, move.start_rect, share))
    return _unless_same(move, Remedy(nearer, f"END {share:.0%} nearer to START", share))


def _start_nearer(move: Move, share: float) -> Remedy | None:
    nearer = _drawn(move, lambda rect: _between(rect, move.end_rect, share))
    return _unless_same(move, Remedy(nearer, f"START {share:.0%} nearer to END", share))


def _larger(picture: Size, output: Size) -> Change:
    widest = largest_window(picture=picture, output=output)

    def change(move: Move, share: float) -> Remedy | None:
        factors = []

        def grown(rect: Rect) -> Rect:
            most = min(widest[0] / rect.width, widest[1] / rect.height)
            factor = max(1.0, 1.0 + share * (most - 1.0))
            factors.append(factor)
            if factor == 1.0:
                return rect
            return Rect.around(*rect.centre, rect.width * factor, rect.height * factor)

        larger, most = _drawn(move, grown), max(factors)
        alike = most - min(factors) < _NOT_TOLD
        what = f"rectangles {'' if alike else 'up to '}{most - 1.0:.0%} larger"
        return _unless_same(move, Remedy(larger, what, 1.0 - 1.0 / most))

    return change


def _turned_less(move: Move, share: float) -> Remedy | None:
    kept = 1.0 - share
    rotation = move.rotation
    if rotation is not None:
        start, end = rotation.start_deg * kept, rotation.end_deg * kept
        rotation = Rotation(start_deg=start, end_deg=end) if kept else None
    frames = tuple(
        stop
        if stop.rotation_deg is None
        else stop.model_copy(update={"rotation_deg": stop.rotation_deg * kept})
        for stop in move.keyframes
    )
    less = move.model_copy(update={"rotation": rotation, "keyframes": frames})
    return _unless_same(move, Remedy(less, f"turned {share:.0%} less", share))


def _together(*changes: Change) -> Change:
    """One after the other, each as far."""

    def change(move: Move, share: float) -> Remedy | None:
        words, kept = [], 1.0
        for each in changes:
            done = each(move, share)
            if done is not None:
                move = done.move
                words.append(done.what)
                kept *= 1.0 - done.change
        return Remedy(move, ", ".join(words), 1.0 - kept) if words else None

    return change


def _drawn(move: Move, draw: Callable[[Rect], Rect]) -> Move:
    """Every rectangle drawn anew; what was a preset is drawn freely, unless none has changed."""

    def redrawn(stop: MotionKeyframe) -> MotionKeyframe:
        return stop.model_copy(update={"rect": draw(stop.rect)})

    start, end = draw(move.start_rect), draw(move.end_rect)
    frames = tuple(redrawn(stop) for stop in move.keyframes)
    if (start, end, frames) == (move.start_rect, move.end_rect, move.keyframes):
        return move
    return move.model_copy(
        update={"start_rect": start, "end_rect": end, "keyframes": frames, "preset": None}
    )


def _unless_same(move: Move, remedy: Remedy) -> Remedy | None:
    return remedy if remedy.move != move else None


def _between(a: Rect, b: Rect, share: float) -> Rect:
    if share >= 1.0:
        return b
    return Rect.of(*(p + (q - p) * share for p, q in zip(a.root, b.root, strict=True)))
