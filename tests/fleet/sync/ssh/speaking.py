"""A server on loopback that is no ssh server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def speaking(words: bytes) -> Iterator[int]:
    """A server that says ``words`` to whoever comes, and then nothing; gives its port."""
    guests: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                guest, _ = server.accept()
            except OSError:
                return
            guests.append(guest)
            guest.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10.0)
            for guest in guests:
                guest.close()
