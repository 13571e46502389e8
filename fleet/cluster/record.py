"""What ``fleet up`` started, in ``cluster.json``: where the cluster is and which processes it has.

Written by the keeper, read by every command that asks for the cluster; mode 0600.  It holds no
secret: the token has a file of its own.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from fleet.cluster.processes import Process
from fleet.errors import ClusterFailed
from fleet.settings import Home

LOOPBACK: Final = "127.0.0.1"
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class ClusterRecord(BaseModel):
    """One cluster.

    Attributes:
        address: where it is joined, as ``ip:port``.
        ours: whether ``fleet up`` started it, or only put a dispatcher on it.
        folder: its temporary folder, made for it alone; empty if it is not ours.
        boot: the machine's start that the numbers of its processes belong to.
        gcs, raylet: the head's two processes that must live.
        gcs_command, raylet_command: how they were started, to start them again.
        preload: the library that Ray loads before their own (its memory allocator).
        ready: whether a dispatcher answered on it.
        restarts: how often either was started again.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    address: str
    ours: bool = True
    folder: str = ""
    boot: str = ""
    gcs: Process | None = None
    raylet: Process | None = None
    gcs_command: tuple[str, ...] = ()
    raylet_command: tuple[str, ...] = ()
    preload: str = ""
    authenticated: bool = True
    storage: str = "rocksdb"
    ray_version: str = ""
    started_at: float = 0.0
    ready: bool = False
    restarts: int = 0

    @property
    def ip(self) -> str:
        """The address without its port."""
        return self.address.rpartition(":")[0]

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.ip == LOOPBACK


def read_record(home: Home) -> ClusterRecord | None:
    """The cluster that was started for ``home``, or None if there is none.

    Raises:
        ClusterFailed: the file cannot be read.
    """
    try:
        return ClusterRecord.model_validate_json(home.cluster.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ClusterFailed(
            what=f"{home.cluster} cannot be read ({str(error).splitlines()[0]})",
            remedy="End the Ray processes of this home by hand, and remove the file.",
        ) from None


def write_record(home: Home, record: ClusterRecord) -> None:
    """Put ``record`` in place of the one that is there, whole."""
    home.root.mkdir(parents=True, exist_ok=True)
    whole = home.cluster.with_name(f".{home.cluster.name}.{secrets.token_hex(8)}")
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(record.model_dump_json(indent=2) + "\n")
    whole.replace(home.cluster)


def remove_record(home: Home) -> None:
    """Forget the cluster; harmless if there is none."""
    home.cluster.unlink(missing_ok=True)


def boot() -> str:
    """Which start of this machine is the present one; empty where it is not told."""
    with contextlib.suppress(OSError):
        return BOOT_ID.read_text("ascii").strip()
    return ""
