"""A command's channel as a line to speak over, and the sign of life of the connection below it."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Final, Self

import paramiko

from fleet.sync.errors import HostUnreachable
from fleet.sync.ssh.lines import Lines, Tail, TooLong

LAST_WORDS_S: Final = 3.0
CHUNK: Final = 128 * 1024
SILENCES: Final = 4
"""So many unanswered signs of life in a row are the end of a connection."""


def hang_up(channel: paramiko.Channel) -> None:
    """Close ``channel``; where its connection is dead, that was all there was to do."""
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


class Pulse:
    """Asks a quiet host for a sign of life, and ends the connection of one that gives none.

    paramiko's own keepalive wants no answer: a host behind a dead line, or a proxy that took the
    bytes and keeps them, would be waited for without end.
    """

    def __init__(self, transport: paramiko.Transport, *, every_s: float) -> None:
        self._transport = transport
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="sync-pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _beat(self) -> None:
        while not self._over.wait(self._every_s):
            late = threading.Timer(SILENCES * self._every_s, self._transport.close)
            late.daemon = True
            late.start()
            try:
                self._transport.global_request("keepalive@openssh.com", wait=True)
            except (OSError, EOFError, paramiko.SSHException):
                return
            finally:
                late.cancel()


class ChannelLine:
    """The ``Line`` over a command's channel."""

    def __init__(self, channel: paramiko.Channel, *, host: str) -> None:
        self._channel = channel
        self._host = host
        self._lines = Lines()
        self._tail = Tail(channel.recv_stderr)

    def send(self, data: bytes) -> None:
        """See ``Line``."""
        try:
            self._channel.sendall(data)
        except TimeoutError:
            raise HostUnreachable(host=self._host, what="it takes nothing in any longer") from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise HostUnreachable(host=self._host, what=str(error) or "it hung up") from None

    def receive(self, *, timeout_s: float) -> bytes:
        """See ``Line``."""
        deadline = time.monotonic() + timeout_s
        try:
            while (line := self._lines.take()) is None:
                self._channel.settimeout(max(0.01, deadline - time.monotonic()))
                data = self._channel.recv(CHUNK)
                if not data:
                    return self._ended()
                self._lines.add(data)
        except TimeoutError:
            raise HostUnreachable(
                host=self._host, what=f"it was silent for {timeout_s:g} s"
            ) from None
        except TooLong:
            raise HostUnreachable(
                host=self._host, what="it sent a line longer than any there may be"
            ) from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise HostUnreachable(host=self._host, what=str(error) or "it hung up") from None
        return line

    def last_words(self) -> tuple[int | None, str]:
        """See ``Line``."""
        self._channel.status_event.wait(LAST_WORDS_S)
        code = self._channel.exit_status
        return (code if code >= 0 else None), self._tail.text(within_s=LAST_WORDS_S)

    def close(self) -> None:
        """See ``Line``."""
        hang_up(self._channel)

    def _ended(self) -> bytes:
        # The end of the command and the loss of the connection look alike to the channel.
        self._channel.status_event.wait(LAST_WORDS_S)
        transport = self._channel.get_transport()
        if self._channel.exit_status < 0 and not transport.is_active():
            raise HostUnreachable(host=self._host, what="the connection was lost")
        return b""
