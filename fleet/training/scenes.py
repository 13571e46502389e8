"""Procedural motion with exact ground truth: what the bundled network is trained on.

A scene is a ground and up to six layers over it, each a texture (a photograph that is free to use,
or coloured noise, perhaps drawn on) with a hard-edged outline, on an affine way of its own; layers
cast soft shadows, bend like cloth, may be out of focus; the whole may flicker, and a camera moves
over all of it.  Every instant is rendered from the description, so the frame in the middle is
known exactly.  A pure function of the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.picture import Pixels

Field = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

PHOTOGRAPHS: Final = (
    "ihc.png", "cell.png", "text.png", "page.png", "hubble_deep_field.jpg", "retina.jpg",
    "brick.png", "grass.png", "gravel.png", "moon.png", "coins.png",
)  # fmt: skip
"""Of the pictures that scikit-image ships, free to use; measuring uses others."""
SIDE: Final = 256
"""Width and height of every frame, in pixels."""
_MIDDLE: Final = np.array([[1.0, 0.0, -SIDE / 2], [0.0, 1.0, -SIDE / 2], [0.0, 0.0, 1.0]])
"""Textures are twice the frame each way, their middle at the frame's."""
_BESIDE: Final = np.array([[1.0, 0.0, 6 - SIDE / 2], [0.0, 1.0, 8 - SIDE / 2], [0.0, 0.0, 1.0]])
"""Where a layer's shadow falls."""


@dataclass(frozen=True, slots=True)
class Triple:
    """Three instants of one scene, (height, width, 3) uint8 sRGB.

    Attributes:
        before, truth, after: the frames at 0, ``at`` and 1.
        at: the instant of the frame to be made, 0..1.
    """

    before: Pixels
    truth: Pixels
    after: Pixels
    at: float


@dataclass(frozen=True, slots=True)
class _Way:
    """An affine motion about a point: shift in pixels, turn in radians, growth as a logarithm."""

    about: tuple[float, float]
    shift: tuple[float, float]
    turn: float
    growth: float

    def matrix(self, at: float) -> Matrix:
        (x, y), s = self.about, float(np.exp(self.growth * at))
        cos, sin = s * np.cos(self.turn * at), s * np.sin(self.turn * at)
        dx, dy = self.shift[0] * at, self.shift[1] * at
        return np.array(
            [
                [cos, -sin, x - cos * x + sin * y + dx],
                [sin, cos, y - sin * x - cos * y + dy],
                [0.0, 0.0, 1.0],
            ]
        )


@dataclass(frozen=True, slots=True)
class _Layer:
    texture: Field
    outline: Field
    shade: Field | None
    way: _Way
    bend: Field | None


def scene(seed: int) -> Triple:
    """The scene of that number, with the instant that it asks for."""
    chance = np.random.default_rng(seed)
    reach = float(2.0 ** chance.uniform(1.0, 5.0))
    layers = [_ground(chance, reach)]
    layers += [_thing(chance, reach) for _ in range(int(chance.choice([0, 1, 2, 3, 4, 5, 6])))]
    camera = _way(chance, reach * float(chance.choice([0.0, 0.5, 1.0])), turning=0.5)
    at = 0.5 if chance.random() < 0.6 else float(chance.uniform(0.15, 0.85))
    gains = 1.0 + chance.uniform(-0.05, 0.05, 2) * (chance.random() < 0.4)
    noise = float(chance.choice([0.0, 0.0, 1.0, 2.5]))
    frames = []
    for instant in (0.0, at, 1.0):
        gain = float(gains[0] + (gains[1] - gains[0]) * instant)
        frame = _render(layers, camera.matrix(instant), instant) * np.float32(gain)
        if noise and instant != at:
            frame = frame + chance.normal(0.0, noise, frame.shape).astype(np.float32)
        frames.append(np.clip(np.rint(frame), 0.0, 255.0).astype(np.uint8))
    return Triple(frames[0], frames[1], frames[2], at)


def _render(layers: list[_Layer], camera: Matrix, at: float) -> Field:
    frame = np.zeros((SIDE, SIDE, 3), dtype=np.float32)
    for layer in layers:
        place = camera @ layer.way.matrix(at) @ _MIDDLE
        look = _warped(layer.texture, place, cv2.INTER_CUBIC, cv2.BORDER_REFLECT_101)
        if layer.bend is not None:
            look = _bent(look, layer.bend * np.float32(at))
        if layer.shade is not None:
            away = camera @ layer.way.matrix(at) @ _BESIDE
            shade = _warped(layer.shade, away, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
            frame *= 1.0 - shade[..., None]
        inside = _warped(layer.outline, place, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)[..., None]
        frame += (look - frame) * inside
    return frame


def _warped(values: Field, place: Matrix, how: int, border: int) -> Field:
    return np.asarray(
        cv2.warpAffine(values, place[:2], (SIDE, SIDE), flags=how, borderMode=border),
        dtype=np.float32,
    )


def _bent(look: Field, way: Field) -> Field:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    place = x + way[..., 0], y + way[..., 1]
    return np.asarray(
        cv2.remap(look, *place, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101),
        dtype=np.float32,
    )


def _bend(chance: np.random.Generator, reach: float) -> Field | None:
    """A soft deformation, (height, width, 2), as of cloth or water; of most layers none."""
    if chance.random() < 0.6:
        return None
    knots = int(chance.integers(3, 7))
    soft = chance.normal(0.0, 0.15 * reach, (knots, knots, 2)).astype(np.float32)
    return np.asarray(
        cv2.resize(soft, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )


def _ground(chance: np.random.Generator, reach: float) -> _Layer:
    whole = np.ones((SIDE * 2, SIDE * 2), dtype=np.float32)
    still = float(chance.choice([0.0, 0.5, 1.0]))
    way = _way(chance, reach * still, turning=0.5)
    return _Layer(_texture(chance), whole, None, way, _bend(chance, reach))


def _thing(chance: np.random.Generator, reach: float) -> _Layer:
    side = SIDE * 2
    centre = chance.uniform(SIDE * 0.55, SIDE * 1.45, 2)
    size = float(chance.uniform(0.08, 0.35)) * SIDE
    count = int(chance.integers(3, 12))
    angles = np.sort(chance.uniform(0.0, 2.0 * np.pi, count))
    radii = size * chance.uniform(0.5, 1.2, count)
    corners = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
    outline = np.zeros((side, side), dtype=np.uint8)
    if chance.random() < 0.5:
        axes = (int(size * chance.uniform(0.4, 1.2)) + 2, int(size * chance.uniform(0.4, 1.2)) + 2)
        middle = (int(centre[0]), int(centre[1]))
        cv2.ellipse(
            outline, middle, axes, float(chance.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA
        )
    else:
        points = np.rint(corners * 16).astype(np.int32)
        cv2.fillPoly(outline, [points], 255, cv2.LINE_AA, shift=4)
    mask = outline.astype(np.float32) / np.float32(255.0)
    shade = None
    if chance.random() < 0.3:
        shade = cv2.GaussianBlur(mask, (0, 0), float(chance.uniform(2.0, 8.0))) * np.float32(0.5)
    way = _way(
        chance, reach, turning=1.0, about=(float(centre[0]) - SIDE / 2, float(centre[1]) - SIDE / 2)
    )
    return _Layer(_texture(chance), mask, shade, way, _bend(chance, reach))


def _way(
    chance: np.random.Generator,
    reach: float,
    *,
    turning: float,
    about: tuple[float, float] | None = None,
) -> _Way:
    angle, far = chance.uniform(0.0, 2.0 * np.pi), reach * chance.uniform(0.2, 1.0)
    some = chance.random() < 0.5
    return _Way(
        about=about or (SIDE / 2.0, SIDE / 2.0),
        shift=(float(np.cos(angle) * far), float(np.sin(angle) * far)),
        turn=float(chance.normal(0.0, 0.002 * reach * turning)) * some,
        growth=float(chance.normal(0.0, 0.003 * reach * turning)) * some,
    )


def _texture(chance: np.random.Generator) -> Field:
    """(512, 512, 3) float32, 0..255: a part of a photograph, or noise of some coarseness."""
    side = SIDE * 2
    if chance.random() < 0.75:
        look = _part(chance, _photograph(str(chance.choice(PHOTOGRAPHS))), side)
    else:
        look = _noise(chance, side)
    if chance.random() < 0.4:
        look = _marked(chance, look)
    if chance.random() < 0.15:
        blurred = cv2.GaussianBlur(look, (0, 0), float(chance.uniform(0.6, 2.5)))
        look = np.asarray(blurred, dtype=np.float32)
    look = look * np.float32(chance.uniform(0.6, 1.2)) + np.float32(chance.uniform(-25.0, 25.0))
    tint = chance.uniform(0.8, 1.2, 3).astype(np.float32)
    return np.asarray(np.clip(look * tint, 0.0, 255.0), dtype=np.float32)


def _part(chance: np.random.Generator, picture: Pixels, side: int) -> Field:
    """A part at about its own resolution: detail is what shows a wrong motion."""
    cut = int(side / chance.uniform(0.6, 1.6))
    pair = np.concatenate([picture, picture[:, ::-1]], axis=1)
    tile = np.concatenate([pair, pair[::-1]], axis=0)
    times = -(-cut * 2 // min(tile.shape[:2]))
    tile = np.tile(tile, (times, times, 1))
    top, left = (int(chance.integers(0, most - cut + 1)) for most in tile.shape[:2])
    part = np.rot90(tile[top : top + cut, left : left + cut], int(chance.integers(4)))
    how = cv2.INTER_AREA if cut > side else cv2.INTER_CUBIC
    resized = cv2.resize(np.ascontiguousarray(part), (side, side), interpolation=how)
    return np.asarray(resized, dtype=np.float32)


def _noise(chance: np.random.Generator, side: int) -> Field:
    look = np.full((side, side, 3), 128.0, dtype=np.float32)
    for octave in range(int(chance.integers(2, 5)), int(chance.integers(6, 10))):
        grain = chance.normal(0.0, 1.0, (2**octave, 2**octave, 3)).astype(np.float32)
        rough = cv2.resize(grain, (side, side), interpolation=cv2.INTER_CUBIC)
        look += rough * np.float32(90.0 / octave)
    return look


def _marked(chance: np.random.Generator, look: Field) -> Field:
    """Lines and dots on it: edges that belong to what they are drawn on, and cover nothing."""
    look = np.ascontiguousarray(look)
    side = look.shape[0]
    for _ in range(int(chance.integers(5, 50))):
        colour = tuple(float(level) for level in chance.uniform(0.0, 255.0, 3))
        x, y, to_x, to_y = (int(place) for place in chance.integers(0, side, 4))
        if chance.random() < 0.6:
            thick = int(chance.integers(1, 5))
            cv2.line(look, (x, y), (to_x, to_y), colour, thick, cv2.LINE_AA)
        else:
            cv2.circle(look, (x, y), int(chance.integers(2, 18)), colour, -1, cv2.LINE_AA)
    return look


@cache
def _photograph(name: str) -> Pixels:
    import skimage.data
    from PIL import Image

    with Image.open(Path(skimage.data.__file__).parent / name) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)
