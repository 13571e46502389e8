"""The keyframe as the quality check sees it: only the part the move shows, at most 1600 px.

Cutting before reducing keeps the detail where the camera looks, whatever the picture's size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from companions.camera import Affine, CameraPath
from companions.geometry import Size
from companions.picture import Pixels

LONGEST_PX: Final = 1600
"""Longest side of the reduced keyframe: enough to place a 720p frame to a tenth of a pixel."""
_MARGIN: Final = 0.1
"""What is kept around the windows, as a share of their union: a clip that strays a little is
measured and not merely lost."""
_FINEST: Final = 3
"""Most samples per output pixel and axis of a planned view."""


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """The reduced keyframe and the windows planned on it.

    Attributes:
        pixels: the cut and reduced keyframe, (height, width, 3) uint8 sRGB.
        path: the planned move, in fractions of the whole picture.
        picture: size of the whole picture.
        scale_x, scale_y: reduced pixels per picture pixel.
        left, top: the cut's corner, in picture pixels.
    """

    pixels: Pixels
    path: CameraPath
    picture: Size
    scale_x: float
    scale_y: float
    left: int
    top: int

    @classmethod
    def of(cls, picture: Pixels, path: CameraPath) -> PlannedShot:
        """Cut and reduce ``picture``, (height, width, 3) uint8 sRGB."""
        height, width = picture.shape[:2]
        x1, y1, x2, y2 = path.bounds(picture=Size(width, height))
        mx, my = _MARGIN * (x2 - x1), _MARGIN * (y2 - y1)
        left = max(0, math.floor((x1 - mx) * width))
        top = max(0, math.floor((y1 - my) * height))
        right = min(width, math.ceil((x2 + mx) * width))
        bottom = min(height, math.ceil((y2 + my) * height))
        whole = cls(
            pixels=picture[top:bottom, left:right],
            path=path,
            picture=Size(width, height),
            scale_x=1.0,
            scale_y=1.0,
            left=left,
            top=top,
        )
        small = whole.at_most(LONGEST_PX)
        return replace(small, pixels=np.ascontiguousarray(small.pixels))

    def at_most(self, longest_px: int) -> PlannedShot:
        """The same shot, its longest side reduced to ``longest_px`` where it is longer."""
        height, width = self.pixels.shape[:2]
        ratio = longest_px / max(height, width)
        if ratio >= 1.0:
            return self
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        reduced = cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)
        return replace(
            self,
            pixels=np.asarray(reduced, dtype=np.uint8),
            scale_x=self.scale_x * size[0] / width,
            scale_y=self.scale_y * size[1] / height,
        )

    def map_at(self, u: float, *, output: Size) -> Affine:
        """Output pixel centres to reduced pixel centres at the fraction ``u`` of the move."""
        whole = self.path.output_to_picture(u, picture=self.picture, output=output)
        scale = np.array([[self.scale_x], [self.scale_y]])
        offset = np.array([self.left, self.top], dtype=np.float64)
        matrix = whole * scale
        matrix[:, 2] = (whole[:, 2] - offset + 0.5) * scale[:, 0] - 0.5
        return np.asarray(matrix, dtype=np.float64)

    def view(self, u: float, *, output: Size) -> Pixels:
        """What the camera should see at the fraction ``u``: (height, width, 3) uint8 sRGB.

        Where an output pixel covers several of the keyframe's, they are averaged.
        """
        matrix = self.map_at(u, output=output)
        steps = np.hypot(matrix[0, :2], matrix[1, :2])
        n = min(_FINEST, max(1, math.ceil(steps.max())))
        size = Size(output.width * n, output.height * n)
        fine = cv2.warpAffine(
            self.pixels,
            self.map_at(u, output=size),
            (size.width, size.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if n > 1:
            fine = cv2.resize(fine, (output.width, output.height), interpolation=cv2.INTER_AREA)
        return np.asarray(fine, dtype=np.uint8)

    def shift_px(self, before: float, after: float, *, output: Size) -> float:
        """How far, in output pixels, the fastest corner of the frame moves between two times."""
        was, now = (self.path.corners(u, picture=self.picture) for u in (before, after))
        scale = self.path.window(before).width * self.picture.width / output.width
        return float(np.hypot(*(now - was).T).max()) / scale
