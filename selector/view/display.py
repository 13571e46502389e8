"""Whether there is a screen, found out before Qt would end the process for want of one."""

from __future__ import annotations

import os
import sys


def missing_display() -> str | None:
    """Why no window can be shown here, or None."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return None
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return None
    return "there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set)"
