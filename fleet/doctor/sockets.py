"""Which processes listen on which addresses, from ``/proc/net/tcp``.  Linux only."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LISTENING: Final = "0A"
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


@dataclass(frozen=True, slots=True, order=True)
class Listener:
    """One listening socket.

    Attributes:
        address: as numbers; ``0.0.0.0`` or ``::`` is every address of the machine.
        program: the first word of its process's command line.
    """

    port: int
    address: str
    program: str

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        found = ipaddress.ip_address(self.address)
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return (mapped or found).is_loopback


def listeners_of(pids: Collection[int]) -> list[Listener]:
    """The sockets that these processes listen on."""
    programs = {inode: program for pid in pids for inode, program in _sockets(pid)}
    found = []
    for table in _TABLES:
        with contextlib.suppress(OSError):
            found += parse(table.read_text("ascii").splitlines(), programs)
    return sorted(found)


def parse(lines: Iterable[str], programs: Mapping[str, str]) -> list[Listener]:
    """The listening sockets of ``/proc/net/tcp``'s lines that belong to ``programs``, by inode."""
    found = []
    for line in list(lines)[1:]:
        fields = line.split()
        if fields[3] != _LISTENING or fields[9] not in programs:
            continue
        address, _, port = fields[1].partition(":")
        found.append(Listener(int(port, 16), _numbers(address), programs[fields[9]]))
    return found


def _numbers(text: str) -> str:
    """An address as the kernel writes it: words of four bytes, each the wrong way round."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    raw = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _sockets(pid: int) -> Iterable[tuple[str, str]]:
    process = Path("/proc") / str(pid)
    try:
        program = Path(process.joinpath("comm").read_text("utf-8", "replace").strip()).name
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1], program
