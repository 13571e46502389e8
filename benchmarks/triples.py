"""Motion whose middle is known exactly: three frames each, at the instants 0, 1/2 and 1.

For the bench of interpolation and the tests of the trained interpolator; pure functions of their
arguments.  Each frame is rendered anew from its layers at its own instant, at twice the size and
then averaged, so that the frame in the middle is truth and not somebody's interpolation.

Kinds: ``synthetic`` (layers of made-up texture with hard edges, a shadow, the blur of a shutter,
flicker), ``camera`` (a pan with a little zoom and turn over a photograph) and ``object`` (a piece
of one photograph moving over another, which is still or pans slowly).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from companions.geometry import Size
from companions.picture import Pixels
from tests.contracts.photographs import photograph

Kind = Literal["synthetic", "camera", "object"]
Array = npt.NDArray[np.float32]

KINDS: Final[tuple[Kind, ...]] = ("synthetic", "camera", "object")
HELD_OUT: Final = ("chelsea.png", "coffee.png", "motorcycle_left.png", "camera.png")
"""Photographs of the sequences here; nothing that is measured with them may be trained on them,
nor on motorcycle_right.png, which shows what motorcycle_left.png shows."""

_FINER: Final = 2
"""Rendered this much finer, then averaged: no edge is jagged, no detail flickers."""
_TEXTURE_SIDE: Final = 512
_SHUTTER: Final = 0.3
"""Longest opening of the shutter, as a part of the time between two frames."""
_SHUTTER_STEPS: Final = 3


@dataclass(frozen=True, slots=True)
class Triple:
    """Three frames of one size, (height, width, 3) uint8: at the instants 0, 1/2 and 1."""

    before: Pixels
    truth: Pixels
    after: Pixels


@dataclass(frozen=True, slots=True)
class _Move:
    """Where a layer is: its corner at instant 0 and what changes until instant 1.

    Attributes:
        x, y: place in the layer's picture that the frame's middle shows at 0, in pixels.
        dx, dy: pixels that the layer moves by in the frame.
        turn: radians; zoom: natural logarithm of the change of scale.
        scale: frame pixels for a pixel of the picture, at 0.
    """

    x: float
    y: float
    dx: float
    dy: float
    turn: float = 0.0
    zoom: float = 0.0
    scale: float = 1.0

    def matrix(self, at: float, size: Size) -> npt.NDArray[np.float64]:
        """From a pixel of the finer frame to the layer's picture, 2 x 3."""
        angle, scale = self.turn * at, self.scale * float(np.exp(self.zoom * at))
        cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
        linear = np.array([[cos, sin], [-sin, cos]])
        # Pixel centres: finer pixel i lies at (i + 0.5) / _FINER - 0.5 of the frame.
        offset = 0.5 / _FINER - 0.5
        middle = np.array(
            [size.width / 2.0 + self.dx * at - offset, size.height / 2.0 + self.dy * at - offset]
        )
        shift = np.array([self.x, self.y]) - linear @ middle
        return np.concatenate([linear / _FINER, shift[:, None]], axis=1)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A picture that moves; ``cover`` (0..255) says where it hides what is below it."""

    picture: Pixels
    move: _Move
    cover: Pixels | None = None
    darkens: float = 0.0
    """Above 0 for a shadow: the part of the light below it that it takes away."""


def sequence(kind: Kind, *, size: Size, px: float, seed: int) -> Triple:
    """Three frames of one kind of motion.

    Args:
        kind: what moves; see the module.
        size: of the frames, in pixels.
        px: how far the camera, the thing or the fastest layer moves from the first frame to the
            last, in pixels of the frame.
        seed: which picture, direction and shape; the same seed gives the same bytes.
    """
    rng = np.random.default_rng([KINDS.index(kind), seed])
    if kind == "camera":
        layers, shutter, flicker = _camera(rng, size, px, seed), 0.0, 1.0
    elif kind == "object":
        layers, shutter, flicker = _object(rng, size, px, seed), 0.0, 1.0
    else:
        layers = _synthetic(rng, size, px)
        shutter = float(rng.uniform(0.0, _SHUTTER)) if seed % 2 else 0.0
        flicker = float(rng.uniform(0.95, 1.05)) if seed % 3 == 0 else 1.0
    before, truth, after = (
        _frame(layers, at, size=size, shutter=shutter, gain=1.0 + (flicker - 1.0) * at)
        for at in (0.0, 0.5, 1.0)
    )
    return Triple(before, truth, after)


def _camera(rng: np.random.Generator, size: Size, px: float, seed: int) -> list[_Layer]:
    picture = photograph(HELD_OUT[seed % len(HELD_OUT)])
    dx, dy = _towards(rng, px)
    # The corners move by at most a quarter more than the middle.
    reach = float(np.hypot(size.width, size.height)) / 2.0
    turn, zoom = rng.uniform(-0.125, 0.125, 2) * px / reach
    return [_Layer(picture, _Move(*_place(rng, picture), dx, dy, turn=turn, zoom=zoom))]


def _object(rng: np.random.Generator, size: Size, px: float, seed: int) -> list[_Layer]:
    ground = photograph(HELD_OUT[seed % len(HELD_OUT)])
    other = int(rng.integers(1, len(HELD_OUT)))
    thing = photograph(HELD_OUT[(seed + other) % len(HELD_OUT)])
    pan = _towards(rng, px / 8.0) if seed % 2 else (0.0, 0.0)
    dx, dy = _towards(rng, px)
    side = min(size.width, size.height)
    cover = _shape(rng, like=thing, radius=side * float(rng.uniform(0.15, 0.3)))
    # Starts half of its way before the middle, a little aside: it stays in view.
    x = thing.shape[1] / 2.0 + dx / 2.0 + float(rng.uniform(-0.1, 0.1)) * side
    y = thing.shape[0] / 2.0 + dy / 2.0 + float(rng.uniform(-0.1, 0.1)) * side
    turn = float(rng.uniform(-0.05, 0.05))
    return [
        _Layer(ground, _Move(*_place(rng, ground), *pan)),
        _Layer(thing, _Move(x, y, dx, dy, turn=turn), cover),
    ]


def _synthetic(rng: np.random.Generator, size: Size, px: float) -> list[_Layer]:
    side = min(size.width, size.height)
    grid = _TEXTURE_SIDE / max(size.width, size.height)

    def layer(speed: float, *, radius: float | None, darkens: float = 0.0) -> _Layer:
        picture = texture(rng)
        cover = None if radius is None else _shape(rng, like=picture, radius=radius * grid)
        if darkens and cover is not None:
            cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 4.0), dtype=np.uint8)
        dx, dy = _towards(rng, speed)
        spread = 0.0 if radius is None else 0.35
        x, y = (
            _TEXTURE_SIDE / 2.0 + grid * (d / 2.0 + float(rng.uniform(-spread, spread)) * length)
            for d, length in ((dx, size.width), (dy, size.height))
        )
        turn, zoom = rng.uniform(-0.03, 0.03, 2)
        move = _Move(x, y, dx, dy, turn=turn, zoom=zoom, scale=1.0 / grid)
        return _Layer(picture, move, cover, darkens)

    things = int(rng.integers(2, 5))
    speeds = px * rng.uniform(0.3, 1.0, things)
    speeds[-1] = px
    layers = [layer(px * float(rng.uniform(0.0, 0.4)), radius=None)]
    layers += [layer(float(v), radius=side * float(rng.uniform(0.1, 0.3))) for v in speeds]
    shadow = layer(px * 0.5, radius=side * 0.3, darkens=float(rng.uniform(0.2, 0.5)))
    return [layers[0], shadow, *layers[1:]]


def _frame(layers: list[_Layer], at: float, *, size: Size, shutter: float, gain: float) -> Pixels:
    steps = _SHUTTER_STEPS if shutter else 1
    open_at = at + shutter * (np.arange(steps) - (steps - 1) / 2.0) / steps
    light = np.zeros((size.height, size.width, 3), dtype=np.float32)
    for instant in open_at:
        fine = _composed(layers, float(instant), size)
        light += cv2.resize(fine, (size.width, size.height), interpolation=cv2.INTER_AREA)
    shown = np.clip(np.rint(light * np.float32(gain / steps)), 0.0, 255.0)
    return np.asarray(shown, dtype=np.uint8)


def _composed(layers: list[_Layer], at: float, size: Size) -> Array:
    fine = (size.width * _FINER, size.height * _FINER)

    def seen(picture: Pixels, move: _Move, border: int) -> Array:
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        matrix = move.matrix(at, size)
        warped = cv2.warpAffine(picture, matrix, fine, flags=flags, borderMode=border)
        return np.asarray(warped, dtype=np.float32)

    light = np.zeros((fine[1], fine[0], 3), dtype=np.float32)
    for each in layers:
        if each.cover is None:
            light = seen(each.picture, each.move, cv2.BORDER_REFLECT)
            continue
        share = seen(each.cover, each.move, cv2.BORDER_CONSTANT)[..., None] / np.float32(255.0)
        if each.darkens:
            light *= 1.0 - np.float32(each.darkens) * share
        else:
            light += share * (seen(each.picture, each.move, cv2.BORDER_REFLECT) - light)
    return light


def texture(rng: np.random.Generator) -> Pixels:
    """A made-up picture: noise of several sizes between two colours, with hard shapes and lines."""
    side = _TEXTURE_SIDE
    grain = np.zeros((side, side), dtype=np.float32)
    for cells in (4, 16, 64, 256):
        coarse = rng.normal(0.0, 1.0, (cells, cells)).astype(np.float32)
        grain += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) * cells**-0.4
    share = cv2.normalize(grain, np.empty_like(grain), 0.0, 1.0, cv2.NORM_MINMAX)[..., None]
    low, high = rng.uniform(10, 245, 3), rng.uniform(10, 245, 3)
    picture = np.ascontiguousarray((low + (high - low) * share).astype(np.uint8))
    for _ in range(int(rng.integers(10, 40))):
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        x, y, u, v = (int(c) for c in rng.integers(0, side, 4))
        if rng.random() < 0.4:
            radius = int(rng.integers(4, 40))
            cv2.circle(picture, (x, y), radius, colour, cv2.FILLED, cv2.LINE_AA)
        else:
            cv2.line(picture, (x, y), (u, v), colour, int(rng.integers(1, 8)), cv2.LINE_AA)
    return picture


def _shape(rng: np.random.Generator, *, like: Pixels, radius: float) -> Pixels:
    """A random outline of about ``radius`` in the middle, 255 inside, with a hard edge."""
    height, width = like.shape[:2]
    corners = 24
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    outline = np.full(corners, radius)
    for waves in (2, 3, 5):
        depth, phase = rng.uniform(0.0, 0.25), rng.uniform(0.0, 2.0 * np.pi)
        outline += radius * depth * np.sin(waves * angles + phase)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * outline[:, None]
    points += np.array([width / 2.0, height / 2.0])
    cover = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(cover, [np.rint(points * 16.0).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return cover


def _towards(rng: np.random.Generator, length: float) -> tuple[float, float]:
    angle = rng.uniform(0.0, 2.0 * np.pi)
    return float(np.cos(angle)) * length, float(np.sin(angle)) * length


def _place(rng: np.random.Generator, picture: Pixels) -> tuple[float, float]:
    height, width = picture.shape[:2]
    x, y = rng.uniform(0.35, 0.65, 2)
    return float(x) * width, float(y) * height
