"""Hours that pass in no time: a clock that only sleeping moves."""

from __future__ import annotations


class Hours:
    """Seconds since it was made, and every sleep that made them pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
