"""What a frame must be before anything is done with it.

Asked of every frame that comes from outside a stage (the generator makes it, the finish stage
gets it), because a wrong one would be found again only in the clip.
"""

from __future__ import annotations

import numpy as np

from companions.picture import Pixels
from fleet.errors import BackendFailed


def checked(frame: object, *, index: int, source: str, like: tuple[int, int] | None) -> Pixels:
    """``frame`` as (height, width, 3) uint8 sRGB, if that is what it is.

    Args:
        frame: what ``source`` gave.
        index: its number, from 0, for messages.
        source: name of its maker, for messages.
        like: height and width that it must have; None for the first, which sets them.

    Raises:
        BackendFailed: not an array of that kind, of another size, or (floats) not finite.
    """
    if not isinstance(frame, np.ndarray):
        raise BackendFailed(backend=source, what=f"frame {index} is {type(frame).__name__}")
    if np.issubdtype(frame.dtype, np.floating) and not np.isfinite(frame).all():
        raise BackendFailed(backend=source, what=f"frame {index} holds NaN or infinity")
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        what = (
            f"frame {index} is {frame.dtype.name}{list(frame.shape)}, not uint8[height, width, 3]"
        )
        raise BackendFailed(backend=source, what=what)
    if like is not None and frame.shape[:2] != like:
        height, width = frame.shape[:2]
        what = f"frame {index} is {width} x {height} where those before are {like[1]} x {like[0]}"
        raise BackendFailed(backend=source, what=what)
    return frame
