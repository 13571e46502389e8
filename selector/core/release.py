"""Which program writes companions, and which version of it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

TOOL: Final = "selector"


@cache
def tool_version() -> str:
    """The installed version, or ``unknown`` when run from a checkout that is not installed."""
    try:
        return version("motionfleet")
    except PackageNotFoundError:
        return "unknown"
