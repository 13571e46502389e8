"""Colour between frames and video: sRGB pixels one way, BT.709 the other.

Clips carry BT.709 matrix, primaries and transfer (ITU-R BT.709-6, limited range), which is what
players assume of HD video.  The transfer is tagged BT.709 although the pixels are sRGB: that is
the trade's convention, and a player that re-encoded the curve would darken every clip.
"""

from __future__ import annotations

from typing import Final

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from companions.picture import Pixels

BT709: Final = 1
"""Code of BT.709 as matrix, primaries and transfer alike (ITU-T H.273)."""
RGB: Final = 0
"""Code of no matrix at all: the samples are red, green and blue (ITU-T H.273)."""
SRGB: Final = 13
"""Code of the sRGB transfer (IEC 61966-2-1; ITU-T H.273)."""
LIMITED: Final = int(ColorRange.MPEG)
FULL: Final = int(ColorRange.JPEG)

# Without these swscale rounds down on the way back and every frame loses 1.0 to 1.4 levels.
_EXACT: Final = int(
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
_MATRICES: Final = {5: Colorspace.ITU601, 6: Colorspace.ITU601, 7: Colorspace.SMPTE240M}
"""H.273 matrix codes that are not BT.709; everything else and "unspecified" is read as BT.709."""


class ToVideo:
    """Turns frames into one of FFmpeg's pixel formats; one per file, used by one thread.

    YUV formats get BT.709 in limited range, RGB ones are the frame's own samples.

    Attributes:
        pixels: FFmpeg's name of the format, such as ``yuv420p10le``.
    """

    def __init__(self, pixels: str) -> None:
        """Convert to ``pixels``."""
        self.pixels = pixels
        self._rgb = av.VideoFormat(pixels).is_rgb
        # Kept from frame to frame: setting one up costs nearly as much as its work at 720p.
        self._reformatter = VideoReformatter()

    def __call__(self, frame: Pixels) -> av.VideoFrame:
        """``frame``, (height, width, 3) uint8 sRGB with even sides, converted and tagged."""
        # PyAV's own default is BT.601, which shifts saturated colours by up to 20 levels.
        video = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24"),
            format=self.pixels,
            dst_colorspace=int(Colorspace.ITU709),
            src_color_range=int(ColorRange.JPEG),
            dst_color_range=FULL if self._rgb else LIMITED,
            interpolation=_EXACT,
        )
        video.colorspace = RGB if self._rgb else BT709
        video.color_primaries = BT709
        video.color_trc = SRGB if self._rgb else BT709
        video.color_range = FULL if self._rgb else LIMITED
        return video


def to_pixels(video: av.VideoFrame) -> Pixels:
    """A decoded frame as (height, width, 3) uint8 sRGB, by the matrix and range it is tagged with.

    Untagged video is taken for BT.709 in limited range.
    """
    matrix = _MATRICES.get(int(video.colorspace), Colorspace.ITU709)
    full = int(video.color_range) == int(ColorRange.JPEG)
    rgb = video.reformat(
        format="rgb24",
        src_colorspace=int(matrix),
        src_color_range=int(ColorRange.JPEG) if full else LIMITED,
        dst_color_range=int(ColorRange.JPEG),
        interpolation=_EXACT,
    )
    return np.asarray(rgb.to_ndarray(), dtype=np.uint8)
