"""When which frame of a clip is to be seen, and which to decode next; values only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Clock:
    """Where playing is.

    Attributes:
        frame: where it was, in frames, ...
        since_s: ... at this time.
        speed: 1 is real time, 0 stands, negative plays backwards.
        rate: frames per second at speed 1.
        frames: how many there are.
        loop: whether the last is followed by the first.
    """

    frame: float
    since_s: float
    speed: float
    rate: Fraction
    frames: int
    loop: bool = True

    def at(self, now_s: float) -> int:
        """The frame to be seen at ``now_s``."""
        place = self.frame + self.speed * (now_s - self.since_s) * float(self.rate)
        if self.loop:
            return int(place // 1) % self.frames
        return min(max(int(place // 1), 0), self.frames - 1)

    def has_ended(self, now_s: float) -> bool:
        """Whether there is nothing more to come."""
        if self.loop or self.speed == 0.0:
            return False
        at = self.at(now_s)
        return at == (self.frames - 1 if self.speed > 0 else 0)


def next_needed(
    at: int,
    *,
    direction: int,
    frames: int,
    held: Collection[int],
    room: int,
    loop: bool = False,
) -> int | None:
    """The first frame from ``at`` on that is not held; None where enough are held.

    That is two thirds of the frames there is ``room`` for.  Backwards half as far is looked: a
    whole run between two key frames is decoded for the last of them, so it should be worth it.
    """
    reach = room * 2 // 3 // (1 if direction > 0 else 2)
    for offset in range(min(reach, frames - 1) + 1):
        frame = at + direction * offset
        if loop:
            frame %= frames
        if not 0 <= frame < frames:
            return None
        if frame not in held:
            return frame
    return None


def worth_holding(
    held: Iterable[int], at: int, *, direction: int, frames: int, room: int, loop: bool = False
) -> list[int]:
    """The ``room`` frames that are the nearest to ``at``; those behind count as twice as far.

    Of two as far the one that is ahead: ``next_needed`` would ask for it again, for ever.
    """

    def distance(frame: int) -> tuple[int, bool]:
        onward = (frame - at) * direction
        if onward >= 0:
            return onward, False
        behind = (-2 * onward, True)
        return min((onward % frames, False), behind) if loop else behind

    return sorted(held, key=distance)[:room]
