"""The ``Line`` to a far side that is a process of this machine: its disk is mounted here."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO, Final, cast

from fleet.sync.errors import FarFleetUnusable, HostUnreachable
from fleet.sync.ssh.lines import Lines, Tail, TooLong

CHUNK: Final = 128 * 1024
LAST_WORDS_S: Final = 3.0
END_S: Final = 5.0
"""How long it may take to end once its input has."""


class LocalLine:
    """A running ``command``, which messages call ``host``."""

    def __init__(self, command: Sequence[str], *, host: str, end_s: float = END_S) -> None:
        """Start it.

        Raises:
            FarFleetUnusable: it cannot be started.
        """
        self._host = host
        self._end_s = end_s
        self._lines = Lines()
        self._closing = threading.Lock()
        try:
            # A session of its own: Ctrl-C is for the desk, which then ends the conversation.
            self._process = subprocess.Popen(
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise FarFleetUnusable(
                host=host,
                what=f"{command[0]} cannot be started: {error.strerror or error}",
                remedy=f'Say where it is: [hosts.{host}] fleet = "/path/to/fleet" in '
                f"settings.toml.",
            ) from None
        self._in = cast("IO[bytes]", self._process.stdin)
        self._out = cast("IO[bytes]", self._process.stdout)
        self._err = cast("IO[bytes]", self._process.stderr)
        self._tail = Tail(lambda size: os.read(self._err.fileno(), size))

    def send(self, data: bytes) -> None:
        """See ``Line``."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._in.fileno(), view) :]
        except (OSError, ValueError) as error:  # ValueError: it was closed here
            raise HostUnreachable(host=self._host, what=f"its fleet has ended: {error}") from None

    def receive(self, *, timeout_s: float) -> bytes:
        """See ``Line``."""
        deadline = time.monotonic() + timeout_s
        try:
            while (line := self._lines.take()) is None:
                left = max(0.0, deadline - time.monotonic())
                if not select.select([self._out], [], [], left)[0]:
                    raise HostUnreachable(
                        host=self._host, what=f"it was silent for {timeout_s:g} s"
                    )
                data = os.read(self._out.fileno(), CHUNK)
                if not data:
                    return b""
                self._lines.add(data)
        except TooLong:
            raise HostUnreachable(
                host=self._host, what="it sent a line longer than any there may be"
            ) from None
        except (OSError, ValueError) as error:
            raise HostUnreachable(host=self._host, what=str(error)) from None
        return line

    def last_words(self) -> tuple[int | None, str]:
        """See ``Line``."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=LAST_WORDS_S)
        code = self._process.poll()
        # A signal ended it where the number is negative; ssh tells no code then either.
        return (code if code is not None and code >= 0 else None), self._tail.text(
            within_s=LAST_WORDS_S
        )

    def close(self) -> None:
        """See ``Line``."""
        with self._closing:
            with contextlib.suppress(OSError):
                self._in.close()
            try:
                self._process.wait(timeout=self._end_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._tail.text(within_s=LAST_WORDS_S)
            self._out.close()
            self._err.close()
