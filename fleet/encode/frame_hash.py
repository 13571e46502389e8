"""One hash over all decoded frames of a film: equal for two files that show the same pictures.

It is the SHA-256 of the frames' samples and of nothing else: frame after frame, plane after
plane, row after row without padding, in the decoder's own pixel format.  Container, words,
poster, marking and credentials do not change it, and ``ffmpeg -f hash -hash sha256`` computes
the same number.
"""

from __future__ import annotations

import hashlib
from typing import Final

import av
import numpy as np
from av.video.plane import VideoPlane

_BITS_OF_A_BYTE: Final = 8


class FrameHash:
    """The hash of the frames seen so far."""

    def __init__(self) -> None:
        """Begin, with no frame."""
        self._digest = hashlib.sha256()

    def see(self, frame: av.VideoFrame) -> None:
        """Add the next frame, of a planar format such as ``yuv420p`` or ``gbrp``."""
        sample = -(-frame.format.components[0].bits // _BITS_OF_A_BYTE)
        for plane in frame.planes:
            self._digest.update(_packed(plane, sample=sample))

    def hexdigest(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self._digest.hexdigest()


def _packed(plane: VideoPlane, *, sample: int) -> memoryview:
    """The plane's rows without the padding that decoders put behind them."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return np.ascontiguousarray(rows[:, : plane.width * sample]).data
