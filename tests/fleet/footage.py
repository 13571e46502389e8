"""Frames to encode and to check: real photographs through moving windows, and lights that flash."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib import resources

import cv2
import numpy as np
from PIL import Image

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size, fit_aspect
from companions.picture import Pixels
from companions.timing import FrameGrid, FramePlan, plan_frames

PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg")
WIDE, CLOSE = Rect.of(0.05, 0.05, 0.95, 0.95), Rect.of(0.3, 0.3, 0.7, 0.7)


@cache
def photo(name: str) -> Pixels:
    """One of scikit-image's photographs."""
    data = (resources.files("skimage") / "data" / name).read_bytes()
    pixels = np.array(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.uint8)
    pixels.setflags(write=False)
    return pixels


def size_of(picture: Pixels) -> Size:
    """Width and height."""
    return Size(picture.shape[1], picture.shape[0])


def move(
    picture: Pixels,
    start: Rect = WIDE,
    end: Rect = CLOSE,
    *,
    output: Size,
    easing: EasingName = EasingName.EASE_IN_OUT,
) -> CameraPath:
    """A path between two rectangles grown to the output's aspect."""
    whole = size_of(picture)
    return CameraPath(
        fit_aspect(start, picture=whole, output=output),
        fit_aspect(end, picture=whole, output=output),
        easing,
    )


def plan(frames: int, *, rate: Fraction = Fraction(24)) -> FramePlan:
    """A clip of ``frames`` frames whose generator runs at the clip's rate."""
    return plan_frames(
        duration_s=float(frames / rate),
        target_fps=rate,
        generator_fps=rate,
        grid=FrameGrid(least=1),
    )


def filmed(picture: Pixels, path: CameraPath, *, frames: int, output: Size) -> Iterator[Pixels]:
    """What a camera on ``path`` sees, frame by frame."""
    clip = plan(frames)
    for index in range(frames):
        matrix = path.output_to_picture(
            clip.clip_fraction(index), picture=size_of(picture), output=output
        )
        seen = cv2.warpAffine(
            picture,
            matrix,
            (output.width, output.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        yield np.asarray(seen, dtype=np.uint8)


def flat(level: int | tuple[int, int, int], *, output: Size) -> Pixels:
    """One colour."""
    return np.full((output.height, output.width, 3), level, dtype=np.uint8)
