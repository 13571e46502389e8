"""Runs a program that must not outlive us; a program of its own, started with ``python -I -S``.

rsync does not notice that whoever started it is gone: killed, a desk would leave an rsync that
goes on sending for hours, into a set that the next run sends as well.  The tether's standard input
is a pipe that nothing is ever written into; at its end, which comes when the desk's process does
however it ended, the program is asked to end, and made to.  Standard library alone, no imports of
ours: it has to start quickly.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

GRACE_S = 2.0
"""How long the program may take to end when it is asked to."""
NOT_STARTED = 126
"""Exit code for a program that could not be started, as shells have it."""
_ASKED_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(argv: list[str]) -> int:
    """Run ``argv``, whose first word is a path; its exit code, negative for a signal."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    # Handled, not ignored: who signals our group reaches the program as well, whose end we await.
    for number in (signal.SIGCHLD, *_ASKED_TO_END):
        signal.signal(number, _nothing)
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    try:
        child = os.posix_spawn(
            argv[0], argv, os.environ, file_actions=[nothing], setsigdef=_ASKED_TO_END
        )
    except OSError as error:
        sys.stderr.write(f"{argv[0]} could not be started: {error.strerror}\n")
        return NOT_STARTED
    waiting_for = [0, woken]
    kill_at: float | None = None
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        patience = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready, _, _ = select.select(waiting_for, [], [], patience)
        if woken in ready:
            os.read(woken, 1024)
        if 0 in ready and not os.read(0, 1024):
            waiting_for.remove(0)
            kill_at = time.monotonic() + GRACE_S
            os.killpg(os.getpgrp(), signal.SIGTERM)
        elif kill_at is not None and time.monotonic() >= kill_at:
            os.killpg(os.getpgrp(), signal.SIGKILL)


def _nothing(number: int, frame: object) -> None:
    """Be woken, and no more."""


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if code < 0:
        # Whoever waits for us shall see what happened to the program.
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
