"""Not faster than asked: a token bucket, and the little that waits for it."""

from __future__ import annotations

import time
from typing import Final

from fleet.sync.transport.base import Pace, Stop
from fleet.sync.transport.disk import Way
from fleet.sync.transport.status import Status

BURST_S: Final = 0.1
"""How much may go at once after a pause, as time at full pace."""


class Bucket:
    """Tokens that come in at a rate and are spent on bytes.  Pure: it is told the time."""

    def __init__(self, bytes_per_s: int, *, now: float) -> None:
        self._rate = float(max(1, bytes_per_s))
        self._held = self._rate * BURST_S
        self._at = now

    def spend(self, size_bytes: int, *, now: float) -> float:
        """Take so many; the seconds to wait before what they were taken for is done."""
        most = self._rate * BURST_S
        self._held = min(most, self._held + (now - self._at) * self._rate) - size_bytes
        self._at = now
        return max(0.0, -self._held / self._rate)


class Throttle:
    """Holds a transfer to its pace, and ends it when it is to stop."""

    def __init__(self, pace: Pace, stop: Stop, way: Way) -> None:
        limit = pace.bytes_per_s
        self._bucket = None if limit is None else Bucket(limit, now=time.monotonic())
        self._stop, self._way = stop, way

    def spend(self, size_bytes: int) -> None:
        """Wait until so many bytes may go.

        Raises:
            TransferFailed: it was stopped.
        """
        wait_s = 0.0
        if self._bucket is not None:
            wait_s = self._bucket.spend(size_bytes, now=time.monotonic())
        if self._stop.event.wait(wait_s) if wait_s else self._stop.event.is_set():
            raise self._way.failed(Status.STOPPED, "it was stopped")
