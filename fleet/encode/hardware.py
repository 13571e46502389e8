"""Which of NVIDIA's encoders this process can use, found out by encoding with them."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Final

import av
import av.error
import numpy as np
from av.codec import CodecContext
from av.video.codeccontext import VideoCodecContext

_SIDE: Final = 256
"""Width and height of the frame tried: above the least size of every generation of the chip."""


@functools.cache
def nvenc_fault(name: str) -> str | None:
    """Why the encoder ``name`` (such as ``hevc_nvenc``) cannot be used here, None if it can.

    Encodes one small frame the first time it is asked, since driver, chip and session limit all
    say no only then; the answer holds for the rest of the process.
    """
    try:
        context = CodecContext.create(name, "w")
    except (ValueError, av.error.FFmpegError):
        return "FFmpeg was built without it"
    if not isinstance(context, VideoCodecContext):
        return "it encodes no video"
    context.width = context.height = _SIDE
    context.pix_fmt = "nv12"
    context.time_base = Fraction(1, 24)
    grey = np.full((_SIDE * 3 // 2, _SIDE), 128, np.uint8)
    try:
        frame = av.VideoFrame.from_ndarray(grey, format="nv12")
        frame.pts = 0
        packets = [*context.encode(frame), *context.encode(None)]
    except av.error.FFmpegError as error:
        said = error.strerror or str(error)
        return f"{said}; it takes a GPU that has an encoder (H100 and H200 have none) and a driver"
    return None if packets else "it opens, and gives nothing"
