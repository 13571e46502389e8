"""A transport as a desk would open it; run as a program, a desk that can be killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fleet.sync.ssh.config import resolve, ssh_argv
from fleet.sync.ssh.connection import Connection
from fleet.sync.transport.base import Item, Pace, Stop, Transport
from fleet.sync.transport.choice import rsync_here
from fleet.sync.transport.rsync import RsyncTransport
from fleet.sync.transport.sftp import SftpTransport
from tests.fleet.sync.sshd import ALIAS


@contextlib.contextmanager
def opened(kind: str, config: Path) -> Iterator[Transport]:
    """The transport ``kind`` to the host of a client's configuration."""
    ssh = resolve(ALIAS, config_file=config)
    if kind == "rsync":
        found = rsync_here()
        assert found is not None, "rsync is missing: apt-get install rsync"
        there = found if found.flavour == "gnu" else None
        yield RsyncTransport(ALIAS, ALIAS, ssh_argv(ssh), found, there=there)
        return
    with Connection(ssh, name=ALIAS) as connection:
        transport = SftpTransport(connection.sftp, host=ALIAS)
        yield transport
        transport.close()


def start(
    kind: str,
    config: Path,
    direction: str,
    *,
    source: Path,
    sink: Path,
    items: Sequence[Item],
    bytes_per_s: int,
) -> subprocess.Popen[bytes]:
    """A desk of its own that moves ``items``."""
    named = [f"{item.size_bytes}:{item.path}" for item in items]
    words = [kind, str(config), direction, str(source), str(sink), str(bytes_per_s), *named]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fleet.sync.transport.client", *words],
        stdin=subprocess.DEVNULL,
        cwd=Path(__file__).parents[4],
    )


def main(words: Sequence[str]) -> None:
    """Move what the words say."""
    kind, config, direction, source, sink, bytes_per_s, *named = words
    items = [Item(path, int(size)) for size, _, path in (name.partition(":") for name in named)]
    pace = Pace(bytes_per_s=int(bytes_per_s))
    with opened(kind, Path(config)) as transport:
        if direction == "send":
            transport.send(items, source=Path(source), destination=sink, pace=pace, stop=Stop())
        else:
            transport.fetch(items, source=source, destination=Path(sink), pace=pace, stop=Stop())


if __name__ == "__main__":
    main(sys.argv[1:])
