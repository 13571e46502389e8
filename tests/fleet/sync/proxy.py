"""A TCP proxy on loopback that counts bytes, and can cut, refuse, silence or slow a connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024


class Proxy:
    """Stands between a client and ``127.0.0.1:target``; a context manager.

    Every setting holds from the moment it is set, for open connections too.

    Attributes:
        port: where clients connect to.
        up: bytes that went from clients to the server, over all connections.
        down: bytes that went from the server to clients.
        connections: how many there were.
        cuts: how many were cut by ``cut_after``.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._over = threading.Event()
        self._refusing = False
        self._silent = threading.Event()
        self._cut_at: int | None = None
        self._cut_step = 0
        self._cuts_left = 0
        self._bytes_per_s: float | None = None
        self.up = self.down = self.connections = self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._thread.join(timeout=10.0)

    def cut_after(self, size_bytes: int, *, times: int = 1) -> None:
        """Reset whatever is open once ``size_bytes`` more went through, both directions counted.

        With ``times``, again after each further ``size_bytes``.
        """
        with self._lock:
            self._cut_step = size_bytes
            self._cut_at = self.up + self.down + size_bytes
            self._cuts_left = times

    def cut(self) -> None:
        """Reset every open connection now."""
        with self._lock:
            sockets, self._open = self._open, set()
        for end in sockets:
            _reset(end)

    def refuse(self, *, refusing: bool = True) -> None:
        """Reset new connections at once, as long as ``refusing``."""
        self._refusing = refusing

    def silence(self, *, silent: bool = True) -> None:
        """Let nothing through in either direction, without closing anything."""
        if silent:
            self._silent.set()
        else:
            self._silent.clear()

    def slow(self, bytes_per_s: float | None) -> None:
        """Let no more through than so much, for each connection and direction."""
        self._bytes_per_s = bytes_per_s

    def reset_counters(self) -> None:
        """Count from nought again."""
        with self._lock:
            if self._cut_at is not None:
                self._cut_at -= self.up + self.down
            self.up = self.down = self.connections = self.cuts = 0

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=10.0)
            except OSError:
                _reset(client)
                continue
            for end in (client, server):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open |= {client, server}
            for source, sink, upward in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._carry, args=(source, sink, upward), name="proxy-line", daemon=True
                ).start()

    def _carry(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:  # noqa: FBT001
        try:
            while data := source.recv(CHUNK):
                while self._silent.is_set() and not self._over.is_set():
                    time.sleep(0.01)
                if not self._count(len(data), upward=upward):
                    self.cut()
                    return
                sink.sendall(data)
                if self._bytes_per_s is not None:
                    time.sleep(len(data) / self._bytes_per_s)
            with self._lock:
                polite = source in self._open
            if polite:  # else it was cut, and no one is to be told so politely
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                _reset(end)
        finally:
            with self._lock:
                self._open.discard(source)

    def _count(self, size: int, *, upward: bool) -> bool:
        """Add to the counters; false if the connection is to be cut instead."""
        with self._lock:
            if self._cut_at is not None and self.up + self.down + size > self._cut_at:
                self._cuts_left -= 1
                self.cuts += 1
                self._cut_at = self.up + self.down + self._cut_step if self._cuts_left > 0 else None
                return False
            if upward:
                self.up += size
            else:
                self.down += size
            return True


def _reset(end: socket.socket) -> None:
    """Close with RST, as a broken line does; a FIN would be a polite end."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RD)  # wakes whoever waits for it, and sends nothing
    with contextlib.suppress(OSError):
        end.close()
