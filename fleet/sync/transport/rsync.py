"""The transport over rsync and OpenSSH: one run of rsync for a list of files, no daemon.

rsync runs in a session of its own, so that Ctrl-C reaches us alone, and is ended by us.  Where we
are killed, its tether ends it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import sh

from fleet.sync.transport import disk, tether
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.choice import Rsync
from fleet.sync.transport.disk import HERE, Way
from fleet.sync.transport.rsync_bounds import Bound, Words
from fleet.sync.transport.rsync_ends import judge
from fleet.sync.transport.rsync_flags import (
    LARGE_BYTES,
    Ends,
    fetch_argv,
    folder_fault,
    names_file,
    push_argv,
    ssh_fault,
)
from fleet.sync.transport.status import Status

GRACE_S: Final = 5.0
"""How long rsync may take to end when it is asked to."""
WATCH_S: Final = 0.25
FIRST_LOOK_S: Final = 0.005
LAST_LOOK_S: Final = 0.05


class RsyncTransport:
    """Files to and from one host by rsync."""

    def __init__(
        self,
        host: str,
        address: str,
        ssh: Sequence[str],
        here: Rsync | None,
        *,
        there: Rsync | None = None,
        program: str = "rsync",
        grace_s: float = GRACE_S,
    ) -> None:
        """Prepare to speak with ``host``, which ``ssh`` (argv) knows by the name ``address``.

        ``here`` is this machine's rsync, ``there`` the host's where it is known.  Stopped, rsync
        has ``grace_s`` to end by itself.

        Raises:
            TransferRefused: there is no rsync here, or ssh cannot be called so.
        """
        self.host = host
        self._way = Way(by="rsync", host=host)
        if here is None:
            raise self._way.refused(Status.NO_COMMAND, "there is no rsync on this machine")
        fault = ssh_fault(ssh, here=here)
        if fault is not None:
            raise self._way.refused(Status.UNSUPPORTED, fault)
        self._ends = Ends(address, tuple(ssh), here, there)
        self._program, self._grace_s = program, grace_s

    @property
    def name(self) -> str:
        """``rsync``."""
        return "rsync"

    def send(
        self, items: Sequence[Item], *, source: Path, destination: str, pace: Pace, stop: Stop
    ) -> None:
        """As ``Transport.send``: one run of rsync."""
        if not items:
            return
        self._check_folder(destination)
        with disk.telling(source, way=self._way):
            before = disk.stamps(items, source=source, way=self._way)
            large = [path for path, stamp in before.items() if stamp.size > LARGE_BYTES]
            holes = any(disk.has_holes(source / path) for path in large)
        with self._names(items) as names:
            argv = push_argv(
                self._ends,
                names=names,
                source=str(source.absolute()),
                destination=destination,
                pace=pace,
                large=bool(large),
                holes=holes,
            )
            self._run(argv, stop=stop, room_host=self.host, room_folder=destination)
        disk.check_unchanged(before, source=source, way=self._way)

    def fetch(
        self, items: Sequence[Item], *, source: str, destination: Path, pace: Pace, stop: Stop
    ) -> None:
        """As ``Transport.fetch``: one run of rsync, watched that no more comes than was asked."""
        if not items:
            return
        self._check_folder(source)
        with disk.telling(destination, way=self._way):
            # Made by us, because rsync would enter a folder that is a link.
            disk.make_folders(destination, items, way=self._way)
            disk.check_places(destination, items, way=self._way)
            bound = Bound(destination, items)
        with self._names(items) as names:
            argv = fetch_argv(
                self._ends, names=names, source=source, destination=str(destination.absolute()),
                pace=pace, most_bytes=max(item.size_bytes for item in items),
            )  # fmt: skip
            try:
                self._run(
                    argv,
                    stop=stop,
                    room_host=HERE,
                    room_folder=str(destination),
                    watch=bound.excess,
                )
            finally:
                large = bound.cut_back()
        bound.check(large, way=self._way)

    def close(self) -> None:
        """Nothing is held open between two runs."""

    def _check_folder(self, folder: str) -> None:
        fault = folder_fault(folder)
        if fault is not None:
            what = f"the folder {disk.harmless(folder)!r} that it named is refused: {fault}"
            raise self._way.refused(Status.UNSUPPORTED, what)

    @contextlib.contextmanager
    def _names(self, items: Sequence[Item]) -> Iterator[str]:
        with tempfile.NamedTemporaryFile(prefix="motionfleet-names-") as stream:
            with disk.telling(Path(stream.name).parent, way=self._way):
                stream.write(names_file(items))
                stream.flush()
            yield stream.name

    def _run(
        self,
        argv: Sequence[str],
        *,
        stop: Stop,
        room_host: str,
        room_folder: str,
        watch: Callable[[], str | None] = lambda: None,
    ) -> None:
        words = Words()
        program = shutil.which(self._program)
        if program is None:
            raise self._way.refused(
                Status.NO_COMMAND, f"there is no {self._program} on this machine"
            )
        with _lifeline() as lifeline:
            try:
                running = sh.Command(sys.executable)(
                    *("-I", "-S", tether.__file__, program, *argv),
                    _bg=True,
                    _bg_exc=False,
                    _new_session=True,
                    _in=lifeline,
                    _out=_ignore,
                    _out_bufsize=4096,
                    _err=words.take,
                    _err_bufsize=4096,
                    _tty_out=False,
                    _no_pipe=True,
                    _encoding="utf-8",
                    _decode_errors="replace",
                    _env=environment(os.environ),
                )
            except (OSError, sh.ForkException) as error:
                raise self._way.refused(
                    Status.NO_COMMAND, f"{self._program} could not be started: {error}"
                ) from None
            try:
                why = _attend(running, stop=stop, watch=watch)
            finally:
                _end(running, grace_s=self._grace_s)
        if why is not None:
            raise self._way.failed(Status.STOPPED, why)
        code = running.process.exit_code
        judged = judge(
            Status.STOPPED if code is None else code,
            words.text,
            way=self._way,
            address=self._ends.address,
            room_host=room_host,
            room_folder=room_folder,
        )
        if judged is not None:
            raise judged


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment for rsync: no variable of rsync's own, and messages in English."""
    kept = {name: value for name, value in given.items() if not name.startswith("RSYNC_")}
    return {**kept, "LC_ALL": "C"}


def _attend(
    running: sh.RunningCommand, *, stop: Stop, watch: Callable[[], str | None]
) -> str | None:
    """Wait for the end; why it has to be ended before, or None."""
    look_s, watch_at = FIRST_LOOK_S, time.monotonic() + WATCH_S
    while running.process.is_alive()[0]:
        if stop.event.wait(look_s):
            return "it was stopped"
        look_s = min(LAST_LOOK_S, look_s * 1.5)
        now = time.monotonic()
        if now >= watch_at:
            why = watch()
            if why is not None:
                return why
            # Looking at many files costs; it gets a twentieth of the time at most.
            watch_at = time.monotonic() + max(WATCH_S, 20.0 * (time.monotonic() - now))
    return None


def _end(running: sh.RunningCommand, *, grace_s: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if running.process.is_alive()[0]:
            # macOS says EPERM of a group whose last process has just ended.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                running.signal_group(number)
        deadline = time.monotonic() + grace_s
        while running.process.is_alive()[0] and time.monotonic() < deadline:
            time.sleep(FIRST_LOOK_S)
    # A code that sh thinks worth an exception is judged by us, with the words.
    with contextlib.suppress(sh.ErrorReturnCode):
        running.wait()


@contextlib.contextmanager
def _lifeline() -> Iterator[BinaryIO]:
    """The reading end of a pipe whose writing end is ours alone: it closes when we end."""
    theirs, ours = os.pipe()
    try:
        with os.fdopen(theirs, "rb") as lifeline:
            yield lifeline
    finally:
        os.close(ours)


def _ignore(chunk: str) -> None:
    """Throw away what rsync counts on its standard output."""
