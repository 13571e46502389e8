"""Who acts, and where it is written down: the operation log of ``FLEET_HOME``."""

from __future__ import annotations

import getpass
import socket
from importlib.metadata import version

from companions.audit import Actor, AuditLog
from fleet.settings import find_home


def operation_log(tool: str) -> AuditLog:
    """The log that ``tool``, such as ``fleet companions move``, writes its lines to."""
    actor = Actor(
        who=f"{_user()}@{socket.gethostname()}", tool=tool, version=version("motionfleet")
    )
    return AuditLog(find_home().audit, actor=actor)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
