"""What Ray reads from the environment, and its token.

Ray's native part reads most of this once, when ``ray`` is imported: call ``prepare`` before
anything imports it, or the driver and its cluster disagree on authentication.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from typing import Final

from fleet.errors import ClusterFailed
from fleet.home import HOME_VARIABLE, Home

LOOPBACK: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0, it puts every socket of a cluster on 127.0.0.1: one machine needs no other."""


def prepare(home: Home, *, loopback: bool = True) -> None:
    """Authenticate with this home's token, send no usage statistics; with ``loopback``, bind to
    127.0.0.1 alone.

    Raises:
        ClusterFailed: ``ray`` was imported before, under other settings.
    """
    wanted = wanted_environment(home, loopback=loopback)
    stale = [name for name, value in wanted.items() if os.environ.get(name) != value]
    if stale and "ray" in sys.modules:
        raise ClusterFailed(
            what=f"Ray was loaded before its settings ({', '.join(stale)})",
            remedy="Start the fleet in a process of its own: fleet submit MANIFEST",
        )
    os.environ.update(wanted)


def wanted_environment(home: Home, *, loopback: bool) -> dict[str, str]:
    """What ``prepare`` sets, for processes that are started rather than prepared."""
    wanted = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(ensure_token(home)),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DEDUP_LOGS": "0",
        # By this a process of Ray is known for this home's, should it outlive its cluster.
        HOME_VARIABLE: str(home.root),
    }
    if loopback:
        wanted[LOOPBACK] = "0"
    return wanted


def ensure_token(home: Home) -> os.PathLike[str]:
    """The file with the cluster's token, made on first use with mode 0600.

    Ray would make one itself, but readable by everyone.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    if not home.token.exists():
        whole = home.token.with_name(f".{home.token.name}.{secrets.token_hex(8)}")
        descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another process was first: its token counts
            os.link(whole, home.token)
        whole.unlink()
    return home.token
