"""Memory that is let go of goes back to the system, and not into a reserve that only grows."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

LARGE_BYTES: Final = 1024 * 1024
_M_MMAP_THRESHOLD: Final = -3


@cache
def return_large_blocks() -> bool:
    """Have blocks over ``LARGE_BYTES`` returned at once when they are freed; whether that is so.

    For the whole process, on systems with the GNU C library; others do so by themselves.  That
    library stops doing it after the first large block that is freed, and keeps images of many
    sizes in a heap of its own for each thread: after 2,000 pictures the process held 270 MB that
    nobody used.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES) == 1)
