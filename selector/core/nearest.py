"""The nearest safe move: what to change, and by how little, so that an unsafe move passes.

Three ways are tried: more time, less way (END drawn toward START, or both toward the middle of
the move), larger windows.  Of those that pass the one that changes least is offered first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from companions.geometry import Rect, Size, largest_window
from companions.motion import MAX_DURATION_S, Move, Rotation, SafetyVerdict
from selector.core.safety import STANDARD, Profile, judge

_HALVINGS: Final = 12
_LONGEST_STRETCH: Final = 4.0


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
    """Ways to make ``move`` pass, the nearest first; empty where it passes, or nothing helps."""

    def verdict(candidate: Move) -> SafetyVerdict:
        return judge(candidate, picture=picture, output=output, profile=profile).verdict

    if verdict(move) is SafetyVerdict.PASS:
        return ()
    found = [
        remedy
        for way in (_longer(move), _shorter(move), _larger(move, picture, output), _upright(move))
        if (remedy := _least(way, verdict)) is not None
    ]
    both = _both(move, picture, output)
    if not found and (remedy := _least(both, verdict)) is not None:
        found.append(remedy)
    return tuple(sorted(found, key=lambda remedy: remedy.change))


Way = Callable[[float], Remedy | None]
"""From how far to go, 0 (nothing) to 1 (all that can be), to the move changed so far."""


def _least(way: Way, verdict: Callable[[Move], SafetyVerdict]) -> Remedy | None:
    """The smallest change of one way that passes."""
    best = way(1.0)
    if best is None or verdict(best.move) is not SafetyVerdict.PASS:
        return None
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        tried = way(middle)
        if tried is not None and verdict(tried.move) is SafetyVerdict.PASS:
            best, high = tried, middle
        else:
            low = middle
    return best


def _longer(move: Move) -> Way:
    most = min(MAX_DURATION_S, move.duration_sec * _LONGEST_STRETCH)

    def way(share: float) -> Remedy | None:
        # Tenths of a second: nobody wants 5.2371 s.
        seconds = round(move.duration_sec + (most - move.duration_sec) * share + 0.05, 1)
        seconds = min(seconds, MAX_DURATION_S)
        longer = move.model_copy(update={"duration_sec": seconds})
        what = f"{seconds:g} s instead of {move.duration_sec:g}"
        return Remedy(longer, what, share)

    return way


def _shorter(move: Move) -> Way:
    def way(share: float) -> Remedy | None:
        if move.keyframes:
            return None
        end = _between(move.end_rect, move.start_rect, share)
        shorter = move.model_copy(update={"end_rect": end, "preset": None})
        return Remedy(shorter, f"END {share:.0%} nearer to START", share)

    return way


def _larger(move: Move, picture: Size, output: Size) -> Way:
    widest = largest_window(picture=picture, output=output)

    def way(share: float) -> Remedy | None:
        def grown(rect: Rect) -> Rect:
            factor = 1.0 + share * (min(widest[0] / rect.width, widest[1] / rect.height) - 1.0)
            if factor <= 1.0:
                return rect
            return Rect.around(*rect.centre, rect.width * factor, rect.height * factor)

        larger = move.model_copy(
            update={
                "start_rect": grown(move.start_rect),
                "end_rect": grown(move.end_rect),
                "keyframes": tuple(
                    k.model_copy(update={"rect": grown(k.rect)}) for k in move.keyframes
                ),
                "preset": None,
            }
        )
        return Remedy(larger, "larger rectangles", share)

    return way


def _upright(move: Move) -> Way:
    def way(share: float) -> Remedy | None:
        if move.rotation is None:
            return None
        kept = 1.0 - share
        rotation = Rotation(
            start_deg=move.rotation.start_deg * kept, end_deg=move.rotation.end_deg * kept
        )
        return Remedy(
            move.model_copy(update={"rotation": rotation}), f"turned {share:.0%} less", share
        )

    return way


def _both(move: Move, picture: Size, output: Size) -> Way:
    longer, larger = _longer(move), _larger(move, picture, output)

    def way(share: float) -> Remedy | None:
        changed, slower = larger(share), longer(share)
        if changed is None or slower is None:
            return None
        seconds = slower.move.duration_sec
        moved = changed.move.model_copy(update={"duration_sec": seconds})
        closer = _shorter(moved)(share)
        what = f"larger rectangles, nearer to each other, over {seconds:g} s"
        return Remedy(closer.move if closer is not None else moved, what, share)

    return way


def _between(a: Rect, b: Rect, share: float) -> Rect:
    return Rect.of(*(p + (q - p) * share for p, q in zip(a.root, b.root, strict=True)))
