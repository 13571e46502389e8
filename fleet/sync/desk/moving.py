"""Files on their way: tried again on the same connection where that may help, ended on demand."""

from __future__ import annotations

from collections.abc import Callable

from companions.errors import MotionfleetError
from fleet.sync.desk.progress import Complain
from fleet.sync.errors import HostUnreachable
from fleet.sync.transport.base import Stop
from fleet.sync.transport.retry import run_with_retries


def moved(move: Callable[[], None], *, tries: int, stop: Stop, complain: Complain) -> None:
    """Do ``move``, a transport's send or fetch, up to ``tries`` times.

    Raises:
        HostUnreachable: the connection is gone; at once, since trying again over a dead one is in
            vain.  Whoever holds the connection makes another.
        TransferFailed, TransferRefused, NoRoom: as the transport says.
    """

    def attempt() -> HostUnreachable | None:
        try:
            move()
        except HostUnreachable as error:
            return error
        return None

    def told(error: MotionfleetError, _failed: int, wait_s: float) -> None:
        if not stop.event.is_set():
            complain(f"{error} Trying again in {wait_s:.0f} s.")

    lost = run_with_retries(attempt, tries=tries, sleep=stop.event.wait, tell=told)
    if lost is not None:
        raise lost
