"""The far side's first words: what a desk has to know before it sends anything."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Final

from companions.files import reporting_unwritable
from fleet.cluster import probe
from fleet.cluster.record import ClusterRecord, read_record
from fleet.home import Home
from fleet.ledger.lock import ProcessLock
from fleet.sync.far.gate import rrsync_here
from fleet.sync.wire.base import PROTOCOL
from fleet.sync.wire.greeting import Welcome

_CONNECT_S: Final = 0.2
_RSYNC_S: Final = 5.0
_WORD: Final = 1000


def greet(home: Home, *, inbox: Path, outbox: Path, gated: bool, examine: bool = False) -> Welcome:
    """Look around.  Both folders are made where they are missing.

    To ``examine`` the cluster is to really ask it, as a stranger would; that takes seconds.

    Raises:
        FileUnwritable: they cannot be made.
        ClusterFailed: the record of the cluster cannot be read.
    """
    for folder in (inbox, outbox):
        with reporting_unwritable(folder):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    record = read_record(home)
    return Welcome(
        protocol=PROTOCOL,
        version=metadata.version("motionfleet"),
        now=time.time(),
        inbox=str(inbox),
        outbox=str(outbox),
        inbox_root="" if gated else str(inbox),
        outbox_root="" if gated else str(outbox),
        inbox_free=shutil.disk_usage(inbox).free,
        outbox_free=shutil.disk_usage(outbox).free,
        # Without rrsync the gate lets no rsync through.
        rsync="" if gated and rrsync_here() is None else _rsync(),
        restricted=gated,
        at_work=ProcessLock(home.dispatcher_lock).is_held(),
        cluster=record.address if record is not None else "",
        authenticated=_asked(record) if examine else _authenticated(record),
    )


def _rsync() -> str:
    program = shutil.which("rsync")
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", check=False, timeout=_RSYNC_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0].strip()[:_WORD]


def _authenticated(record: ClusterRecord | None) -> bool | None:
    """What stands on record of the cluster, if something answers where it should be.

    To really ask it takes seconds, which no sync should wait for.
    """
    if record is None:
        return None
    host, _, port = record.address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_CONNECT_S):
            return record.authenticated
    except (OSError, ValueError, OverflowError):
        return None


def _asked(record: ClusterRecord | None) -> bool | None:
    if record is None:
        return None
    return {probe.Answer.OPEN: False, probe.Answer.REFUSED: True}.get(
        probe.ask(record.address, token=None)
    )
