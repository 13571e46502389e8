"""One frame as all checks see it: reduced once, shared by them.

At 1280x720 the reduced copy is a sixteenth of the frame, and the checks together cost less than
reading the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.picture import Pixels

_LONG_SIDE: Final = 320
_LUMA: Final = np.array([[0.2126, 0.7152, 0.0722]], dtype=np.float32)
"""Weights of R, G and B in luma and luminance (ITU-R BT.709-6)."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One frame, reduced.

    Attributes:
        index: which frame of the clip.
        frame: the frame itself, (height, width, 3) uint8 sRGB; not to be kept.
        small: the frame averaged down to about 320 px, (h, w, 3) uint8.
        grey: luma of ``small``, (h, w) uint8.
        points: single pixels of the frame, one for each of ``small``; unlike averages they
            tell a frame that moved a quarter of a pixel from one that did not move.
        luma: mean luma of the frame, 0..255.
    """

    index: int
    frame: Pixels
    small: Pixels
    grey: npt.NDArray[np.uint8]
    points: Pixels
    luma: float

    @classmethod
    def at(cls, index: int, frame: Pixels) -> Glance:
        """Look at frame ``index``, (height, width, 3) uint8 sRGB."""
        height, width = frame.shape[:2]
        step = max(1, round(max(width, height) / _LONG_SIDE))
        w, h = max(1, width // step), max(1, height // step)
        small = np.asarray(cv2.resize(frame, (w, h), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        grey = luma_of(small)
        points = np.ascontiguousarray(frame[step // 2 :: step, step // 2 :: step][:h, :w])
        return cls(
            index=index,
            frame=frame,
            small=small,
            grey=grey,
            points=points,
            luma=float(grey.mean()),
        )


def luma_of(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """BT.709 luma, (height, width) uint8, of (height, width, 3) uint8 sRGB."""
    return np.asarray(cv2.transform(pixels, _LUMA), dtype=np.uint8)
