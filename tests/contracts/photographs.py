"""Real pictures for tests, from the files that scikit-image ships."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image

from companions.camera import CameraPath
from companions.geometry import Size
from companions.picture import Pixels

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


@cache
def photograph(name: str) -> Pixels:
    """One of the shipped pictures, RGB, read-only."""
    with Image.open(Path(skimage.data.__file__).parent / name) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=np.uint8)
    pixels.setflags(write=False)
    return pixels


def large(name: str, *, width: int) -> Pixels:
    """A shipped picture tiled with its mirror images, so that detail stays one pixel fine."""
    tile = photograph(name)
    pair = np.concatenate([tile, tile[:, ::-1]], axis=1)
    quad = np.concatenate([pair, pair[::-1]], axis=0)
    times = -(-width // quad.shape[1])
    return np.ascontiguousarray(np.tile(quad, (times, times, 1))[: width * 2 // 3, :width])


def seen_through(picture: Pixels, path: CameraPath, u: float, output: Size) -> Pixels:
    """What a frame should show, made by other means: Pillow's exact Lanczos of the window."""
    window = path.window(u)
    height, width = picture.shape[:2]
    if path.rotation_deg(u) != 0.0:
        return _turned(picture, path, u, output)
    box = (window.x1 * width, window.y1 * height, window.x2 * width, window.y2 * height)
    image = Image.fromarray(picture).resize(
        (output.width, output.height), Image.Resampling.LANCZOS, box=box
    )
    return np.asarray(image, dtype=np.uint8)


def _turned(picture: Pixels, path: CameraPath, u: float, output: Size) -> Pixels:
    """Straightened on a grid at least twice as fine as the picture and the frame, then reduced."""
    height, width = picture.shape[:2]
    corner, right, _, below = path.corners(u, picture=Size(width, height))
    finer = 2 * max(1, round(float(np.linalg.norm(right - corner)) / output.width))
    fine = Size(output.width * finer, output.height * finer)
    (ax, ay), (bx, by) = (right - corner) / fine.width, (below - corner) / fine.height
    image = Image.fromarray(picture).transform(
        (fine.width, fine.height),
        Image.Transform.AFFINE,
        (ax, bx, corner[0], ay, by, corner[1]),
        Image.Resampling.BICUBIC,
    )
    small = image.resize((output.width, output.height), Image.Resampling.LANCZOS)
    return np.asarray(small, dtype=np.uint8)


def psnr(a: Pixels, b: Pixels, *, border: int = 0) -> float:
    """Peak signal to noise ratio in dB, without ``border`` pixels at each edge."""
    inner = (slice(border, a.shape[0] - border), slice(border, a.shape[1] - border))
    error = np.mean((a[inner].astype(np.float64) - b[inner]) ** 2)
    return float(10.0 * np.log10(255.0**2 / max(float(error), 1e-9)))


def shifted(picture: Pixels, *, dx: float, dy: float, size: Size) -> Pixels:
    """The part of ``picture`` whose corner is (dx, dy), as ``size`` pixels, bicubic."""
    matrix = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])
    moved = cv2.warpAffine(
        picture,
        matrix,
        (size.width, size.height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, dtype=np.uint8)
