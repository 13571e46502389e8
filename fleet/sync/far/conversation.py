"""The far side's end of the conversation: read a request, do it, answer; end when the desk does.

One process serves one desk for as long as its ssh channel is open.  What can go wrong with a
request is answered in words (``Refused``) and the conversation goes on; a line that is no request
ends it.  A desk that vanished without closing the channel is noticed by its silence, so that what
it held is free for whoever comes next.
"""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from companions.base import Closed
from companions.errors import MotionfleetError
from fleet.sync.wire.base import MAX_LINE_BYTES, NotUnderstood, decode, encode
from fleet.sync.wire.greeting import Goodbye, Refused, Still
from fleet.sync.wire.messages import REQUESTS

SILENCE_S: Final = 90.0
"""A desk that said nothing for so long is gone; it says ``Still`` every 15 s."""
STILL_S: Final = 15.0

MOST_WAITING: Final = 16
"""Requests that may wait; each may be as long as a line."""

Handler = Callable[[Closed], Closed | None]
"""Does one request and gives its answer, or None where it has answered by itself."""


class Desk:
    """The desk as the far side sees it: requests in order, answers from any thread."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, *, silence_s: float = SILENCE_S) -> None:
        self._source, self._sink = source, sink
        self._silence_s = silence_s
        self._sending = threading.Lock()
        self._requests: queue.SimpleQueue[Closed | None] = queue.SimpleQueue()
        self._heard_at = time.monotonic()
        self.gone = threading.Event()
        """Set once the desk has hung up; long work looks at it."""

    def start(self) -> None:
        """Begin to listen, and to say ``Still``."""
        for target in (self._listen, self._keep_alive):
            threading.Thread(target=target, name=f"sync{target.__name__}", daemon=True).start()

    def next(self, *, timeout_s: float | None = None) -> Closed | None:
        """The next request; None once the desk is gone.

        Raises:
            queue.Empty: nothing came within ``timeout_s``.
        """
        return self._requests.get(timeout=timeout_s)

    def is_wanted(self) -> bool:
        """Whether a request waits for ``next``, or the desk is gone: long work ends for it."""
        return not self._requests.empty()

    def tell(self, message: Closed) -> None:
        """Send ``message``; where the desk is gone, or takes nothing in, nothing happens."""
        data = memoryview(encode(message))
        try:
            with self._sending:
                while data and not self.gone.is_set():
                    data = data[self._written(data) :]
        except (OSError, ValueError):  # ValueError: the stream was closed at the end
            self._hang_up()

    def _written(self, data: memoryview) -> int:
        # A desk that vanished reads nothing: a write that waits for it would wait for hours, and
        # hold what it holds.  So much is taken without waiting once there is any room.
        waiting = select.poll()
        waiting.register(self._sink, select.POLLOUT)
        if not waiting.poll(self._silence_s * 1000.0):
            raise TimeoutError
        return os.write(self._sink.fileno(), data[: select.PIPE_BUF])

    def _listen(self) -> None:
        while True:
            try:
                line = self._source.readline(MAX_LINE_BYTES)
                if not line.endswith(b"\n"):
                    break  # the end, or a line longer than any there may be
                request = decode(line, REQUESTS)
            except (OSError, ValueError) as error:
                if isinstance(error, NotUnderstood):
                    self.tell(Refused(code="not_understood", exit_code=1, message=str(error)))
                break
            self._heard_at = time.monotonic()
            if isinstance(request, Goodbye):
                break
            if isinstance(request, Still):
                continue
            if self._requests.qsize() >= MOST_WAITING:
                what = f"{MOST_WAITING} requests wait already; an answer comes before the next"
                self.tell(Refused(code="not_understood", exit_code=1, message=what))
                break
            self._requests.put(request)
        self._hang_up()

    def _keep_alive(self) -> None:
        while not self.gone.wait(min(STILL_S, self._silence_s / 4.0)):
            if time.monotonic() - self._heard_at > self._silence_s:
                self._hang_up()
                return
            self.tell(Still())

    def _hang_up(self) -> None:
        if not self.gone.is_set():
            self.gone.set()
            self._requests.put(None)


def converse(desk: Desk, handlers: Mapping[type[Closed], Handler]) -> None:
    """Do what the desk asks until it has gone."""
    desk.start()
    while (request := desk.next()) is not None:
        try:
            answer = handlers[type(request)](request)
        except MotionfleetError as error:
            answer = Refused(
                code=error.reason,
                exit_code=error.exit_code,
                message=str(error),
                retryable=error.retryable,
            )
        if answer is not None:
            desk.tell(answer)
