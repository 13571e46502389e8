"""A line of bytes in both directions: what a conversation runs over."""

from __future__ import annotations

from typing import Protocol


class Line(Protocol):
    """The desk's end of a running ``fleet receive``, over ssh or as a process of this machine."""

    def send(self, data: bytes) -> None:
        """Send whole lines.

        Raises:
            HostUnreachable: the line is dead.
        """
        ...

    def receive(self, *, timeout_s: float) -> bytes:
        """The next line, newline included; empty once the other side has ended.

        Raises:
            HostUnreachable: nothing came for ``timeout_s``, the line broke, or a line is longer
                than any answer may be.
        """
        ...

    def last_words(self) -> tuple[int | None, str]:
        """Exit code (None while it runs or is unknown) and the tail of what it said on stderr."""
        ...

    def close(self) -> None:
        """End it; harmless to repeat."""
        ...
